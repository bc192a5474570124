// Choosing the host that forwards a router's packets: the one with the fewest routers.

import type { Transaction } from '../../../eden/store/store.ts'
import type { NetworkContext } from '../context.ts'
import { everyRouter, router } from '../routers/router.ts'

/** Empty while there is no host: the reconciler places the router when one comes. */
export async function hostForRouter({ hosts }: Pick<NetworkContext, 'hosts'>, tx: Transaction): Promise<string> {
  const up = hosts.names().filter((name) => hosts.get(name).isUp)
  if (up.length <= 1) return up[0] ?? hosts.names()[0] ?? ''
  const counts = await Promise.all(up.map((host) => tx.rows(router, everyRouter).count({ host })))
  return up[counts.indexOf(Math.min(...counts))]!
}

/** Moves routers whose host has left the cloud. Returns what was moved, in words. */
export async function placeRouters(context: Pick<NetworkContext, 'hosts'>, tx: Transaction): Promise<string[]> {
  const names = context.hosts.names()
  if (names.length === 0) return []
  const moved: string[] = []
  for (const row of await tx.rows(router, everyRouter).list()) {
    if (names.includes(row.host)) continue
    const host = await hostForRouter(context, tx)
    await tx.rows(router, everyRouter).update(row, { host })
    moved.push(`router ${row.id} is now on ${host}`)
  }
  return moved
}
