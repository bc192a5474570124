// Writes that no sample tries yet, by the names that `writes.ts` gives them. This list may only shrink.
export const knownGaps: readonly string[] = []
