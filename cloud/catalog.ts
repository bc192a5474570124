// The addresses that the identity service's catalog hands to clients.
import type { AnyService } from '../eden/service.ts'
import type { Doors } from './doors.ts'

export interface CatalogLine {
  type: string
  name: string
  region: string
  urls: { public: string; internal: string; admin: string }
}

export function catalogOf(services: AnyService[], doors: Doors, region: string): CatalogLine[] {
  return services.flatMap((service) => {
    const origin = doors.origins.get(service.name) ?? doors.frontOrigin + service.prefix
    return service.catalog.map(({ type, name, path }) => {
      const url = origin + path
      return { type, name, region, urls: { public: url, internal: url, admin: url } }
    })
  })
}
