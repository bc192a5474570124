// Every minute, and when a host comes up: look what stands there, and give it all that it must be.
import { messageOf } from '../../../eden/errors.ts'
import { reconciler } from '../../../eden/jobs/reconciler.ts'
import type { NetworkContext } from '../context.ts'
import type { ObservedNetworks } from '../driver.ts'
import { everyRouter, router } from '../routers/router.ts'
import { placeRouters } from './router-hosts.ts'
import { wantedOn } from './wanted.ts'

export const healHosts = reconciler<NetworkContext>('network.hosts', {
  every: '1m',
  async run(context, call) {
    const names = context.hosts.names()
    const stray = (await call.rows(router, everyRouter).list()).some(({ host }) => !names.includes(host))
    const repaired = stray && names.length > 0 ? await call.transaction((tx) => placeRouters(context, tx)) : []
    const failures: string[] = []
    for (const name of names) {
      if (!context.hosts.get(name).isUp) continue
      try {
        repaired.push(...(await healHost(context, name, call.clock.now())))
      } catch (error) {
        failures.push(`${name}: ${messageOf(error)}`)
      }
    }
    if (failures.length > 0) throw new Error(`network hosts that could not be checked: ${failures.join('; ')}`)
    return repaired
  },
})

async function healHost(context: NetworkContext, name: string, now: number): Promise<string[]> {
  await context.hostBook.learn(name, now)
  await context.picture.ready()
  const { networks: wanted } = wantedOn(name, context.picture, {
    tunnels: context.hostBook.tunnels(),
    dnsServers: context.config.dnsServers,
  })
  const observed = await context.hosts.get(name).ask<ObservedNetworks>('observe', {})
  await context.applier.applied(name, { isComplete: true })
  const ids = (list: { id: string }[]) => list.map(({ id }) => id)
  return [
    ...differences(name, 'network', ids(wanted.networks), observed.networks),
    ...differences(name, 'port', ids(wanted.ports), observed.ports),
    ...differences(name, 'router', ids(wanted.routers), observed.routers),
    ...differences(
      name,
      'floating IP',
      wanted.routers.flatMap((router) => ids(router.floatingIps)),
      observed.floatingIps,
    ),
  ]
}

function differences(host: string, what: string, wanted: string[], observed: string[]): string[] {
  const [should, does] = [new Set(wanted), new Set(observed)]
  return [
    ...wanted.filter((id) => !does.has(id)).map((id) => `${what} ${id} was missing on ${host}`),
    ...observed.filter((id) => !should.has(id)).map((id) => `${what} ${id} was left over on ${host}`),
  ]
}
