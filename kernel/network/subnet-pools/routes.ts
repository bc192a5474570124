// Subnet pools: made, changed and removed.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import { created, type Input, noContent, ok } from '../../../eden/http/request.ts'
import { bodyOf, fieldsFrom } from '../../../eden/resource/input.ts'
import { routes } from '../../../eden/service.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { formatCidr, overlaps, parseCidr } from '../addresses/ip.ts'
import { bodiesOf, bodyOfUpdate, ownerOf, requireAttributes } from '../api/bodies.ts'
import { changedSince, flagsOf, noneOfThem, tagFilters } from '../api/filters.ts'
import { dressed, type Kind, present } from '../api/kind.ts'
import { list, show } from '../api/list.ts'
import type { NetworkContext } from '../context.ts'
import { invalidInput, refusal } from '../problems.ts'
import { claimQuota } from '../quotas/check.ts'
import { sharedObjects, shareWithAll } from '../rbac/grants.ts'
import { everyPolicy, rbacPolicy } from '../rbac/policy.ts'
import { grantedTo } from '../rbac/visible.ts'
import { everySubnet, subnet } from '../subnets/subnet.ts'
import { type SubnetPool, subnetPool } from './subnet-pool.ts'

const beyond = everyone('the pool was seen and its rule checked; defaults are one for the cloud')

export const poolKind: Kind<(typeof subnetPool)['fields']> = {
  resource: subnetPool,
  one: 'subnetpool',
  many: 'subnetpools',
  path: 'subnetpools',
  filters: {
    shared: (values, call) => (eb) => {
      const isShared = grantedTo(eb, call, 'network_subnetpools.id', ['access_as_shared'])
      return flagsOf('shared', values)[0] ? isShared : noneOfThem(eb, isShared)
    },
    ...tagFilters('network_subnetpools'),
    ...changedSince('network_subnetpools'),
  },
  async more(_, reads, call, rows) {
    const pools = rows as SubnetPool[]
    const shared = await sharedObjects(
      reads,
      call,
      pools.map(({ id }) => id),
    )
    return pools.map((row) => ({
      shared: shared.has(row.id),
      address_scope_id: null,
      default_prefixlen: row.defaultPrefixlen,
    }))
  },
}

const schema = bodyOf(subnetPool, {
  for: 'create',
  required: ['name', 'prefixes'],
  extra: {
    shared: Type.Optional(Type.Boolean()),
    project_id: Type.Optional(Type.String({ maxLength: 64 })),
    address_scope_id: Type.Optional(Type.Null()),
  },
})
const updateSchema = bodyOf(subnetPool, { for: 'update', extra: { address_scope_id: Type.Optional(Type.Null()) } })

function prefixesFrom(asked: string[]) {
  const blocks = asked.map((text) => {
    const block = parseCidr(text)
    if (!block) throw badRequest(`Invalid input for prefixes. Reason: '${text}' is not a valid IP subnet.`)
    return block
  })
  if (blocks.length === 0) throw refusal(400, 'EmptySubnetPoolPrefixList', 'Empty subnet pool prefix list.')
  const { version } = blocks[0]!
  if (blocks.some((block) => block.version !== version))
    throw refusal(400, 'PrefixVersionMismatch', 'Cannot mix IPv4 and IPv6 prefixes in a subnet pool.')
  for (const [index, one] of blocks.entries())
    if (blocks.some((other, at) => at > index && overlaps(one, other)))
      throw invalidInput('the prefixes of a subnet pool must not overlap')
  return { version, prefixes: blocks.map(formatCidr), longest: Math.min(...blocks.map(({ prefix }) => prefix)) }
}

function requireLengths({ minPrefixlen, defaultPrefixlen, maxPrefixlen }: SubnetPool) {
  if (minPrefixlen > maxPrefixlen)
    throw refusal(
      400,
      'IllegalSubnetPoolPrefixBounds',
      `Illegal prefix bounds: min_prefixlen=${minPrefixlen}, max_prefixlen=${maxPrefixlen}.`,
    )
  if (defaultPrefixlen < minPrefixlen || defaultPrefixlen > maxPrefixlen)
    throw refusal(
      400,
      'IllegalSubnetPoolPrefixBounds',
      `Illegal prefix bounds: default_prefixlen=${defaultPrefixlen}, min_prefixlen=${minPrefixlen}, max_prefixlen=${maxPrefixlen}.`,
    )
}

async function create(context: NetworkContext, call: Call, { body }: Input) {
  const { items, isBulk } = bodiesOf(poolKind, body, schema)
  const wanted = items.map((item) => {
    const projectId = ownerOf(call, item, 'network/create_subnetpool')
    requireAttributes(poolKind, call, 'create', item, { ...item, project_id: projectId })
    return { item, projectId }
  })
  const shown = await call.transaction(async (tx) => {
    const rows: SubnetPool[] = []
    for (const { item, projectId } of wanted) {
      await claimQuota(context, tx, projectId, { subnetpool: 1 })
      const given = fieldsFrom(subnetPool, item) as Partial<SubnetPool>
      const { version, prefixes, longest } = prefixesFrom(given.prefixes ?? [])
      const minPrefixlen = given.minPrefixlen ?? Math.max(version === 4 ? 8 : 64, longest)
      const row = {
        ...given,
        prefixes,
        ipVersion: version,
        minPrefixlen,
        maxPrefixlen: given.maxPrefixlen ?? (version === 4 ? 32 : 128),
        defaultPrefixlen: given.defaultPrefixlen ?? minPrefixlen,
        id: tx.store.ids.uuid(),
        projectId,
      }
      requireLengths(row as SubnetPool)
      if (given.isDefault) await requireOneDefault(tx, version)
      const made = await tx.rows(subnetPool, beyond).insert(row)
      if (item.shared === true)
        await shareWithAll(tx, { id: made.id, projectId, type: 'subnetpool' }, 'access_as_shared', true)
      rows.push(made)
    }
    return present(poolKind, context, tx, call, rows)
  })
  return created(isBulk ? { subnetpools: shown } : { subnetpool: shown[0] })
}

async function requireOneDefault(tx: Transaction, ipVersion: number) {
  const other = await tx.rows(subnetPool, beyond).first({ isDefault: true, ipVersion })
  if (other)
    throw invalidInput(
      `A default subnetpool for this IP family has already been set. Only one default may exist per IP family`,
    )
}

async function update(context: NetworkContext, call: Call, { params, body }: Input) {
  const seen = await call.rows(subnetPool).get(params.id!)
  const item = bodyOfUpdate(poolKind, body, updateSchema)
  const target = dressed(subnetPool, seen, call)
  call.require('network/update_subnetpool', target)
  requireAttributes(poolKind, call, 'update', item, target)
  const [shown] = await call.transaction(async (tx) => {
    const row = await tx.rows(subnetPool, beyond).get(seen.id)
    const patch = fieldsFrom(subnetPool, item) as Partial<SubnetPool>
    if (patch.prefixes) {
      const { version, prefixes } = prefixesFrom(patch.prefixes)
      const isSmaller = row.prefixes.some((text) => {
        const old = parseCidr(text)!
        return !prefixes.map((one) => parseCidr(one)!).some((one) => one.first <= old.first && one.last >= old.last)
      })
      if (version !== row.ipVersion || isSmaller)
        throw refusal(
          400,
          'IllegalSubnetPoolPrefixUpdate',
          'Illegal update to prefixes: prefixes can be added or widened only.',
        )
      patch.prefixes = prefixes
    }
    if (patch.isDefault && !row.isDefault) await requireOneDefault(tx, row.ipVersion)
    requireLengths({ ...row, ...patch })
    return present(poolKind, context, tx, call, [await tx.rows(subnetPool, beyond).update(row, patch)])
  })
  return ok({ subnetpool: shown })
}

async function remove(_: NetworkContext, call: Call, { params }: Input) {
  const seen = await call.rows(subnetPool).get(params.id!)
  call.require('network/delete_subnetpool', dressed(subnetPool, seen, call))
  await call.transaction(async (tx) => {
    const row = await tx.rows(subnetPool, beyond).get(seen.id)
    if (await tx.rows(subnet, everySubnet).first({ subnetpoolId: row.id }))
      throw refusal(409, 'SubnetPoolDeleteError', 'Unable to delete subnet pool: Subnet pool has existing allocations.')
    await tx.rows(rbacPolicy, everyPolicy).removeAll({ objectId: row.id })
    await tx.rows(subnetPool, beyond).remove(row)
  })
  return noContent()
}

const r = routes<NetworkContext>()
export const subnetPoolRoutes = [
  r('GET', '/v2.0/subnetpools', list(poolKind), { rule: 'network/get_subnetpool' }),
  r('POST', '/v2.0/subnetpools', create, { body: 'any' }),
  r('GET', '/v2.0/subnetpools/:id', show(poolKind)),
  r('PUT', '/v2.0/subnetpools/:id', update, { body: 'any' }),
  r('DELETE', '/v2.0/subnetpools/:id', remove),
]
