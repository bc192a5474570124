// Rows kept in memory with the ways they are looked up.

export class Table<R extends { id: string }> {
  readonly #rows = new Map<string, R>()
  readonly #indexes = new Map<string, { keysOf: (row: R) => readonly string[]; found: Map<string, Map<string, R>> }>()

  constructor(indexes: Record<string, (row: R) => readonly string[]>) {
    for (const [name, keysOf] of Object.entries(indexes)) this.#indexes.set(name, { keysOf, found: new Map() })
  }

  get(id: string): R | undefined {
    return this.#rows.get(id)
  }

  all(): Iterable<R> {
    return this.#rows.values()
  }

  by(index: string, key: string): R[] {
    const found = this.#indexes.get(index)!.found.get(key)
    return found ? [...found.values()] : []
  }

  put(row: R) {
    this.drop(row.id)
    this.#rows.set(row.id, row)
    for (const { keysOf, found } of this.#indexes.values())
      for (const key of keysOf(row)) {
        const entry = found.get(key)
        if (entry) entry.set(row.id, row)
        else found.set(key, new Map([[row.id, row]]))
      }
  }

  drop(id: string) {
    const row = this.#rows.get(id)
    if (!row) return
    this.#rows.delete(id)
    for (const { keysOf, found } of this.#indexes.values())
      for (const key of keysOf(row)) {
        const entry = found.get(key)
        entry?.delete(id)
        if (entry?.size === 0) found.delete(key)
      }
  }

  clear() {
    this.#rows.clear()
    for (const { found } of this.#indexes.values()) found.clear()
  }
}
