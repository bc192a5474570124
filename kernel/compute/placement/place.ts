// Chooses a host: filters say which cannot take a server and why, weights say which of the rest is best. Pure.

export interface Size {
  vcpus: number
  memoryMiB: number
  diskGiB: number
}

export interface Candidate {
  name: string
  zone: string
  /** What may be promised: allocation ratios and reserves are counted in. */
  capacity: Size
  used: Size
  isUp: boolean
  /** Why no new servers may come here; absent where they may. */
  disabled?: string
}

export interface GroupWish {
  policy: 'affinity' | 'anti-affinity' | 'soft-affinity' | 'soft-anti-affinity'
  maxPerHost: number
  /** Members by host. */
  members: ReadonlyMap<string, number>
}

export interface Wish extends Size {
  zone?: string
  host?: string
  group?: GroupWish
  /** Hosts of servers that the caller wants to be near to, or away from. */
  sameHosts?: string[]
  differentHosts?: string[]
}

export interface Rejection {
  host: string
  filter: string
  why: string
  /** 0 to 1: how far a capacity filter was missed; undefined where there is no nearness. */
  missedBy?: number
}

export interface Placement {
  host: string | undefined
  rejections: Rejection[]
}

interface Verdict {
  why: string
  missedBy?: number
}

type Filter = (candidate: Candidate, wish: Wish) => Verdict | undefined

const capacity =
  (what: keyof Size, says: string): Filter =>
  ({ capacity, used }, wish) => {
    if (wish[what] <= 0) return undefined
    const free = Math.max(0, capacity[what] - used[what])
    if (wish[what] <= free) return undefined
    return {
      why: `${wish[what]} ${says} asked, ${free} of ${capacity[what]} free`,
      missedBy: (wish[what] - free) / wish[what],
    }
  }

/** In the order in which they are asked; the first that rejects is named. */
const filters: [string, Filter][] = [
  ['up', ({ isUp }) => (isUp ? undefined : { why: 'the host does not answer' })],
  [
    'enabled',
    ({ disabled }) => (disabled === undefined ? undefined : { why: `disabled: ${disabled || 'no reason given'}` }),
  ],
  [
    'host',
    ({ name }, { host }) => (host === undefined || host === name ? undefined : { why: `only '${host}' was asked for` }),
  ],
  [
    'zone',
    ({ zone }, { zone: wanted }) =>
      wanted === undefined || wanted === zone ? undefined : { why: `is in zone '${zone}', asked was '${wanted}'` },
  ],
  [
    'same_host',
    ({ name }, { sameHosts }) =>
      !sameHosts?.length || sameHosts.includes(name)
        ? undefined
        : { why: `not where the named servers are: ${sameHosts.join(', ')}` },
  ],
  [
    'different_host',
    ({ name }, { differentHosts }) =>
      differentHosts?.includes(name) ? { why: 'one of the named servers is here' } : undefined,
  ],
  ['group', groupFilter],
  ['vcpus', capacity('vcpus', 'VCPU')],
  ['memory', capacity('memoryMiB', 'MiB of memory')],
  ['disk', capacity('diskGiB', 'GiB of disk')],
]

function groupFilter({ name }: Candidate, { group }: Wish): Verdict | undefined {
  if (!group) return undefined
  const here = group.members.get(name) ?? 0
  if (group.policy === 'anti-affinity' && here >= group.maxPerHost)
    return { why: `${here} member(s) of the anti-affinity group are here already` }
  if (group.policy === 'affinity' && group.members.size > 0 && here === 0)
    return { why: `the members of the affinity group are on ${[...group.members.keys()].join(', ')}` }
  return undefined
}

/** Larger is better: what soft group policies want first, then free memory. */
function weight({ name, capacity, used }: Candidate, { group }: Wish): number {
  const free = capacity.memoryMiB > 0 ? (capacity.memoryMiB - used.memoryMiB) / capacity.memoryMiB : 0
  const members = group?.members.get(name) ?? 0
  if (group?.policy === 'soft-affinity') return members * 1000 + free
  if (group?.policy === 'soft-anti-affinity') return members * -1000 + free
  return free
}

/** The best host that every filter lets through, and why each of the others was rejected. */
export function place(candidates: readonly Candidate[], wish: Wish): Placement {
  const rejections: Rejection[] = []
  let best: { candidate: Candidate; weight: number } | undefined
  for (const candidate of candidates) {
    const rejection = rejected(candidate, wish)
    if (rejection) {
      rejections.push(rejection)
      continue
    }
    const itsWeight = weight(candidate, wish)
    if (!best || itsWeight > best.weight) best = { candidate, weight: itsWeight }
  }
  return { host: best?.candidate.name, rejections }
}

function rejected(candidate: Candidate, wish: Wish): Rejection | undefined {
  for (const [filter, reject] of filters) {
    const verdict = reject(candidate, wish)
    if (verdict) return { host: candidate.name, filter, ...verdict }
  }
  return undefined
}

export const noHost = 'No valid host was found. There are not enough hosts available.'

/** For operators: how many hosts each filter rejected, and which came nearest. */
export function explain(rejections: readonly Rejection[]): string {
  if (rejections.length === 0) return 'There is no compute host yet.'
  const counts = new Map<string, number>()
  for (const { filter } of rejections) counts.set(filter, (counts.get(filter) ?? 0) + 1)
  const summary = [...counts].map(([filter, count]) => `${filter} rejected ${count}`).join(', ')
  const nearest = rejections
    .filter(({ missedBy }) => missedBy !== undefined)
    .sort((a, b) => a.missedBy! - b.missedBy!)[0]
  const shown = nearest ?? rejections[0]!
  return `Of ${rejections.length} hosts: ${summary}. Nearest miss: ${shown.host} (${shown.filter}: ${shown.why}).`
}
