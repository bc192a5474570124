// Where a server may go: zone, host, group and hints, in the words of placement.
import type { Call } from '../../../eden/call.ts'
import { badRequest, forbidden } from '../../../eden/errors.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import type { ComputeContext } from '../context.ts'
import type { Flavor } from '../flavors/flavor.ts'
import { serverGroup } from '../groups/group.ts'
import type { Candidate, GroupWish, Wish } from '../placement/place.ts'
import type { GivenHints, GivenServer } from './create-body.ts'
import { type Server, server } from './server.ts'

export interface AskedPlace {
  zone?: string
  host?: string
  groupId?: string
  sameServers: string[]
  differentServers: string[]
}

const many = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value]

/** @throws 400 for zones, hosts and groups that are not there; 403 where only operators choose hosts. */
export async function askedPlace(
  { known }: ComputeContext,
  call: Call,
  given: GivenServer,
  hints: GivenHints,
): Promise<AskedPlace> {
  const [zone, ...forced] = (given.availability_zone ?? '').split(':')
  const place: AskedPlace = { sameServers: many(hints.same_host), differentServers: many(hints.different_host) }
  const rows = await known.rows()
  if (zone) {
    const zones = await Promise.all(rows.map(({ name }) => known.zoneOf(name)))
    if (!zones.includes(zone)) throw badRequest('The requested availability zone is not available')
    place.zone = zone
  }
  const host = forced.filter(Boolean)[0]
  if (host) {
    if (!call.allows('os_compute_api:servers:create:forced_host'))
      throw forbidden("Policy doesn't allow os_compute_api:servers:create:forced_host to be performed.")
    place.host = host
  }
  const requested = given.host ?? given.hypervisor_hostname
  if (requested) {
    call.require('os_compute_api:servers:create:requested_destination')
    place.host = requested
  }
  if (place.host !== undefined && !rows.some(({ name }) => name === place.host))
    throw badRequest(`Compute host ${place.host} could not be found.`)
  if (hints.group !== undefined) {
    const group = await call.rows(serverGroup).find(hints.group)
    if (!group || (call.sees === 'all' && group.projectId !== call.credentials.projectId))
      throw badRequest(`Instance group ${hints.group} could not be found.`)
    place.groupId = group.id
  }
  return place
}

/** Inside the transaction: what is free now cannot be taken by another before this one commits. */
export async function wishOf(
  { known }: ComputeContext,
  tx: Transaction,
  asked: AskedPlace,
  flavor: Flavor,
  takesDisk: boolean,
): Promise<{ wish: Wish; candidates: Candidate[] }> {
  const wish: Wish = {
    vcpus: flavor.vcpus,
    memoryMiB: flavor.memoryMiB,
    diskGiB: takesDisk ? flavor.diskGiB : 0,
    ...(asked.zone !== undefined && { zone: asked.zone }),
    ...(asked.host !== undefined && { host: asked.host }),
    ...(asked.groupId !== undefined && { group: await groupWish(tx, asked.groupId) }),
    sameHosts: await hostsOf(tx, asked.sameServers),
    differentHosts: await hostsOf(tx, asked.differentServers),
  }
  return { wish, candidates: await known.candidates(tx) }
}

const beyond = everyone('group members of all projects share hosts')

async function groupWish(tx: Transaction, id: string): Promise<GroupWish> {
  const group = await tx.rows(serverGroup).get(id)
  const members = new Map<string, number>()
  for (const { host } of await tx.rows(server, beyond).list({ where: { groupId: id } }))
    if (host !== null) members.set(host, (members.get(host) ?? 0) + 1)
  return { policy: group.policy, maxPerHost: group.maxPerHost ?? 1, members }
}

async function hostsOf(tx: Transaction, ids: string[]): Promise<string[]> {
  if (ids.length === 0) return []
  const rows: Server[] = await tx.rows(server).list({ where: { id: ids } })
  return rows.flatMap(({ host }) => host ?? [])
}
