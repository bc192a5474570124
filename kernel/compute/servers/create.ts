// POST /servers: everything is checked and placed before the reply; the job brings the guest to life.
import { randomInt } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import type { Call } from '../../../eden/call.ts'
import { badRequest, forbidden } from '../../../eden/errors.ts'
import { accepted, type Input } from '../../../eden/http/request.ts'
import { enqueue } from '../../../eden/jobs/enqueue.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { beginAction, endAction } from '../actions/record.ts'
import type { ComputeContext } from '../context.ts'
import { getFlavor } from '../flavors/find.ts'
import { type Flavor, keptFlavor } from '../flavors/flavor.ts'
import { keypair } from '../keypairs/keypair.ts'
import { links } from '../links.ts'
import { type Candidate, explain, noHost, type Placement, place, type Wish } from '../placement/place.ts'
import { checkServerQuota } from '../quotas/usage.ts'
import { speaks } from '../versions/since.ts'
import { blockDevice } from '../volumes/block-device.ts'
import { canonicalIpv6 } from './address.ts'
import { fieldVersions, type GivenHints, type GivenServer } from './create-body.ts'
import { createServerJob, createServerWithVolumesJob } from './create-job.ts'
import { checkSources, type WantedDisks, wantedDisks } from './devices.ts'
import { checkFit, devicesIn, getImage, keptImage } from './image.ts'
import { securityGroupIds, wantedNics } from './networks.ts'
import { type KeptImage, type Server, server, type WantedNic } from './server.ts'
import { type AskedPlace, askedPlace, wishOf } from './wish.ts'

interface Plan {
  given: GivenServer
  flavor: Flavor
  image: KeptImage | null
  imageId: string | null
  disks: WantedDisks
  nics: WantedNic[]
  securityGroups: string[] | undefined
  publicKey: string | null
  place: AskedPlace
  count: number
  minCount: number
  adminPass: string
}

export async function createServer(context: ComputeContext, call: Call, { body }: Input) {
  const { server: given, ...hints } = body as {
    server: GivenServer
    'os:scheduler_hints'?: GivenHints
    'OS-SCH-HNT:scheduler_hints'?: GivenHints
  }
  const plan = await planFor(
    context,
    call,
    given,
    hints['os:scheduler_hints'] ?? hints['OS-SCH-HNT:scheduler_hints'] ?? {},
  )
  const reservationId = `r-${Array.from({ length: 8 }, () => 'abcdefghijklmnopqrstuvwxyz0123456789'[randomInt(36)]).join('')}`
  const made = await call.transaction((tx) => makeRows(context, tx, plan, reservationId))
  const first = made[0]!
  if (wordOf(given.return_reservation_id)) return accepted({ reservation_id: reservationId })
  return accepted(
    {
      server: {
        id: first.row.id,
        links: links(call, `servers/${first.row.id}`),
        'OS-DCF:diskConfig': first.row.diskConfig,
        security_groups: first.row.securityGroups.map((name) => ({ name })),
        adminPass: plan.adminPass,
      },
    },
    {
      location: `${call.origin}/v2.1/servers/${first.row.id}`,
      ...(call.sees === 'all' && { 'cloudos-placement': first.placement.host ?? explain(first.placement.rejections) }),
    },
  )
}

const wordOf = (value: boolean | string | null | undefined): boolean =>
  typeof value === 'string' ? (parseFlag(value) ?? false) : (value ?? false)

function checkVersions(call: Call, given: GivenServer): void {
  for (const [name, { since, until }] of Object.entries(fieldVersions)) {
    if (!(name in given)) continue
    const isKnown = (!since || speaks(call, since)) && (!until || !speaks(call, nextOf(until)))
    if (!isKnown) throw badRequest(`Additional properties are not allowed ('${name}' was unexpected)`)
  }
}

const nextOf = (version: string) => `2.${Number(version.split('.')[1]) + 1}`

/** Everything that is asked of neighbours and checked before the transaction. */
async function planFor(context: ComputeContext, call: Call, given: GivenServer, hints: GivenHints): Promise<Plan> {
  checkVersions(call, given)
  checkTexts(given)
  const minCount = Number(given.min_count ?? 1)
  const count = Number(given.max_count ?? given.min_count ?? 1)
  if (minCount > count) throw badRequest('min_count must be <= max_count')
  const flavor = await getFlavor(call, call, flavorId(given.flavorRef)).catch(() => {
    throw badRequest(`Flavor ${given.flavorRef} could not be found.`)
  })
  const place = await askedPlace(context, call, given, hints)
  const publicKey = given.key_name ? await publicKeyOf(call, given.key_name) : null
  const imageRef = given.imageRef ? imageId(given.imageRef) : undefined
  const image = imageRef ? await getImage(context, call, imageRef) : undefined
  const disks = wantedDisks(call, { ...given, ...(imageRef && { imageRef }) }, image ? devicesIn(image) : [])
  if (disks.devices.length > 0) call.require('os_compute_api:servers:create:attach_volume')
  if (count > 1 && disks.devices.some(({ source }) => source === 'volume'))
    throw badRequest('Cannot attach one or more volumes to multiple instances')
  await checkSources(context, call, disks.devices)
  const root = disks.rootImageId
  const rootImage = root === undefined ? undefined : root === image?.id ? image : await getImage(context, call, root)
  if (rootImage ?? image) checkFit((rootImage ?? image)!, flavor, rootImage !== undefined)
  if (rootImage && flavor.diskGiB === 0 && !call.allows('os_compute_api:servers:create:zero_disk_flavor'))
    throw forbidden('Only volume-backed servers are allowed for flavors with zero disk.')
  if (Array.isArray(given.networks) && given.networks.length > 0)
    call.require('os_compute_api:servers:create:attach_network')
  const nics = await wantedNics(context, call, given.networks, count)
  const groups = (given.security_groups ?? []).flatMap(({ name }) => name ?? [])
  return {
    given,
    flavor,
    image: rootImage ? keptImage(rootImage) : null,
    imageId: rootImage?.id ?? null,
    disks,
    nics,
    securityGroups: await securityGroupIds(context, call, groups),
    publicKey,
    place,
    count,
    minCount,
    adminPass: given.adminPass ?? password(),
  }
}

const base64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/

function checkTexts({ user_data, accessIPv4, accessIPv6, name, personality }: GivenServer): void {
  if ((personality ?? []).length > 5) throw forbidden('Personality file limit exceeded: 5 files at the most.')
  for (const { contents, path } of personality ?? [])
    if (!base64.test(contents)) throw badRequest(`Personality content for ${path} cannot be decoded`)
  if (user_data && !base64.test(user_data)) throw badRequest('Userdata content cannot be decoded')
  if (accessIPv4 && !isIPv4(accessIPv4))
    throw badRequest(
      `Invalid input for field/attribute accessIPv4. Value: ${accessIPv4}. '${accessIPv4}' is not a 'ipv4'`,
    )
  if (accessIPv6 && !isIPv6(accessIPv6))
    throw badRequest(
      `Invalid input for field/attribute accessIPv6. Value: ${accessIPv6}. '${accessIPv6}' is not a 'ipv6'`,
    )
  if (name.trim() === '') throw badRequest('Invalid input for field/attribute name.')
}

/** References may be whole addresses; the id is their last part. */
const flavorId = (ref: string | number) => String(ref).split('/').at(-1)!
const imageId = (ref: string) => {
  const id = ref.split('/').at(-1)!
  if (!/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(id)) throw badRequest('Invalid imageRef provided.')
  return id
}

async function publicKeyOf(call: Call, name: string): Promise<string> {
  const row = await call.rows(keypair).first({ userId: call.userId, name })
  if (!row) throw badRequest('Invalid key_name provided.')
  return row.publicKey
}

const letters = '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const password = () => Array.from({ length: 12 }, () => letters[randomInt(letters.length)]).join('')

interface Made {
  row: Server
  placement: Placement
}

async function makeRows(context: ComputeContext, tx: Transaction, plan: Plan, reservationId: string): Promise<Made[]> {
  const count = await checkServerQuota(context, tx, plan)
  const { wish, candidates } = await wishOf(context, tx, plan.place, plan.flavor, plan.disks.rootImageId !== undefined)
  const made: Made[] = []
  for (let index = 0; index < count; index++) {
    const placement = place(candidates, wish)
    note(placement, candidates, wish)
    made.push({ row: await makeServer(context, tx, plan, { placement, index, count, reservationId }), placement })
  }
  return made
}

/** The next server of the same request sees what this one takes. */
function note({ host }: Placement, candidates: Candidate[], wish: Wish): void {
  const candidate = candidates.find(({ name }) => name === host)
  if (!candidate || host === undefined) return
  candidate.used.vcpus += wish.vcpus
  candidate.used.memoryMiB += wish.memoryMiB
  candidate.used.diskGiB += wish.diskGiB
  const members = wish.group?.members as Map<string, number> | undefined
  members?.set(host, (members.get(host) ?? 0) + 1)
}

async function makeServer(
  context: ComputeContext,
  tx: Transaction,
  plan: Plan,
  {
    placement,
    index,
    count,
    reservationId,
  }: { placement: Placement; index: number; count: number; reservationId: string },
): Promise<Server> {
  const { given, flavor, disks } = plan
  const { call } = tx
  const id = call.ids.uuid()
  const name = count > 1 ? `${given.name}-${index + 1}` : given.name
  const host = placement.host ?? null
  const now = new Date(call.clock.now()).toISOString()
  const row = await tx.rows(server).insert({
    id,
    projectId: call.projectId,
    userId: call.userId,
    name,
    description: given.description ?? (speaks(call, '2.19') ? null : name),
    hostname: given.hostname ? (count > 1 ? `${given.hostname}-${index + 1}` : given.hostname) : hostnameOf(name, id),
    state: host === null ? 'error' : 'building',
    task: host === null ? null : 'spawning',
    fault: host === null ? { code: 500, message: noHost, details: explain(placement.rejections), created: now } : null,
    image: plan.image,
    imageId: plan.imageId,
    flavor: keptFlavor(flavor),
    flavorId: flavor.id,
    vcpus: flavor.vcpus,
    memoryMiB: flavor.memoryMiB,
    diskGiB: plan.imageId === null ? 0 : flavor.diskGiB,
    host,
    zone: host === null ? (plan.place.zone ?? null) : await context.known.zoneOf(host),
    wantedZone: plan.place.zone ?? null,
    keyName: given.key_name ?? null,
    publicKey: plan.publicKey,
    metadata: given.metadata ?? {},
    tags: [...new Set(given.tags ?? [])],
    userData: given.user_data ?? null,
    files: given.personality ?? [],
    hasConfigDrive: wordOf(given.config_drive),
    accessIpv4: given.accessIPv4 ?? '',
    accessIpv6: canonicalIpv6(given.accessIPv6),
    diskConfig: given['OS-DCF:diskConfig'] ?? 'MANUAL',
    wantedNics: plan.nics,
    securityGroups: namesOf(given),
    groupId: plan.place.groupId ?? null,
    reservationId,
    launchIndex: index,
  })
  for (const device of disks.devices)
    await tx.rows(blockDevice).insert({
      id: call.ids.uuid(),
      serverId: id,
      projectId: row.projectId,
      ...device,
      volumeId: device.source === 'volume' ? device.sourceId : null,
      state: 'planned',
    })
  const actionId = await beginAction(tx, row, 'create')
  if (host === null) await endAction(tx, actionId, 'conductor_schedule_and_build_instances', noHost)
  else
    await enqueue(
      tx,
      disks.devices.length > 0 ? createServerWithVolumesJob : createServerJob,
      {
        serverId: id,
        actionId,
        hasVolumes: disks.devices.length > 0,
        ...(plan.securityGroups && { securityGroups: plan.securityGroups }),
      },
      { resourceType: 'server', resourceId: id },
    )
  return row
}

const namesOf = ({ security_groups }: GivenServer): string[] => {
  const names = [...new Set((security_groups ?? []).flatMap(({ name }) => name ?? []))]
  return names.length > 0 ? names : ['default']
}

/** A name that DNS accepts, out of the server's. */
export function hostnameOf(name: string, id: string): string {
  const clean = name
    .toLowerCase()
    .replace(/[ _]/g, '-')
    .replace(/[^a-z0-9.-]/g, '')
    .replaceAll('.', '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 63)
    .replace(/-+$/, '')
  return clean === '' ? `server-${id}` : clean
}
