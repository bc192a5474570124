// Handing out addresses inside a transaction: the next free one after the last, so that freed ones rest for a while.
import type { Transaction } from '../../../eden/store/store.ts'
import { atLeast } from '../../../eden/store/where.ts'
import { refusal } from '../problems.ts'
import type { Subnet } from '../subnets/subnet.ts'
import { allocation, book, pointer } from './allocation.ts'
import { type Address, formatAddress, type IpVersion, parseAddress, type Range, sortKey } from './ip.ts'

const gapRows = 64

const rowId = (subnetId: string, key: string) => `${subnetId} ${key}`

/** @throws 409 `IpAddressAlreadyAllocated` where somebody has it. */
export async function takeAddress(
  transaction: Transaction,
  subnet: Pick<Subnet, 'id' | 'networkId'>,
  address: Address,
  portId: string,
): Promise<string> {
  const rows = transaction.rows(allocation, book)
  const key = sortKey(address)
  const text = formatAddress(address)
  const id = rowId(subnet.id, key)
  if (await rows.find(id))
    throw refusal(409, 'IpAddressAlreadyAllocated', `IP address ${text} already allocated in subnet ${subnet.id}`)
  await rows.insert({ id, subnetId: subnet.id, networkId: subnet.networkId, portId, address: text, sortKey: key })
  return text
}

export const isTaken = async (transaction: Transaction, subnetId: string, address: Address) =>
  (await transaction.rows(allocation, book).find(rowId(subnetId, sortKey(address)))) !== undefined

/** The next free address of the subnet's pools, taken for the port; undefined where there is none. */
export async function takeNextAddress(
  transaction: Transaction,
  subnet: Subnet,
  portId: string,
): Promise<string | undefined> {
  const version = subnet.ipVersion as IpVersion
  const pools = subnet.allocationPools.map(({ start, end }) => ({
    start: parseAddress(start)!.value,
    end: parseAddress(end)!.value,
  }))
  const pointers = transaction.rows(pointer, book)
  const known = await pointers.find(subnet.id)
  const from = known ? BigInt(known.next) : 0n
  for (const range of [...since(pools, from), ...before(pools, from)]) {
    const value = await firstFree(transaction, subnet, version, range)
    if (value === undefined) continue
    const next = String(value + 1n)
    if (known) await pointers.update(known, { next })
    else await pointers.insert({ id: subnet.id, next })
    return takeAddress(transaction, subnet, { version, value }, portId)
  }
  return undefined
}

const since = (pools: Range[], from: bigint) =>
  pools.filter(({ end }) => end >= from).map(({ start, end }) => ({ start: start > from ? start : from, end }))

const before = (pools: Range[], from: bigint) =>
  pools.filter(({ start }) => start < from).map(({ start, end }) => ({ start, end: end < from ? end : from - 1n }))

/** Walks the taken addresses in order until one is missing; reads only as far as that. */
async function firstFree(
  transaction: Transaction,
  subnet: Pick<Subnet, 'id'>,
  version: IpVersion,
  { start, end }: Range,
): Promise<bigint | undefined> {
  let candidate = start
  while (candidate <= end) {
    const taken = await transaction.rows(allocation, book).list({
      where: { subnetId: subnet.id, sortKey: atLeast(sortKey({ version, value: candidate })) },
      sort: [{ field: 'sortKey' }],
      limit: gapRows,
    })
    for (const row of taken) {
      const value = BigInt(`0x${row.sortKey}`)
      if (value > candidate) break
      candidate = value + 1n
    }
    if (taken.length < gapRows || BigInt(`0x${taken.at(-1)!.sortKey}`) >= candidate)
      return candidate <= end ? candidate : undefined
  }
  return undefined
}

export async function releaseAddresses(transaction: Transaction, portId: string, addresses?: string[]): Promise<void> {
  await transaction.rows(allocation, book).removeAll({ portId, ...(addresses && { address: addresses }) })
}

export async function forgetSubnet(transaction: Transaction, subnetId: string): Promise<void> {
  await transaction.rows(allocation, book).removeAll({ subnetId })
  await transaction.rows(pointer, book).removeAll({ id: subnetId })
}
