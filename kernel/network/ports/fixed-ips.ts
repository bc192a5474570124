// The addresses that a port gets: what was asked for, or one of each family, and always those that its MAC gives it.
import type { Transaction } from '../../../eden/store/store.ts'
import { takeAddress, takeNextAddress } from '../addresses/allocate.ts'
import { contains, eui64, hostRange, parseAddress, parseCidr } from '../addresses/ip.ts'
import { invalidInput, refusal } from '../problems.ts'
import { isAutoAddressed, type Subnet } from '../subnets/subnet.ts'
import type { FixedIp } from './port.ts'

export interface AskedIp {
  subnet_id?: string
  ip_address?: string
}

interface Place {
  portId: string
  networkId: string
  mac: string
  /** A router's leg may take any address, also where guests get theirs from their MACs. */
  isRouter: boolean
}

/** @param asked undefined: the network chooses; empty: no address at all. */
export async function takeFixedIps(
  tx: Transaction,
  place: Place,
  subnets: Subnet[],
  asked: AskedIp[] | undefined,
): Promise<FixedIp[]> {
  const taken: FixedIp[] = []
  if (asked?.length === 0) return taken
  if (asked) for (const one of asked) taken.push(await takeAsked(tx, place, subnets, one))
  else
    for (const version of [4, 6]) {
      const candidates = subnets.filter((one) => one.ipVersion === version && !isAutoAddressed(one))
      if (candidates.length > 0) taken.push(await takeFromOne(tx, place, candidates))
    }
  if (place.isRouter) return taken
  for (const subnet of subnets.filter(isAutoAddressed)) {
    if (taken.some(({ subnet_id }) => subnet_id === subnet.id)) continue
    taken.push(await takeAuto(tx, place, subnet))
  }
  return taken
}

const takeAuto = async (tx: Transaction, place: Place, subnet: Subnet): Promise<FixedIp> => ({
  subnet_id: subnet.id,
  ip_address: await takeAddress(tx, subnet, eui64(parseCidr(subnet.cidr)!, place.mac), place.portId),
})

async function takeFromOne(tx: Transaction, place: Place, candidates: Subnet[]): Promise<FixedIp> {
  for (const subnet of candidates) {
    const address = await takeNextAddress(tx, subnet, place.portId)
    if (address) return { subnet_id: subnet.id, ip_address: address }
  }
  throw refusal(409, 'IpAddressGenerationFailure', `No more IP addresses available on network ${place.networkId}.`)
}

async function takeAsked(tx: Transaction, place: Place, subnets: Subnet[], asked: AskedIp): Promise<FixedIp> {
  const address = asked.ip_address === undefined ? undefined : parseAddress(asked.ip_address)
  if (asked.ip_address !== undefined && !address)
    throw refusal(
      400,
      'InvalidInput',
      `Invalid input for fixed_ips. Reason: '${asked.ip_address}' is not a valid IP address.`,
    )
  if (asked.subnet_id === undefined && !address) throw invalidInput('IP allocation requires subnet_id or ip_address')
  const subnet =
    asked.subnet_id !== undefined ? named(subnets, place, asked.subnet_id) : holding(subnets, place, address!)
  if (!address) {
    if (isAutoAddressed(subnet) && !place.isRouter) return takeAuto(tx, place, subnet)
    return takeFromOne(tx, place, [subnet])
  }
  const cidr = parseCidr(subnet.cidr)!
  const hosts = hostRange(cidr)
  if (!contains(cidr, address) || address.value < hosts.start || address.value > hosts.end)
    throw refusal(
      400,
      'InvalidIpForSubnet',
      `IP address ${asked.ip_address} is not a valid IP for the specified subnet.`,
    )
  if (isAutoAddressed(subnet) && !place.isRouter) {
    if (eui64(cidr, place.mac).value === address.value) return takeAuto(tx, place, subnet)
    throw invalidInput(
      `IPv6 address ${asked.ip_address} can not be directly assigned to a port on subnet ${subnet.id} as the subnet is configured for automatic addresses`,
    )
  }
  return { subnet_id: subnet.id, ip_address: await takeAddress(tx, subnet, address, place.portId) }
}

function named(subnets: Subnet[], { networkId }: Place, id: string): Subnet {
  const found = subnets.find((one) => one.id === id)
  if (!found)
    throw invalidInput(`Failed to create port on network ${networkId}, because fixed_ips included invalid subnet ${id}`)
  return found
}

function holding(
  subnets: Subnet[],
  { networkId }: Place,
  address: NonNullable<ReturnType<typeof parseAddress>>,
): Subnet {
  const found = subnets.find(({ cidr }) => contains(parseCidr(cidr)!, address))
  if (!found)
    throw refusal(
      400,
      'InvalidIpForNetwork',
      `IP address is not a valid IP for any of the subnets on the specified network ${networkId}.`,
    )
  return found
}
