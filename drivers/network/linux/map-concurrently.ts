// A host may have hundreds of namespaces; this keeps the number of processes that work on them small.

/** Runs `work` on every item, at most `limit` at once; waits for all that began, then throws the first failure. */
export async function mapConcurrently<T>(
  limit: number,
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = [...items]
  const failures: unknown[] = []
  const lane = async () => {
    while (failures.length === 0) {
      const item = waiting.shift()
      if (item === undefined) return
      await work(item).catch((error: unknown) => failures.push(error))
    }
  }
  await Promise.all(Array.from({ length: limit }, lane))
  if (failures.length > 0) throw failures[0]
}
