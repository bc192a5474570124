// Which networks and ports a new server gets: the caller's words, checked with the network service.
import { isIP } from 'node:net'
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict, forbidden, isProblem } from '../../../eden/errors.ts'
import type { ComputeContext } from '../context.ts'
import { speaks } from '../versions/since.ts'
import type { GivenNetwork, GivenServer } from './create-body.ts'
import type { WantedNic } from './server.ts'

interface Network {
  id: string
  name: string
  tenant_id: string
  shared: boolean
  'router:external'?: boolean
  subnets?: string[]
}

interface Port {
  id: string
  network_id: string
  device_id: string
  fixed_ips: { ip_address: string }[]
}

/** @throws 400 for what is not there, 409 for a port in use or where several networks are possible. */
export async function wantedNics(
  context: ComputeContext,
  call: Call,
  given: GivenServer['networks'],
  count: number,
): Promise<WantedNic[]> {
  if (speaks(call, '2.37')) {
    if (given === undefined || given === null) throw badRequest("'networks' is a required property")
  } else if (given === 'auto' || given === 'none')
    throw badRequest(`Invalid input for field/attribute networks. Value: ${given}.`)
  if (given === 'none') return []
  if (given === undefined || given === null || given === 'auto' || given.length === 0)
    return onlyNetwork(context, call, given === 'auto')
  const seen = new Set<string>()
  const wanted: WantedNic[] = []
  for (const one of given) wanted.push(await wantedNic(context, call, one, count, seen))
  return wanted
}

async function onlyNetwork({ network }: ComputeContext, call: Call, mayMake: boolean): Promise<WantedNic[]> {
  const { body } = await network.ask<{ networks: Network[] }>(call, 'GET', '/v2.0/networks')
  const possible = body.networks.filter(
    (one) => (one.tenant_id === call.projectId && !one['router:external']) || (one.shared && !one['router:external']),
  )
  if (possible.length > 1)
    throw conflict('Multiple possible networks found, use a Network ID to be more specific.', {
      reason: { networks: possible.map(({ id }) => id) },
    })
  if (possible[0]) return [{ networkId: possible[0].id, networkName: possible[0].name }]
  return mayMake ? [await autoAllocated({ network }, call)] : []
}

async function autoAllocated({ network }: Pick<ComputeContext, 'network'>, call: Call): Promise<WantedNic> {
  try {
    const { body } = await network.ask<{ auto_allocated_topology: { id: string } }>(
      call,
      'GET',
      `/v2.0/auto-allocated-topology/${call.projectId}`,
    )
    return await named({ network }, call, body.auto_allocated_topology.id)
  } catch (cause) {
    throw badRequest(`Unable to automatically allocate a network for project ${call.projectId}`, { cause })
  }
}

async function wantedNic(
  context: ComputeContext,
  call: Call,
  { uuid, port, fixed_ip, tag }: GivenNetwork,
  count: number,
  seen: Set<string>,
): Promise<WantedNic> {
  if (tag !== undefined && !(speaks(call, '2.32') && !between237And241(call)))
    throw badRequest("Additional properties are not allowed ('tag' was unexpected)")
  const withTag = tag === undefined ? {} : { tag }
  if (fixed_ip !== undefined && isIP(fixed_ip) === 0) throw badRequest(`Invalid fixed IP address (${fixed_ip})`)
  if (port) {
    if (seen.has(port)) throw badRequest(`Port ID ${port} was specified twice: it may only be specified once.`)
    seen.add(port)
    if (count > 1) throw badRequest('Unable to launch multiple instances with a single configured port ID.')
    return { ...(await wantedPort(context, call, port)), ...withTag }
  }
  if (!uuid) throw badRequest('Bad networks format: each network needs its uuid, or a port.')
  if (fixed_ip !== undefined && count > 1)
    throw badRequest('max_count cannot be greater than 1 if an fixed_ip is specified.')
  return { ...(await named(context, call, uuid)), ...(fixed_ip && { fixedIp: fixed_ip }), ...withTag }
}

/** Tags of network cards were accepted from 2.32, lost by mistake in 2.37, and came back in 2.42. */
const between237And241 = (call: Call) => speaks(call, '2.37') && !speaks(call, '2.42')

async function wantedPort({ network }: ComputeContext, call: Call, id: string): Promise<WantedNic> {
  const { port } = await found(call, 'Port', id, () => network.ask<{ port: Port }>(call, 'GET', `/v2.0/ports/${id}`))
  if (port.device_id) throw conflict(`Port ${id} is still in use.`)
  const { networkName } = await named({ network }, call, port.network_id)
  return { portId: id, networkId: port.network_id, networkName }
}

async function named({ network }: Pick<ComputeContext, 'network'>, call: Call, id: string): Promise<WantedNic> {
  const { network: row } = await found(call, 'Network', id, () =>
    network.ask<{ network: Network }>(call, 'GET', `/v2.0/networks/${id}`),
  )
  if (row['router:external'] && !row.shared && !call.allows('os_compute_api:servers:network:attach_external_network'))
    throw forbidden(`It is not allowed to create an interface on external network ${id}`)
  return { networkId: row.id, networkName: row.name }
}

async function found<T>(_: Call, what: string, id: string, ask: () => Promise<{ body: T }>): Promise<T> {
  try {
    return (await ask()).body
  } catch (cause) {
    if (isProblem(cause) && cause.status === 404) throw badRequest(`${what} ${id} could not be found.`, { cause })
    throw cause
  }
}

/** Ids of security groups that were named; undefined where only the default one was. @throws 400 for unknown ones. */
export async function securityGroupIds(
  { network }: ComputeContext,
  call: Call,
  names: readonly string[],
): Promise<string[] | undefined> {
  const wanted = [...new Set(names)]
  if (wanted.length === 0 || (wanted.length === 1 && wanted[0] === 'default')) return undefined
  const { body } = await network.ask<{ security_groups: { id: string; name: string; tenant_id: string }[] }>(
    call,
    'GET',
    '/v2.0/security-groups',
  )
  return wanted.map((name) => {
    const fits = body.security_groups.filter(
      (one) => one.id === name || (one.name === name && one.tenant_id === call.projectId),
    )
    if (fits.length > 1)
      throw conflict(`Multiple security groups found matching '${name}'. Use an ID to be more specific.`)
    if (!fits[0]) throw badRequest(`Unable to find security_group with name or id '${name}'`)
    return fits[0].id
  })
}
