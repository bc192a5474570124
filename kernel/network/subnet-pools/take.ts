// A block for a new subnet out of a pool: the one asked for, or the lowest that is free.
import type { Transaction } from '../../../eden/store/store.ts'
import { type Cidr, type IpVersion, parseCidr } from '../addresses/ip.ts'
import type { Wire } from '../api/bodies.ts'
import { invalidInput, refusal } from '../problems.ts'
import { blockFrom } from '../subnets/checks.ts'
import { everySubnet, subnet } from '../subnets/subnet.ts'
import { type SubnetPool, subnetPool } from './subnet-pool.ts'

export async function blockFromPool(tx: Transaction, item: Wire): Promise<{ cidr: Cidr; subnetpoolId: string }> {
  const pool = await poolOf(tx, item)
  const version = pool.ipVersion as IpVersion
  if (item.ip_version !== undefined && item.ip_version !== version)
    throw invalidInput(`ip_version ${String(item.ip_version)} does not match the subnet pool's ${version}`)
  const taken = (await tx.rows(subnet, everySubnet).list({ where: { subnetpoolId: pool.id } })).map(
    ({ cidr }) => parseCidr(cidr)!,
  )
  if (typeof item.cidr === 'string') {
    const cidr = blockFrom(item.cidr, version)
    requireLength(pool, cidr.prefix)
    const isInside = pool.prefixes
      .map((text) => parseCidr(text)!)
      .some((one) => cidr.first >= one.first && cidr.last <= one.last)
    if (!isInside || taken.some((one) => cidr.first <= one.last && one.first <= cidr.last))
      throw refusal(
        409,
        'SubnetAllocationError',
        `Failed to allocate subnet: Cannot allocate requested subnet from the available set of prefixes.`,
      )
    return { cidr, subnetpoolId: pool.id }
  }
  const length = (item.prefixlen as number | undefined) ?? pool.defaultPrefixlen
  requireLength(pool, length)
  const cidr = lowestFree(pool, taken, length)
  if (!cidr)
    throw refusal(
      409,
      'SubnetAllocationError',
      'Failed to allocate subnet: Insufficient prefix space to allocate subnet size.',
    )
  return { cidr, subnetpoolId: pool.id }
}

async function poolOf(tx: Transaction, item: Wire): Promise<SubnetPool> {
  if (typeof item.subnetpool_id === 'string') return tx.rows(subnetPool).get(item.subnetpool_id)
  const found = await tx.rows(subnetPool).first({ isDefault: true, ipVersion: (item.ip_version as number) ?? 4 })
  if (!found) throw refusal(400, 'BadRequest', `No default subnetpool found for IPv${String(item.ip_version ?? 4)}`)
  return found
}

function requireLength(pool: SubnetPool, length: number) {
  if (length < pool.minPrefixlen)
    throw refusal(
      400,
      'MinPrefixSubnetAllocationError',
      `Unable to allocate subnet with prefix length ${length}, minimum allowed prefix is ${pool.minPrefixlen}.`,
    )
  if (length > pool.maxPrefixlen)
    throw refusal(
      400,
      'MaxPrefixSubnetAllocationError',
      `Unable to allocate subnet with prefix length ${length}, maximum allowed prefix is ${pool.maxPrefixlen}.`,
    )
}

/** Steps from block to block past what is taken. */
function lowestFree(pool: SubnetPool, taken: Cidr[], prefix: number): Cidr | undefined {
  const version = pool.ipVersion as IpVersion
  const size = 1n << BigInt((version === 4 ? 32 : 128) - prefix)
  const sorted = [...taken].sort((a, b) => (a.first < b.first ? -1 : 1))
  for (const text of pool.prefixes) {
    const block = parseCidr(text)!
    let first = block.first
    for (const one of sorted) {
      if (one.last < first || one.first > first + size - 1n) continue
      first = ((one.last + size) / size) * size
    }
    if (first + size - 1n <= block.last) return { version, first, last: first + size - 1n, prefix, written: first }
  }
  return undefined
}
