// Chooses the host of a volume: a pure function that says why it rejected whom.

export interface Pool {
  host: string
  isUp: boolean
  isEnabled: boolean
  zone: string
  totalGiB: number
  freeGiB: number
  thinProvisioning: boolean
  /** What extra specs are compared with: `volume_backend_name`, `vendor_name` ... */
  capabilities: Record<string, string>
  /** GiB of the volumes that are placed there already. */
  promisedGiB: number
}

export interface Wish {
  sizeGiB: number
  zone: string | null
  extraSpecs: Record<string, string>
  /** Hosts of the snapshot or volume that it is copied from; any where absent. */
  onlyHost?: string
}

export type Choice = { host: string } | { rejected: { host: string; why: string }[] }

/** Thin pools may promise this many times what they have. */
const overcommit = 20

/** The host with the most room that satisfies the wish; ties go to the first name. */
export function choosePool(pools: readonly Pool[], wish: Wish): Choice {
  const rejected: { host: string; why: string }[] = []
  const fitting: { host: string; room: number }[] = []
  for (const pool of pools) {
    const why = misfit(pool, wish)
    if (why) rejected.push({ host: pool.host, why })
    else fitting.push({ host: pool.host, room: roomOf(pool) })
  }
  fitting.sort((a, b) => b.room - a.room || (a.host < b.host ? -1 : 1))
  return fitting[0] ? { host: fitting[0].host } : { rejected }
}

const roomOf = (pool: Pool) => (pool.thinProvisioning ? pool.totalGiB * overcommit - pool.promisedGiB : pool.freeGiB)

function misfit(pool: Pool, { sizeGiB, zone, extraSpecs, onlyHost }: Wish): string | undefined {
  if (onlyHost !== undefined && pool.host !== onlyHost) return `the source is on ${onlyHost}`
  if (!pool.isUp) return 'it does not answer'
  if (!pool.isEnabled) return 'it is disabled'
  if (zone !== null && pool.zone !== zone) return `it is in the zone ${pool.zone}, not ${zone}`
  for (const [key, wanted] of Object.entries(extraSpecs)) {
    const name = key.startsWith('capabilities:') ? key.slice('capabilities:'.length) : key
    // Other scopes are for drivers.
    if (name.includes(':')) continue
    const has = pool.capabilities[name]
    if (has === undefined) return `it says nothing of '${name}'`
    if (!satisfies(has, wanted)) return `its '${name}' is '${has}', not '${wanted}'`
  }
  const room = roomOf(pool)
  if (room < sizeGiB) return `it has room for ${Math.max(0, Math.floor(room))} GiB, not for ${sizeGiB}`
  return undefined
}

/** The words of extra specs: `<is> True`, `<in> text`, `<or> a <or> b`, or the value itself. */
function satisfies(has: string, wanted: string): boolean {
  const lower = has.toLowerCase()
  const is = /^<is>\s*(.*)$/i.exec(wanted)
  if (is) return lower === is[1]!.trim().toLowerCase()
  const within = /^<in>\s*(.*)$/i.exec(wanted)
  if (within) return lower.includes(within[1]!.trim().toLowerCase())
  if (wanted.startsWith('<or>'))
    return wanted
      .split('<or>')
      .slice(1)
      .some((one) => one.trim().toLowerCase() === lower)
  return lower === wanted.toLowerCase()
}
