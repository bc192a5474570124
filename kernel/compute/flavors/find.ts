// Finding a flavor that the caller may use.
import type { Call } from '../../../eden/call.ts'
import { notFound } from '../../../eden/errors.ts'
import type { Readable } from '../../../eden/store/store.ts'
import { type Flavor, flavor } from './flavor.ts'

/** @throws 404 for flavors that are not there, or not for the caller's project. */
export async function getFlavor(call: Call, reads: Pick<Readable, 'rows'>, id: string): Promise<Flavor> {
  const row = await reads.rows(flavor).find(id)
  const isVisible =
    row && (row.isPublic || call.sees === 'all' || row.projects.includes(call.credentials.projectId ?? ''))
  if (!row || !isVisible) throw notFound(`Flavor ${id} could not be found.`)
  return row
}
