// Availability zones: names for all, hosts for operators.
import type { Call } from '../../../eden/call.ts'
import { ok } from '../../../eden/http/request.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import { plainTime } from '../links.ts'

const list =
  (isDetailed: boolean) =>
  async ({ known }: ComputeContext, call: Call) => {
    const zones = new Map<string, Record<string, unknown>>()
    const available = new Map<string, boolean>()
    for (const host of await known.rows()) {
      const zone = await known.zoneOf(host.name)
      const isUp = known.isUp(host)
      available.set(zone, (available.get(zone) ?? false) || !host.isDisabled)
      zones.set(zone, {
        ...zones.get(zone),
        [host.name]: {
          'nova-compute': {
            active: !host.isDisabled,
            available: isUp,
            updated_at: plainTime(new Date(call.clock.now()).toISOString()),
          },
        },
      })
    }
    return ok({
      availabilityZoneInfo: [...zones].map(([zoneName, hosts]) => ({
        zoneName,
        zoneState: { available: available.get(zoneName) },
        hosts: isDetailed ? hosts : null,
      })),
    })
  }

export const zoneRoutes: ComputeRoute[] = [
  r('GET', '/os-availability-zone', list(false), { rule: 'os_compute_api:os-availability-zone:list' }),
  r('GET', '/os-availability-zone/detail', list(true), { rule: 'os_compute_api:os-availability-zone:detail' }),
].flat()
