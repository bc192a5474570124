// What really stands on this machine, found without the cloud's own drivers: processes, links, namespaces, rules, files.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { namesFor } from '../../drivers/network/linux/names.ts'
import type { CloudUnderFire } from './cloud-under-fire.ts'
import { compared, filesBelow, imageFiles, namesIn } from './files.ts'
import type { Rows, SqlRow } from './rows.ts'

const nodeFolder = (cloud: CloudUnderFire) => (cloud.isSplit ? join(cloud.folder, 'h') : cloud.state)

/** QEMU processes of this cloud by server id. */
export function guestProcesses(cloud: CloudUnderFire): Map<string, number> {
  const found = new Map<string, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const words = commandLine(name)
    const id = words[words.indexOf('-uuid') + 1]
    if (words[0]?.includes('qemu-system') && id && words.some((word) => word.includes(cloud.folder)))
      found.set(id, Number(name))
  }
  return found
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

const json = <T>(program: string, parameters: string[]): T[] => {
  const text = execFileSync(program, parameters, { encoding: 'utf8', timeout: 20_000 })
  return text.trim() === '' ? [] : (JSON.parse(text) as T[])
}

/** Where this machine and the rows differ, in words. */
export async function realDifferences(cloud: CloudUnderFire, rows: Rows): Promise<string[]> {
  const servers = (await rows('compute_servers')).filter((row) => row.host !== null)
  const running = servers.filter(({ state }) => state === 'active' || state === 'paused')
  const guests = servers.map(({ id }) => id)
  const node = nodeFolder(cloud)
  return [
    ...compared(
      'guest process',
      running.map(({ id }) => id),
      guestProcesses(cloud).keys(),
    ),
    ...compared('guest folder', guests, namesIn(join(node, 'compute', 'guests'))),
    ...compared(
      'cached image',
      new Set(servers.flatMap(({ image_id }) => image_id ?? [])),
      namesIn(join(node, 'compute', 'images')),
    ).filter((what) => !what.endsWith('missing')),
    ...(await networkDifferences(cloud, rows)),
    ...(await volumeDifferences(node, rows)),
    ...(await imageFiles(cloud, rows)),
  ]
}

async function networkDifferences(cloud: CloudUnderFire, rows: Rows): Promise<string[]> {
  const { prefix } = cloud.settings
  const names = namesFor(prefix)
  const ports = await rows('network_ports')
  const routers = await rows('network_routers')
  const networks = new Map((await rows('network_networks')).map((row) => [row.id, row]))
  const subnets = await rows('network_subnets')
  const plugged = ports.filter((row) => row.host !== '' && !String(row.device_owner).startsWith('network:'))
  const legs = ports.filter((row) => routers.some(({ id }) => id === row.device_id))
  const used = [...new Set([...plugged, ...legs].map(({ network_id }) => network_id))].map((id) => networks.get(id)!)
  const hasDhcp = (row: SqlRow) => subnets.some((one) => one.network_id === row.id && Number(one.enable_dhcp) === 1)
  const outer = used.filter((row) => row.network_type === 'flat')
  const inner = used.filter((row) => row.network_type !== 'flat')
  const named = (kind: 'n' | 'x' | 'p' | 'r', list: SqlRow[]) =>
    list.map(({ id }) => names.interfaceFor(kind, String(id)))
  const links = json<{ ifname: string }>('ip', ['-j', 'link', 'show']).map(({ ifname }) => ifname)
  const ours = links.filter((name) => names.kindOf(name) && names.kindOf(name) !== 'm')
  const wantedLinks = [...named('n', inner), ...named('x', outer), ...named('p', plugged), ...named('r', legs)]
  const spaces = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8', timeout: 20_000 })
    .split('\n')
    .map((line) => line.split(' ')[0]!)
    .filter((name) => name.startsWith(`${prefix}-`))
  const wantedSpaces = [
    ...routers.map(({ id }) => names.routerNamespace(String(id))),
    ...inner.filter(hasDhcp).map(({ id }) => names.serviceNamespace(String(id))),
  ]
  const groups = new Set((await rows('network_security_groups')).map(({ id }) => String(id)))
  const keys = [...tableText(prefix).matchAll(/[0-9a-f]{8}(?:_[0-9a-f]{4}){3}_[0-9a-f]{12}/g)].map(([key]) =>
    key.replaceAll('_', '-'),
  )
  const taps = [...tableText(prefix).matchAll(new RegExp(`${prefix}p[0-9a-f]+`, 'g'))].map(([name]) => name)
  return [
    ...compared('link', wantedLinks, ours),
    ...compared('namespace', wantedSpaces, spaces),
    ...keys.filter((id) => !groups.has(id)).map((id) => `the rules name group ${id}, which no row knows`),
    ...taps
      .filter((name) => !named('p', plugged).includes(name))
      .map((name) => `the rules name ${name}, which no row wants`),
  ]
}

function tableText(prefix: string): string {
  return ['inet', 'bridge']
    .map((family) => {
      try {
        return execFileSync('nft', ['list', 'table', family, prefix], {
          encoding: 'utf8',
          stdio: 'pipe',
          timeout: 20_000,
        })
      } catch {
        return ''
      }
    })
    .join('')
}

async function volumeDifferences(node: string, rows: Rows): Promise<string[]> {
  const folder = join(node, 'volumes')
  const volumes = (await rows('volume_volumes')).filter(({ host }) => host !== null)
  const stems = namesIn(join(folder, 'volumes')).map((name) => name.replace(/\.(qcow2|raw)$/, ''))
  const attachments = (await rows('volume_attachments')).filter(({ connection }) => connection !== null)
  const noted = JSON.parse(readFileSync(join(folder, 'connections.json'), 'utf8')) as {
    connections: { attachmentId: string }[]
  }
  const snapshots = (await rows('volume_snapshots')).length
  const inFiles = namesIn(join(folder, 'volumes')).reduce(
    (sum, name) => sum + snapshotsIn(join(folder, 'volumes', name)),
    0,
  )
  return [
    ...compared(
      'volume file',
      volumes.map(({ id }) => id),
      stems,
    ),
    ...compared(
      'connection',
      attachments.map(({ id }) => id),
      noted.connections.map(({ attachmentId }) => attachmentId),
    ),
    ...compared('unfinished file', [], filesBelow(join(folder, 'work'))),
    ...(snapshots === inFiles ? [] : [`${snapshots} snapshots have rows, ${inFiles} are in files`]),
  ]
}

function snapshotsIn(path: string): number {
  const text = execFileSync('qemu-img', ['info', '-U', '--output=json', path], { encoding: 'utf8', timeout: 20_000 })
  return (JSON.parse(text) as { snapshots?: unknown[] }).snapshots?.length ?? 0
}
