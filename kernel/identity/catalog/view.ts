// The catalog as a token's holder sees it: services with the endpoints whose addresses can be filled in.
import { everyone } from '../../../eden/store/rows.ts'
import type { IdentityContext } from '../context.ts'
import { type Endpoint, endpoint, type Service, service } from './catalog.ts'

const beyond = everyone('the catalog is the same for all')

export interface Offered {
  service: Service
  endpoints: Endpoint[]
}

export interface CatalogView {
  endpoints: { id: string; interface: string; region_id: string | null; url: string; region: string | null }[]
  id: string
  type: string
  name: string
}

/** Enabled services with their enabled endpoints. */
export const offered = ({ remembered, ground }: IdentityContext): Promise<Offered[]> =>
  remembered.get('catalog', async () => {
    const reads = ground.store.reads()
    const [services, endpoints] = await Promise.all([
      reads.rows(service, beyond).list({ where: { enabled: true } }),
      reads.rows(endpoint, beyond).list({ where: { enabled: true } }),
    ])
    return services.map((one) => ({
      service: one,
      endpoints: endpoints.filter(({ serviceId }) => serviceId === one.id),
    }))
  })

export async function catalogFor(
  context: IdentityContext,
  holder: { userId: string; projectId: string | undefined },
): Promise<CatalogView[]> {
  const services = await offered(context)
  return services.map(({ service: { id, type, name }, endpoints }) => ({
    endpoints: endpoints.flatMap((one) => {
      const url = filledIn(one.url, holder)
      if (url === undefined) return []
      return [{ id: one.id, interface: one.interface, region_id: one.regionId, url, region: one.regionId }]
    }),
    id,
    type,
    name: name ?? '',
  }))
}

/** The address with project and user filled in; undefined where it names a project and there is none. */
function filledIn(
  url: string,
  { userId, projectId }: { userId: string; projectId: string | undefined },
): string | undefined {
  let isWhole = true
  const filled = url.replace(/[$%]\((\w+)\)s/g, (all, name: string) => {
    if (name === 'user_id') return userId
    if (name !== 'project_id' && name !== 'tenant_id') return all
    if (projectId === undefined) isWhole = false
    return projectId ?? ''
  })
  return isWhole ? filled : undefined
}
