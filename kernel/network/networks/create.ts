// POST /networks: one or many, all or none.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { created, type Input } from '../../../eden/http/request.ts'
import { bodyOf, fieldsFrom } from '../../../eden/resource/input.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { nextVxlanId } from '../addresses/vxlan.ts'
import { bodiesOf, ownerOf, requireAttributes, type Wire } from '../api/bodies.ts'
import { present } from '../api/kind.ts'
import type { NetworkConfig } from '../config.ts'
import type { NetworkContext } from '../context.ts'
import { invalidInput, refusal } from '../problems.ts'
import { claimQuota } from '../quotas/check.ts'
import { shareWithAll } from '../rbac/grants.ts'
import { ensureDefaultGroup } from '../security-groups/default-group.ts'
import { networkKind } from './kind.ts'
import { everyNetwork, type Network, network } from './network.ts'

const schema = bodyOf(network, {
  for: 'create',
  extra: { shared: Type.Optional(Type.Boolean()), project_id: Type.Optional(Type.String({ maxLength: 64 })) },
})

export async function createNetworks(context: NetworkContext, call: Call, { body }: Input) {
  const { items, isBulk } = bodiesOf(networkKind, body, schema)
  const wanted = items.map((item) => {
    const projectId = ownerOf(call, item, 'network/create_network')
    requireAttributes(networkKind, call, 'create', item, { ...item, project_id: projectId })
    return { item, projectId }
  })
  const shown = await call.transaction(async (tx) => {
    const rows: Network[] = []
    for (const { item, projectId } of wanted) rows.push(await makeNetwork(context, tx, item, projectId))
    return present(networkKind, context, tx, call, rows)
  })
  return created(isBulk ? { networks: shown } : { network: shown[0] })
}

export async function makeNetwork(
  context: NetworkContext,
  tx: Transaction,
  item: Wire,
  projectId: string,
): Promise<Network> {
  const { config } = context
  await claimQuota(context, tx, projectId, { network: 1 })
  await ensureDefaultGroup(context, tx, projectId)
  const given = fieldsFrom(network, item) as Partial<Network>
  const carried = await carrierOf(context, tx, given)
  const row = await tx.rows(network, everyNetwork).insert({
    ...given,
    ...carried,
    mtu: mtuFrom(config, carried.networkType, given.mtu),
    id: tx.store.ids.uuid(),
    projectId,
  })
  const object = { id: row.id, projectId, type: 'network' as const }
  if (item.shared === true) await shareWithAll(tx, object, 'access_as_shared', true)
  if (row.isExternal) await shareWithAll(tx, object, 'access_as_external', true)
  return row
}

/** What the way carries is the most; 0 asks for that too. @throws 400 beyond it. */
export function mtuFrom(config: NetworkConfig, type: Network['networkType'], asked: number | undefined): number {
  const most = type === 'flat' ? config.externalMtu : config.mtu
  if (asked === undefined || asked === 0) return most
  if (asked > most || asked < 68) throw invalidInput(`Requested MTU is ${asked}, but it must be between 68 and ${most}`)
  return asked
}

/** How the network travels between hosts: external ones on a physical network, all others in a tunnel of their own. */
async function carrierOf(
  { config }: NetworkContext,
  tx: Transaction,
  given: Partial<Network>,
): Promise<Pick<Network, 'networkType' | 'physicalNetwork' | 'segmentationId'>> {
  const type = given.networkType ?? (given.isExternal && given.physicalNetwork ? 'flat' : 'vxlan')
  if (type === 'flat') {
    if (!given.physicalNetwork) throw invalidInput('physical_network is required for flat networks')
    if (!given.isExternal)
      throw invalidInput('flat networks are for external networks here: set router:external as well')
    if (given.segmentationId !== undefined && given.segmentationId !== null)
      throw invalidInput('segmentation_id is prohibited for flat networks')
    const other = await tx
      .rows(network, everyNetwork)
      .first({ networkType: 'flat', physicalNetwork: given.physicalNetwork })
    if (other)
      throw refusal(
        409,
        'FlatNetworkInUse',
        `Unable to create the flat network. Physical network ${given.physicalNetwork} is in use.`,
      )
    return { networkType: 'flat', physicalNetwork: given.physicalNetwork, segmentationId: null }
  }
  if (given.physicalNetwork) throw invalidInput('physical_network is prohibited for vxlan networks')
  const asked = given.segmentationId
  if (asked === undefined || asked === null)
    return {
      networkType: 'vxlan',
      physicalNetwork: null,
      segmentationId: await nextVxlanId(tx, { first: config.firstVxlanId, last: config.lastVxlanId }),
    }
  if (asked < 1 || asked > 16777215) throw invalidInput(`segmentation_id ${asked} is not between 1 and 16777215`)
  if (await tx.rows(network, everyNetwork).first({ networkType: 'vxlan', segmentationId: asked }))
    throw refusal(409, 'TunnelIdInUse', `Unable to create the network. The tunnel ID ${asked} is in use.`)
  return { networkType: 'vxlan', physicalNetwork: null, segmentationId: asked }
}
