// A map that forgets what was not asked for longest.
export class Recent<V> {
  readonly #most: number
  readonly #entries = new Map<string, V>()

  /** @param most entries that are kept. */
  constructor(most: number) {
    this.#most = most
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  set(key: string, value: V) {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size > this.#most) this.#entries.delete(this.#entries.keys().next().value as string)
  }

  clear() {
    this.#entries.clear()
  }
}
