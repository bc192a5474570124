// A flavor as the API shows it, alone and inside a server.
import type { Call } from '../../../eden/call.ts'
import { view } from '../../../eden/resource/view.ts'
import { links } from '../links.ts'
import { speaks } from '../versions/since.ts'
import { type Flavor, flavor, type KeptFlavor } from './flavor.ts'

export function flavorView(call: Call, row: Flavor): Record<string, unknown> {
  const { created_at, updated_at, description, extra_specs, ...shown } = view(flavor, row, call)
  return {
    ...shown,
    swap: row.swapMiB === 0 && !speaks(call, '2.75') ? '' : row.swapMiB,
    ...(speaks(call, '2.55') && { description }),
    ...(speaks(call, '2.61') && call.allows('os_compute_api:os-flavor-extra-specs:index') && { extra_specs }),
    links: links(call, `flavors/${encodeURIComponent(row.id)}`),
  }
}

export const flavorName = (call: Call, row: Flavor) => ({
  id: row.id,
  name: row.name,
  ...(speaks(call, '2.55') && { description: row.description }),
  links: links(call, `flavors/${encodeURIComponent(row.id)}`),
})

/** A link up to 2.46, what the server was made of from 2.47 on. */
export function flavorInServer(call: Call, kept: KeptFlavor): Record<string, unknown> {
  if (!speaks(call, '2.47'))
    return { id: kept.id, links: [{ rel: 'bookmark', href: `${call.origin}/flavors/${encodeURIComponent(kept.id)}` }] }
  return {
    vcpus: kept.vcpus,
    ram: kept.memoryMiB,
    disk: kept.diskGiB,
    ephemeral: kept.ephemeralGiB,
    swap: kept.swapMiB,
    original_name: kept.name,
    ...(call.allows('os_compute_api:os-flavor-extra-specs:index') && { extra_specs: kept.extraSpecs }),
  }
}
