// VXLAN ids of tenant networks: the next free one of the range, remembered by the networks that have them.
import type { Transaction } from '../../../eden/store/store.ts'
import { atLeast } from '../../../eden/store/where.ts'
import { network } from '../networks/network.ts'
import { refusal } from '../problems.ts'
import { book, pointer } from './allocation.ts'

const pointerId = 'vxlan'

/** @throws 409 `NoNetworkAvailable` where the range is used up. */
export async function nextVxlanId(transaction: Transaction, range: { first: number; last: number }): Promise<number> {
  const pointers = transaction.rows(pointer, book)
  const known = await pointers.find(pointerId)
  const from = Math.max(range.first, Number(known?.next ?? range.first))
  const found =
    (await firstFree(transaction, from, range.last)) ?? (await firstFree(transaction, range.first, range.last))
  if (found === undefined)
    throw refusal(
      409,
      'NoNetworkAvailable',
      'Unable to create the network. No tenant network is available for allocation.',
    )
  const next = String(found + 1)
  if (known) await pointers.update(known, { next })
  else await pointers.insert({ id: pointerId, next })
  return found
}

async function firstFree(transaction: Transaction, first: number, last: number): Promise<number | undefined> {
  let candidate = first
  while (candidate <= last) {
    const taken = await transaction.rows(network, book).list({
      where: { networkType: 'vxlan', segmentationId: atLeast(candidate) },
      sort: [{ field: 'segmentationId' }],
      limit: 64,
    })
    for (const row of taken) {
      if (row.segmentationId !== candidate) break
      candidate++
    }
    if (taken.length < 64 || taken.at(-1)!.segmentationId! >= candidate) break
  }
  return candidate <= last ? candidate : undefined
}
