// os-retype, where the volume's own pool gives what the new type asks; bytes are not moved.
import { badRequest } from '../../../eden/errors.ts'
import { choosePool } from '../placement/choose.ts'
import { poolsOf } from '../placement/pools.ts'
import { allowedType } from '../types/choose.ts'
import { allowsMultiattach } from '../types/type.ts'
import type { Action } from './actions.ts'
import { findVolume, requireStatus } from './find.ts'
import { volume } from './volume.ts'

export const retype: Action = async (context, call, seen, body) => {
  const wanted = (body as { new_type?: unknown } | null)?.new_type
  if (typeof wanted !== 'string' || wanted === '') throw badRequest("The new type is needed under 'new_type'.")
  const type = await allowedType(call, wanted)
  if (type.id === seen.volumeTypeId) throw badRequest(`Retype needs a type other than the present one.`)
  if (!seen.host) throw badRequest(`Volume ${seen.id} is ${seen.status} and is nowhere yet.`)
  const pools = await poolsOf(context, call.ground.store.reads(call))
  const wish = { sizeGiB: 0, zone: null, extraSpecs: type.extraSpecs, onlyHost: seen.host }
  const choice = choosePool(pools, wish)
  if ('rejected' in choice) {
    const why = choice.rejected.find(({ host }) => host === seen.host)?.why ?? 'its host is gone'
    throw badRequest(
      `Volume ${seen.id} would have to move for the type ${type.name} (${why}), which this cloud does not do.`,
      {
        reason: { rejected: choice.rejected },
      },
    )
  }
  await call.transaction(async (tx) => {
    const row = await findVolume(tx, seen.id)
    requireStatus(row, ['available', 'in-use'], 'retype')
    const multiattach = allowsMultiattach(type)
    if (row.status === 'in-use' && multiattach !== row.multiattach)
      throw badRequest('Multiattach cannot change while the volume is in use.')
    await tx.rows(volume).update(row, { volumeTypeId: type.id, multiattach })
  })
}
