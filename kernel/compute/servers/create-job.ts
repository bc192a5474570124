// Bringing a placed server to life: ports → disks → launch → ACTIVE; each step undone where a later one fails.
import { isoTime } from '../../../eden/clock.ts'
import type { Failure, Job } from '../../../eden/jobs/job.ts'
import { job } from '../../../eden/jobs/job.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { endAction } from '../actions/record.ts'
import type { ComputeContext } from '../context.ts'
import {
  completeAttachments,
  connectDevices,
  devicesOfServer,
  makeVolumes,
  releaseDevices,
} from '../volumes/attachments.ts'
import { launchInput, withImage } from './guest.ts'
import { readyNics, releasePorts } from './ports.ts'
import { type Nic, powerNumbers, type Server, server } from './server.ts'

export interface CreateServer {
  serverId: string
  actionId: string
  securityGroups?: string[]
  hasVolumes: boolean
}

const beyond = everyone('the job serves whoever asked for the server')
const event = 'compute__do_build_and_run_instance'

type Ports = Record<'ports', Nic[]>
type Create<D> = Job<ComputeContext, CreateServer, D>

const withPorts = <D>(before: Create<D>): Create<D & Ports> =>
  before.step('ports', {
    do: async (context, { serverId, securityGroups }, _, { call }) => {
      const row = await call.rows(server).get(serverId)
      return readyNics(context, call, row, row.wantedNics, securityGroups)
    },
    undo: async (context, { serverId }, _, { call }) => {
      const row = await call.rows(server).find(serverId)
      if (row && row.wantedNics.length > 0) await releasePorts(context, call, row)
    },
  })

const withLaunch = <D extends Ports>(before: Create<D>) =>
  before
    .step('launch', {
      within: '25m',
      attempts: 2,
      do: async (context, { serverId, hasVolumes }, done, { call, signal }) => {
        const row = await call.rows(server).get(serverId)
        const devices = hasVolumes ? await devicesOfServer(call, serverId) : []
        const input = await launchInput(context, call, row, done.ports, devices)
        await withImage(context, call, row.host!, 'launch', { ...input }, signal)
        if (hasVolumes) await completeAttachments(context, call, serverId)
      },
      undo: async ({ hosts }, { serverId }, _, { call }) => {
        const row = await call.rows(server).find(serverId)
        if (row?.host) await hosts.get(row.host).ask('destroy', { id: serverId })
      },
    })
    .write('settle', {
      do: async (tx, { serverId, actionId }, done) => {
        await tx.rows(server, beyond).change(serverId, {
          state: 'active',
          task: null,
          power: powerNumbers.running,
          nics: done.ports,
          launchedAt: isoTime(tx.store.clock.now()),
        })
        await endAction(tx, actionId, event)
      },
    })
    .failed(settleFailed)

/** The server stays, in ERROR, with the reason; its host's room is free again. */
async function settleFailed(tx: Transaction, { serverId, actionId }: CreateServer, failure: Failure) {
  const rows = tx.rows(server, beyond)
  const row = await rows.find(serverId)
  if (!row) return
  const isBeingDeleted = row.task === 'deleting'
  await rows.update(row, {
    ...(!isBeingDeleted && { state: 'error', task: null, fault: faultOf(tx, failure) }),
    power: powerNumbers.none,
    host: null,
    nics: [],
  })
  await endAction(tx, actionId, event, failure.message)
}

export const faultOf = (tx: Transaction, { message, status, step, kind }: Failure): Server['fault'] => ({
  code: status >= 400 && status < 600 ? status : 500,
  message: message.slice(0, 255),
  details: `${kind} in step '${step}': ${message}`,
  created: isoTime(tx.store.clock.now()),
})

const begin = (name: string) => job<ComputeContext, CreateServer>(name, { deadline: '40m' })

export const createServerJob = withLaunch(withPorts(begin('server.create')))

/** The same for servers with volumes, which are made and connected first. */
export const createServerWithVolumesJob = withLaunch(
  withPorts(
    begin('server.create_with_volumes').step('disks', {
      within: '20m',
      do: async (context, { serverId }, _, { call, signal }) => {
        const row = await call.rows(server).get(serverId)
        await makeVolumes(context, call, row, signal)
        await connectDevices(context, call, row)
      },
      undo: async (context, { serverId }, _, { call }) => {
        const row = await call.rows(server).find(serverId)
        if (row) await releaseDevices(context, call, row, 'made')
      },
    }),
  ),
)
