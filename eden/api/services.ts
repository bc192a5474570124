// The services of the cloud: are they healthy, how much do they have to do, how fast do they answer.
import { ok } from '../http/request.ts'
import type { ServiceOperation } from '../service.ts'
import type { EdenContext } from './context.ts'

export const listServices: ServiceOperation<EdenContext> = async ({ assembly }, call) => {
  const now = call.clock.now()
  const reconcilers = assembly.reconcilers.states
  return ok({
    service: assembly.services.map((service) => {
      const own = reconcilers.filter((one) => one.service === service.name)
      const hosts = assembly.hosts.get(service.name)!
      const states = hosts.names().map((name) => ({ name, up: hosts.get(name).isUp }))
      const troubles = [
        ...own.filter(({ lastError }) => lastError).map(({ name, lastError }) => `${name}: ${lastError}`),
        ...states.filter(({ up }) => !up).map(({ name }) => `the host ${name} is down`),
      ]
      return {
        name: service.name,
        health: troubles.length === 0 ? 'ok' : 'degraded',
        troubles,
        version: service.versions?.max ?? null,
        endpoints: service.catalog.map(({ type }) => type),
        load: assembly.loadOf(service.name).read(now),
        hosts: states,
        reconcilers: own.map(({ name, lastAt, lastError, repaired }) => ({
          name,
          last_run: lastAt ? new Date(lastAt).toISOString() : null,
          last_error: lastError ?? null,
          repaired,
        })),
      }
    }),
    jobs: { running: assembly.jobs.runningCount },
  })
}
