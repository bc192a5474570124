// What a request about a port must hold to: its MAC, security groups, address pairs, and who may have them.
import { badRequest } from '../../../eden/errors.ts'
import { parseCidr } from '../addresses/ip.ts'
import type { Reads } from '../api/kind.ts'
import { refusal } from '../problems.ts'
import { router } from '../routers/router.ts'
import { securityGroup } from '../security-groups/group.ts'
import { type AddressPair, owners } from './port.ts'

/** In lower case with colons. @throws 400 for what is no hardware address of one host. */
export function macFrom(text: string): string {
  const mac = text.toLowerCase().replaceAll('-', ':')
  const isOne = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)
  if (!isOne || mac === '00:00:00:00:00:00' || (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1)
    throw badRequest(`Invalid input for mac_address. Reason: '${text}' is not a valid MAC address.`)
  return mac
}

/** @throws 404 `SecurityGroupNotFound` for a group that the caller does not see. */
export async function groupsFrom(reads: Reads, asked: string[]): Promise<string[]> {
  const ids = [...new Set(asked)]
  for (const id of ids) await reads.rows(securityGroup).get(id)
  return ids
}

export function pairsFrom(asked: AddressPair[]): AddressPair[] {
  if (asked.length > 10)
    throw refusal(400, 'AllowedAddressPairExhausted', 'The number of allowed address pair exceeds the maximum 10.')
  const seen = new Set<string>()
  return asked.map(({ ip_address, mac_address }) => {
    const block = parseCidr(ip_address)
    if (!block)
      throw badRequest(`Invalid input for allowed_address_pairs. Reason: '${ip_address}' is not a valid IP subnet.`)
    const pair: AddressPair = { ip_address, ...(mac_address !== undefined && { mac_address: macFrom(mac_address) }) }
    const key = JSON.stringify(pair)
    if (seen.has(key))
      throw refusal(400, 'DuplicateAddressPairInRequest', `Request contains duplicate address pair: ${key}.`)
    seen.add(key)
    return pair
  })
}

/** @throws 409 where what is asked needs port security and the port has none. */
export function requirePortSecurity(port: {
  portSecurityEnabled: boolean
  securityGroups: string[]
  allowedAddressPairs: AddressPair[]
}): void {
  if (port.portSecurityEnabled) return
  if (port.securityGroups.length > 0)
    throw refusal(
      409,
      'PortSecurityAndIPRequiredForSecurityGroups',
      'Port security must be enabled and port must have an IP address in order to use security groups.',
    )
  if (port.allowedAddressPairs.length > 0)
    throw refusal(
      409,
      'AddressPairAndPortSecurityRequired',
      'Port Security must be enabled in order to have allowed address pairs on a port.',
    )
}

/** A leg may be put on a router of the caller's only. @throws 409 `DeviceIDNotOwnedByTenant`. */
export async function requireOwnRouter(reads: Reads, deviceOwner: string, deviceId: string): Promise<void> {
  if (deviceOwner !== owners.interface || deviceId === '') return
  if (!(await reads.rows(router).find(deviceId)))
    throw refusal(
      409,
      'DeviceIDNotOwnedByTenant',
      `The following device_id ${deviceId} is not owned by your tenant or matches another tenants router.`,
    )
}
