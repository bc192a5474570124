// The catalog follows the services that run: their addresses may differ at every start.
import type { Transaction } from '../../../eden/store/store.ts'
import { endpoint, region, service } from '../catalog/catalog.ts'
import type { CatalogService } from '../contract.ts'

const interfaces = ['public', 'internal', 'admin'] as const

/** Makes what is missing and changes what differs; what operators added themselves stays. */
export async function keepCatalog(tx: Transaction, services: CatalogService[]) {
  for (const regionId of new Set(['RegionOne', ...services.map((one) => one.region)]))
    if (!(await tx.rows(region).find(regionId))) await tx.rows(region).insert({ id: regionId })
  const present = await tx.rows(service).list()
  const endpoints = await tx.rows(endpoint).list()
  for (const wanted of services) {
    let found = present.find(({ type, name }) => type === wanted.type && name === wanted.name)
    if (!found) {
      found = await tx.rows(service).insert({ id: tx.call.ids.hex(), type: wanted.type, name: wanted.name })
      present.push(found)
    }
    for (const kind of interfaces) {
      const before = endpoints.find(
        (one) => one.serviceId === found.id && one.interface === kind && one.regionId === wanted.region,
      )
      if (before) await tx.rows(endpoint).update(before, { url: wanted.urls[kind] })
      else
        await tx.rows(endpoint).insert({
          id: tx.call.ids.hex(),
          interface: kind,
          regionId: wanted.region,
          serviceId: found.id,
          url: wanted.urls[kind],
        })
    }
  }
}
