// Durations as people write them in code and settings.

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** Milliseconds of `90s`, `5m`, `250ms`; a number is milliseconds already. */
export function milliseconds(duration: Duration): number {
  if (typeof duration === 'number') return duration
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration)
  if (!match) throw new Error(`'${duration}' is no duration: write 250ms, 30s, 5m, 2h or 1d`)
  return Number(match[1]) * units[match[2]!]!
}
