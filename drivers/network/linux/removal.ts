// Takes interfaces and namespaces away; many at once, because the kernel pauses for each interface deleted by itself.
import { ipBatch, readJson } from './commands.ts'

/** An interface group that nothing else is likely to use; it is checked all the same. */
const doomedGroup = 1_668_247_148
const fewEnough = 4

/** `links` must be ours. Deleting 500 taps one by one took 12 s, as one group a fraction of it. */
export async function removeFromHost(links: string[], namespaces: string[]): Promise<void> {
  const isGroup = links.length > fewEnough && (await groupHoldsOnly(new Set(links)))
  const lines = isGroup
    ? [...links.map((name) => `link set ${name} group ${doomedGroup}`), `link del group ${doomedGroup}`]
    : links.map((name) => `link del ${name}`)
  await ipBatch([...lines, ...namespaces.map((name) => `netns del ${name}`)])
}

async function groupHoldsOnly(ours: Set<string>): Promise<boolean> {
  const members = await readJson<{ ifname: string }>('ip', ['-j', 'link', 'show', 'group', String(doomedGroup)])
  return members.every(({ ifname }) => ifname === undefined || ours.has(ifname))
}
