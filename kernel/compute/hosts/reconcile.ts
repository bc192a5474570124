// Compares what the hosts' guests are with what their servers should be, and repairs the difference.
import type { Call } from '../../../eden/call.ts'
import { isoTime } from '../../../eden/clock.ts'
import { reconciler } from '../../../eden/jobs/reconciler.ts'
import { jobRecord } from '../../../eden/jobs/record.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { lessThan } from '../../../eden/store/where.ts'
import { consoleToken } from '../consoles/token.ts'
import type { ComputeContext } from '../context.ts'
import type { ObservedGuest, PowerState } from '../driver.ts'
import type { Observation } from '../host/operations.ts'
import { unplugLostOn } from '../interfaces/lost-cards.ts'
import { enqueuePower } from '../servers/power.ts'
import { deletedServer, powerNumbers, type Server, type ServerState, server } from '../servers/server.ts'
import { hearHost } from './report.ts'

const beyond = everyone('guests of all projects share hosts')

export const guestReconciler = reconciler<ComputeContext>('compute.guests', {
  every: '60s',
  async run(context, call) {
    const repaired: string[] = []
    for (const name of context.hosts.names())
      if (context.hosts.get(name).isUp) repaired.push(...(await reconcileHost(context, call, name)))
    return repaired
  },
})

export async function reconcileHost(context: ComputeContext, call: Call, name: string): Promise<string[]> {
  const restarted = await hearHost(context, call, name)
  const host = context.hosts.get(name)
  // First the guests, then the rows: a guest that was seen had its row before it was made.
  const { guests } = await host.ask<Observation>('observe', {})
  const rows = await call.rows(server, beyond).list({ where: { host: name } })
  const byId = new Map(rows.map((row) => [row.id, row]))
  const repaired: string[] = []
  for (const guest of guests)
    if (!byId.has(guest.id)) {
      await host.ask('destroy', { id: guest.id })
      repaired.push(`destroyed guest ${guest.id} on ${name}: no server has it`)
    }
  const seen = new Map(guests.map((guest) => [guest.id, guest]))
  for (const row of rows) {
    const what = await settleServer(context, call, row, seen.get(row.id), restarted)
    if (what) repaired.push(what)
  }
  repaired.push(...(await unplugLostOn(context, call, name, rows)))
  const used = rows.flatMap(({ imageId }) => imageId ?? [])
  await host.ask('keepImages', { ids: used })
  return repaired
}

/** A server at which a job works is left to the job. */
async function settleServer(
  context: ComputeContext,
  call: Call,
  seen: Server,
  guest: ObservedGuest | undefined,
  restarted: boolean,
): Promise<string | undefined> {
  if (!needsSettling(seen, guest)) return undefined
  return call.transaction(async (tx) => {
    const row = await tx.rows(server, beyond).find(seen.id)
    if (!row || !needsSettling(row, guest)) return undefined
    if ((await tx.rows(jobRecord, beyond).count({ resourceId: row.id, active: true })) > 0) return undefined
    if (!guest) {
      if (row.state === 'error') return undefined
      await tx.rows(server, beyond).update(row, {
        state: 'error',
        power: powerNumbers.none,
        fault: {
          code: 500,
          message: `The guest is no longer on its host. Rebuild the server, or delete it.`,
          details: `Host ${row.host} was looked at and has no guest ${row.id}.`,
          created: isoTime(call.clock.now()),
        },
      })
      return `server ${row.id} has no guest on ${row.host}: set to error`
    }
    if (restarted && row.state === 'active' && guest.power === 'shutdown' && context.config.resumeGuestsState) {
      await enqueuePower(tx, row, 'start')
      return `server ${row.id} is started again after its host restarted`
    }
    const { state, power } = stateFor(row.state, guest.power)
    await tx.rows(server, beyond).update(row, { state, power })
    return `server ${row.id} was ${row.state}, its guest is ${guest.power}`
  })
}

function needsSettling(row: Server, guest: ObservedGuest | undefined): boolean {
  if (row.task !== null || row.state === 'building') return false
  if (!guest) return row.state !== 'error'
  const { state, power } = stateFor(row.state, guest.power)
  return state !== row.state || power !== row.power
}

/** A server in error stays so until somebody acts; only its power is noted. */
function stateFor(state: ServerState, power: PowerState): { state: ServerState; power: number } {
  const number = powerNumbers[power]
  if (state === 'error' || state === 'building') return { state, power: number }
  return { state: power === 'running' ? 'active' : power === 'paused' ? 'paused' : 'stopped', power: number }
}

/** News from a host: a guest's power changed without being asked for. */
export async function hearPower(
  context: ComputeContext,
  call: Call,
  host: string,
  news: { id: string; power: PowerState },
) {
  const row = await call.rows(server, beyond).find(news.id)
  if (row?.host !== host) return
  await settleServer(context, call, row, { id: news.id, power: news.power, disks: [], nics: [] }, false)
}

/** Bookkeeping that outlived its use. */
export const pruneReconciler = reconciler<ComputeContext>('compute.prune', {
  every: '1h',
  async run({ config }, call) {
    const now = call.clock.now()
    return call.transaction(async (tx) => {
      const gone = await tx
        .rows(deletedServer, beyond)
        .removeAll({ deletedAt: lessThan(isoTime(now - config.keepDeletedFor)) })
      const tokens = await tx.rows(consoleToken, beyond).removeAll({ expiresAt: lessThan(isoTime(now)) })
      return [
        ...(gone ? [`${gone} deleted servers forgotten`] : []),
        ...(tokens ? [`${tokens} console tokens removed`] : []),
      ]
    })
  },
})
