// Takes interfaces and namespaces away; many at once, because the kernel pauses for each interface deleted by itself.
import { CommandFailed, ipBatch, readJson } from './commands.ts'
import { listNamespaces } from './namespaces.ts'

/** An interface group that nothing else is likely to use; it is checked all the same. */
const doomedGroup = 1_668_247_148
const fewEnough = 4
const attempts = 5

/**
 * `links` must be ours. Deleting 500 taps one by one took 12 s, as one group less than one. What vanishes meanwhile,
 * because the kernel is still clearing away a namespace that held the other end, counts as removed.
 */
export async function removeFromHost(links: string[], namespaces: string[]): Promise<void> {
  let [leftLinks, leftNamespaces] = [links, namespaces]
  for (let attempt = 1; leftLinks.length + leftNamespaces.length > 0; attempt++) {
    try {
      return await removeOnce(leftLinks, leftNamespaces)
    } catch (error) {
      if (!(error instanceof CommandFailed) || attempt === attempts) throw error
      const standing = new Set((await readJson<Listed>('ip', ['-j', 'link', 'show'])).map(({ ifname }) => ifname))
      leftLinks = leftLinks.filter((name) => standing.has(name))
      const names = new Set(listNamespaces())
      leftNamespaces = leftNamespaces.filter((name) => names.has(name))
    }
  }
}

interface Listed {
  ifname?: string
}

async function removeOnce(links: string[], namespaces: string[]): Promise<void> {
  const isGroup = links.length > fewEnough && (await groupHoldsOnly(new Set(links)))
  const lines = isGroup
    ? [...links.map((name) => `link set ${name} group ${doomedGroup}`), `link del group ${doomedGroup}`]
    : links.map((name) => `link del ${name}`)
  await ipBatch([...lines, ...namespaces.map((name) => `netns del ${name}`)])
}

async function groupHoldsOnly(ours: Set<string>): Promise<boolean> {
  const members = await readJson<Listed>('ip', ['-j', 'link', 'show', 'group', String(doomedGroup)])
  return members.every(({ ifname }) => ifname === undefined || ours.has(ifname))
}
