// Stop, start, reboot, pause, unpause: each a line of a table, all done by the same two steps.
import type { Call } from '../../../eden/call.ts'
import { accepted } from '../../../eden/http/request.ts'
import { enqueue } from '../../../eden/jobs/enqueue.ts'
import { type Job, job } from '../../../eden/jobs/job.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { beginAction, endAction } from '../actions/record.ts'
import type { ComputeContext } from '../context.ts'
import { connectDevices } from '../volumes/attachments.ts'
import type { OnServer } from './delete.ts'
import { checkState, getServer, hostOf } from './find.ts'
import { launchInput, withImage } from './guest.ts'
import { plugAgain } from './ports.ts'
import { powerNumbers, type Server, type ServerState, server } from './server.ts'

export interface PowerAction {
  /** As instance actions and refusals name it. */
  action: string
  rule: string
  /** States in which it may begin, and tasks that do not hinder it. */
  states: readonly ServerState[]
  tasks?: readonly string[]
  task: string
  event: string
  /** What the host does. */
  run(context: ComputeContext, call: Call, row: Server, signal: AbortSignal): Promise<unknown>
  ends: { state: ServerState; power: number }
}

/** Brings networks and volumes back to the host, then has it done with all of the guest's devices. */
const withDevices =
  (
    operation: 'start' | 'reboot',
    more: (context: ComputeContext) => Record<string, unknown> = () => ({}),
  ): PowerAction['run'] =>
  async (context, call, row, signal) => {
    const nics = await plugAgain(context, call, row)
    const devices = await connectDevices(context, call, row)
    const input = { ...(await launchInput(context, call, row, nics, devices)), ...more(context) }
    await withImage(context, call, hostOf(row), operation, input, signal)
  }

const onHost =
  (operation: string, more: (context: ComputeContext) => Record<string, unknown> = () => ({})): PowerAction['run'] =>
  (context, _, row, signal) =>
    context.hosts.get(hostOf(row)).ask(operation, { id: row.id, ...more(context) }, { signal })

const grace = ({ config }: ComputeContext) => ({ graceMs: config.stopGrace })
const running = { state: 'active', power: powerNumbers.running } as const

export const powerActions = {
  stop: {
    action: 'stop',
    rule: 'os_compute_api:servers:stop',
    states: ['active', 'error'],
    task: 'powering-off',
    event: 'compute_stop_instance',
    run: onHost('stop', grace),
    ends: { state: 'stopped', power: powerNumbers.shutdown },
  },
  start: {
    action: 'start',
    rule: 'os_compute_api:servers:start',
    states: ['stopped'],
    task: 'powering-on',
    event: 'compute_start_instance',
    run: withDevices('start'),
    ends: running,
  },
  rebootSoft: {
    action: 'reboot',
    rule: 'os_compute_api:servers:reboot',
    states: ['active'],
    task: 'rebooting',
    event: 'compute_reboot_instance',
    run: withDevices('reboot', (context) => ({ kind: 'soft', ...grace(context) })),
    ends: running,
  },
  rebootHard: {
    action: 'reboot',
    rule: 'os_compute_api:servers:reboot',
    states: ['active', 'stopped', 'paused', 'error'],
    tasks: ['rebooting', 'rebooting_hard'],
    task: 'rebooting_hard',
    event: 'compute_reboot_instance',
    run: withDevices('reboot', () => ({ kind: 'hard', graceMs: 0 })),
    ends: running,
  },
  pause: {
    action: 'pause',
    rule: 'os_compute_api:os-pause-server:pause',
    states: ['active'],
    task: 'pausing',
    event: 'compute_pause_instance',
    run: onHost('pause'),
    ends: { state: 'paused', power: powerNumbers.paused },
  },
  unpause: {
    action: 'unpause',
    rule: 'os_compute_api:os-pause-server:unpause',
    states: ['paused'],
    task: 'unpausing',
    event: 'compute_unpause_instance',
    run: onHost('unpause'),
    ends: running,
  },
} as const satisfies Record<string, PowerAction>

export type PowerName = keyof typeof powerActions

const beyond = everyone('the job serves whoever asked for the action')
const jobNames: Record<PowerName, string> = {
  stop: 'server.stop',
  start: 'server.start',
  rebootSoft: 'server.reboot_soft',
  rebootHard: 'server.reboot_hard',
  pause: 'server.pause',
  unpause: 'server.unpause',
}

function powerJob(name: PowerName) {
  const { run, event, ends }: PowerAction = powerActions[name]
  return job<ComputeContext, OnServer>(jobNames[name])
    .step('host', {
      within: '25m',
      attempts: 3,
      do: async (context, { serverId }, _, { call, signal }) => {
        const row = await call.rows(server).get(serverId)
        await run(context, call, row, signal)
      },
    })
    .write('settle', {
      do: async (tx, { serverId, actionId }) => {
        await tx.rows(server, beyond).change(serverId, { ...ends, task: null, fault: null })
        await endAction(tx, actionId, event)
      },
    })
    .failed(async (tx, { serverId, actionId }, failure) => {
      const row = await tx.rows(server, beyond).find(serverId)
      // What the guest's power is now, the reconciler sees.
      if (row && row.task !== 'deleting') await tx.rows(server, beyond).update(row, { task: null })
      await endAction(tx, actionId, event, failure.message)
    })
}

export const powerJobs = Object.fromEntries(
  (Object.keys(powerActions) as PowerName[]).map((name) => [name, powerJob(name)]),
) as Record<PowerName, Job<ComputeContext, OnServer, Record<'host', void> & Record<'settle', void>>>

export const power = (name: PowerName) => async (_: ComputeContext, call: Call, id: string) => {
  const action: PowerAction = powerActions[name]
  await call.transaction(async (tx) => {
    const row = await getServer(call, tx, id, action.rule)
    checkState(call, row, action)
    hostOf(row)
    await enqueuePower(tx, row, name)
  })
  return accepted()
}

export async function enqueuePower(tx: Transaction, row: Server, name: PowerName): Promise<void> {
  const { task, action } = powerActions[name]
  await tx.rows(server, beyond).update(row, { task })
  const actionId = await beginAction(tx, row, action)
  await enqueue(
    tx,
    powerJobs[name],
    { serverId: row.id, actionId },
    { resourceType: 'server', resourceId: row.id, projectId: row.projectId },
  )
}
