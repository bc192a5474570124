// The storm: clients write without pause while the cloud is killed again and again; then every promise is checked.
import { tinyDisk } from '../scenario.ts'
import { type Ground, Refused, StormClient } from './client.ts'
import { type CloudSettings, CloudUnderFire, Down } from './cloud-under-fire.ts'
import { imageFiles } from './files.ts'
import { type Kind, Ledger } from './ledger.ts'
import { observeAgent, withRows } from './observe.ts'
import { brokenPromises } from './promises.ts'
import { Chance } from './random.ts'
import { guestProcesses, realDifferences } from './real.ts'
import { danglingRows, hostDifferences, unsettledRows } from './rows.ts'

export interface StormOptions extends CloudSettings {
  kills: number
  seed: number
  clients: number
  /** Longest time between two kills. */
  pauseMs: number
  /** After so many kills everything is checked. */
  checkEvery: number
  say: (line: string) => void
  keep?: boolean
}

export interface StormResult {
  kills: number
  hostKills: number
  acknowledged: number
  unanswered: number
  /** Promises that were not kept, each said once. */
  violations: string[]
  /** Differences that only the next start repaired. */
  late: string[]
  refused: Map<string, number>
  guestsThatLived: number
}

/** Most of each kind at a time; few real guests, for they take the machine. */
const caps = (isReal: boolean): Partial<Record<Kind, number>> => ({
  server: isReal ? 4 : 12,
  volume: isReal ? 8 : 16,
  snapshot: 6,
  image: 6,
  port: 16,
  floatingip: 10,
  network: 4,
})

const quietWithinMs = 120_000
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export async function storm(options: StormOptions): Promise<StormResult> {
  const cloud = new CloudUnderFire(options)
  const chance = new Chance(options.seed)
  const ledger = new Ledger()
  const result: StormResult = {
    kills: 0,
    hostKills: 0,
    acknowledged: 0,
    unanswered: 0,
    violations: [],
    late: [],
    refused: ledger.refused,
    guestsThatLived: 0,
  }
  options.say(`seed ${options.seed}, folder ${cloud.folder}`)
  let isGoodEnd = false
  try {
    await cloud.begin()
    const ground = await prepare(cloud)
    while (result.kills < options.kills) {
      const round = Math.min(options.checkEvery, options.kills - result.kills)
      await killing(cloud, options, ledger, chance, ground, round, result)
      const [violations, late] = [result.violations.length, result.late.length]
      await check(cloud, ledger, result)
      sayNew(options.say, result.violations, violations)
      sayNew(options.say, result.late, late)
      options.say(
        `${result.kills} kills, ${ledger.acknowledged} acknowledged, ${ledger.unanswered} unanswered, ${result.violations.length} violations, ${result.late.length} late`,
      )
    }
    isGoodEnd = result.violations.length === 0
  } finally {
    result.acknowledged = ledger.acknowledged
    result.unanswered = ledger.unanswered
    await cloud.end(options.keep || !isGoodEnd)
  }
  return result
}

/** What every life stands on. */
async function prepare(cloud: CloudUnderFire): Promise<Ground> {
  const make = async (service: string, path: string, body: unknown) => {
    const answer = await cloud.ask(service, 'POST', path, body)
    if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.text}`)
    return answer.body
  }
  const idIn = (body: Record<string, unknown>, kind: string) => (body[kind] as { id: string }).id
  const image = (await make('image', '/v2/images', { name: 'ground', disk_format: 'raw', container_format: 'bare' })).id
  await cloud.ask('image', 'PUT', `/v2/images/${image}/file`, tinyDisk(), {
    'content-type': 'application/octet-stream',
  })
  const network = idIn(await make('network', '/v2.0/networks', { network: { name: 'ground' } }), 'network')
  const subnet = idIn(
    await make('network', '/v2.0/subnets', { subnet: { network_id: network, ip_version: 4, cidr: '10.77.0.0/22' } }),
    'subnet',
  )
  const found = await cloud.ask('network', 'GET', '/v2.0/networks?router:external=true')
  const outer = (found.body.networks as { id: string }[])[0]!.id
  const router = idIn(
    await make('network', '/v2.0/routers', {
      router: { name: 'ground', external_gateway_info: { network_id: outer } },
    }),
    'router',
  )
  await cloud.ask('network', 'PUT', `/v2.0/routers/${router}/add_router_interface`, { subnet_id: subnet })
  return { image: String(image), network, subnet, public: outer, router }
}

async function killing(
  cloud: CloudUnderFire,
  options: StormOptions,
  ledger: Ledger,
  chance: Chance,
  ground: Ground,
  kills: number,
  result: StormResult,
): Promise<void> {
  let isOver = false
  const clients = Array.from({ length: options.clients }, async () => {
    const client = new StormClient(cloud, ledger, chance.branch(), ground)
    while (!isOver) {
      await cloud.untilUp()
      if (isOver) return
      try {
        await oneLife(client, options.isReal)
      } catch (error) {
        if (!(error instanceof Down) && !(error instanceof Refused)) throw error
        await pause(20)
      } finally {
        client.rest()
      }
    }
  })
  const failed = Promise.all(clients)
  failed.catch(() => {})
  for (let number = 0; number < kills; number++) {
    await Promise.race([pause(100 + chance.next() ** 2 * options.pauseMs), failed])
    const before = options.isReal ? guestProcesses(cloud) : new Map<string, number>()
    if (cloud.isSplit && options.isReal && chance.of(0.4)) {
      await cloud.killHost()
      result.hostKills++
      const isBoth = chance.of(0.5)
      if (isBoth) await cloud.kill()
      await cloud.startHost()
      if (isBoth) await restart(cloud, chance)
    } else {
      await cloud.kill()
      await restart(cloud, chance)
    }
    result.kills++
    await sameGuests(cloud, before, ledger, result)
  }
  isOver = true
  await failed
}

/** Sometimes killed once more while it is starting. */
async function restart(cloud: CloudUnderFire, chance: Chance): Promise<void> {
  while (chance.of(0.25)) {
    const starting = cloud.start().catch((error) => {
      if (!(error instanceof Down)) throw error
    })
    await Promise.race([starting, pause(100 + chance.next() * 1500)])
    await cloud.kill()
    await starting
  }
  await cloud.start()
}

/** Guests whose servers nobody has touched must run in the same process as before. */
async function sameGuests(cloud: CloudUnderFire, before: Map<string, number>, ledger: Ledger, result: StormResult) {
  if (before.size === 0) return
  const after = guestProcesses(cloud)
  const touched = new Set(
    ledger.entries.filter((one) => one.kind === 'server' && (one.isBusy || one.removal !== 'none')).map(({ id }) => id),
  )
  for (const [id, pid] of before) {
    if (after.get(id) === pid) result.guestsThatLived++
    else if (!touched.has(id) && ledger.entries.some((one) => one.id === id && one.facts.power === 'active'))
      note(result.violations, `guest ${id} had process ${pid} before the kill and has ${after.get(id)} after it`)
  }
}

async function oneLife(client: StormClient, isReal: boolean): Promise<void> {
  const { chance, ledger } = client
  for (const [kind, most] of Object.entries(caps(isReal)) as [Kind, number][])
    if (ledger.perhaps(kind) > most) await client.reap(kind)
  const lives = [
    () => client.livePort(),
    () => client.livePort(),
    () => client.liveVolume(),
    () => client.liveVolume(),
    () => client.liveImage(),
    () => client.liveNetwork(),
    ...(ledger.perhaps('server') < caps(isReal).server!
      ? [() => client.liveServer(), () => client.liveServer(), () => client.liveServer(), () => client.liveBootVolume()]
      : [() => client.reap('server')]),
  ]
  await chance.pick(lives)()
}

const note = (list: string[], what: string) => {
  if (!list.includes(what)) list.push(what)
}

const sayNew = (say: (line: string) => void, list: string[], before: number) => {
  for (const what of list.slice(before)) say(`  ${what}`)
}

/** Waits until nothing is under way, then holds everything against what was promised. */
async function check(cloud: CloudUnderFire, ledger: Ledger, result: StormResult) {
  for (const entry of ledger.entries) entry.isBusy = false
  const stuck = await settled(cloud)
  for (const what of stuck) note(result.violations, what)
  const broken = await withRows(cloud, async (rows) => [
    ...(await brokenPromises(ledger, rows)),
    ...(await danglingRows(rows)),
  ])
  for (const what of broken) note(result.violations, what)
  const first = await untilSame(cloud, 5000)
  if (first.length === 0) return
  // A start looks at everything at once: what it repairs would have been repaired by a reconciler in its time.
  await cloud.kill()
  await cloud.start()
  await settled(cloud)
  const second = await untilSame(cloud, 15_000)
  for (const what of first) if (!second.includes(what)) note(result.late, what)
  for (const what of second) note(result.violations, what)
}

/** What is still under way when the time is up. */
async function settled(cloud: CloudUnderFire): Promise<string[]> {
  const end = Date.now() + quietWithinMs
  for (;;) {
    const wrong = await withRows(cloud, unsettledRows)
    if (wrong.length === 0 || Date.now() > end) return wrong
    await pause(100)
  }
}

/** Differences between rows and hosts that stay for so long. */
async function untilSame(cloud: CloudUnderFire, withinMs: number): Promise<string[]> {
  const end = Date.now() + withinMs
  for (;;) {
    const wrong = await withRows(cloud, async (rows) =>
      cloud.settings.isReal
        ? realDifferences(cloud, rows)
        : [
            ...(await hostDifferences(rows, cloud.hostName, await observeAgent(cloud))),
            ...(await imageFiles(cloud, rows)),
          ],
    )
    if (wrong.length === 0 || Date.now() > end) return wrong
    await pause(200)
  }
}
