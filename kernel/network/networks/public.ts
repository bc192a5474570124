// The external network that a new cloud starts with: made once, so that an operator may delete it for good.
import type { Call } from '../../../eden/call.ts'
import { book, pointer } from '../addresses/allocation.ts'
import { type Address, blockOf, formatAddress, hostRange, parseCidr } from '../addresses/ip.ts'
import type { NetworkContext } from '../context.ts'
import { makeSubnet } from '../subnets/create.ts'
import { makeNetwork } from './create.ts'

const noted = 'public-network'
/** Hosts of a block that routers and floating IPs get, where nobody says otherwise. */
const [firstHost, lastHost] = [10n, 250n]

export async function makePublicNetwork(context: NetworkContext, call: Call): Promise<void> {
  const { config } = context
  if (config.publicNetwork === '' || (await call.rows(pointer, book).find(noted))) return
  const cidr = parseCidr(config.publicCidr)
  if (!cidr)
    throw new Error(`The setting network.publicCidr is '${config.publicCidr}', which is no block of addresses.`)
  const text = (value: bigint) => formatAddress({ version: cidr.version, value } as Address)
  const hosts = hostRange(cidr)
  const [start, end] = config.publicPool.split('-').map((part) => part.trim())
  const pool =
    start && end
      ? { start, end }
      : cidr.last - cidr.first > lastHost
        ? { start: text(cidr.first + firstHost), end: text(cidr.first + lastHost) }
        : undefined
  await call.transaction(async (tx) => {
    await tx.rows(pointer, book).insert({ id: noted, next: '' })
    const row = await makeNetwork(
      context,
      tx,
      {
        name: config.publicNetwork,
        'router:external': true,
        'provider:network_type': 'flat',
        'provider:physical_network': config.publicPhysicalName,
      },
      '',
    )
    await makeSubnet(
      context,
      tx,
      {
        name: `${config.publicNetwork}-subnet`,
        ip_version: cidr.version,
        cidr: `${text(blockOf({ version: cidr.version, value: cidr.first }, cidr.prefix).first)}/${cidr.prefix}`,
        gateway_ip: config.publicGateway || text(hosts.start),
        enable_dhcp: false,
        ...(pool && { allocation_pools: [pool] }),
      },
      row,
      '',
    )
  })
}
