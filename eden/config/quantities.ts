// Durations and sizes as operators write them, always with a unit so that nobody has to guess it.

const millisecondsIn: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const bytesIn: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

/**
 * Milliseconds of `30s`, `5m`, `1h30m`, `250 ms`; plain `0` needs no unit.
 * @throws RangeError that shows how to write it.
 */
export function parseDurationMs(text: string): number {
  const compact = text.replace(/\s+/g, '')
  if (compact === '0') return 0
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(compact)) {
    throw new RangeError(`"${text}" is not a duration; write it with a unit, like 250ms, 30s, 5m, 2h or 1d`)
  }
  let total = 0
  for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * millisecondsIn[unit!]!
  }
  return total
}

/**
 * Bytes of `20 GiB`, `512MiB`, `1.5 TB`; plain `0` needs no unit.
 * @throws RangeError that shows how to write it.
 */
export function parseSizeBytes(text: string): number {
  const found = /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$/.exec(text)
  const unit = Object.keys(bytesIn).find((name) => name.toLowerCase() === found?.[2]?.toLowerCase())
  if (found && Number(found[1]) === 0 && found[2] === '') return 0
  if (!found || !unit) {
    throw new RangeError(`"${text}" is not a size; write it with a unit, like 512 MiB, 20 GiB or 1.5 TB`)
  }
  return Math.round(Number(found[1]) * bytesIn[unit]!)
}

/** The shortest exact way to write a duration: `90s` as `90s`, 3,600,000 as `1h`. */
export function formatDuration(durationMs: number): string {
  return largestUnit(durationMs, Object.entries(millisecondsIn).reverse(), 'ms', '')
}

/** The shortest exact way to write a size, in binary units. */
export function formatSize(bytes: number): string {
  const binary = Object.entries(bytesIn).filter(([name]) => name === 'B' || name.endsWith('iB'))
  return largestUnit(bytes, binary.reverse(), 'B', ' ')
}

function largestUnit(amount: number, units: [string, number][], smallest: string, space: string): string {
  const [name, per] = (amount !== 0 && units.find(([, size]) => amount % size === 0)) || [smallest, 1]
  return `${amount / per}${space}${name}`
}
