// Times as Keystone writes them: microseconds, of which we know the first three digits.

/** `2026-11-22T20:00:00.123000Z`. */
export const wireTime = (ms: number) => new Date(ms).toISOString().replace('Z', '000Z')

export const wireTimeOf = (iso: string | null) => (iso === null ? null : wireTime(Date.parse(iso)))
