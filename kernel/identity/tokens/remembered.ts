// What is computed from identity's rows and kept until any of them changes, here or in another process.
import type { Store } from '../../../eden/store/store.ts'

export class Remembered {
  readonly #values = new Map<string, Promise<unknown>>()
  readonly #forget = new Set<() => void>()

  constructor(store: Store) {
    store.onCommit((changes) => {
      if (changes.length > 0 && !changes.some(({ service }) => service === 'identity')) return
      this.#values.clear()
      for (const forget of this.#forget) forget()
    })
  }

  /** Calls back whenever something may have changed. */
  onForgotten(forget: () => void) {
    this.#forget.add(forget)
  }

  /** The value under `key`, loaded once. A load that began before a change is never given to those who ask after it. */
  get<T>(key: string, load: () => Promise<T>): Promise<T> {
    const known = this.#values.get(key)
    if (known) return known as Promise<T>
    const loading = load()
    this.#values.set(key, loading)
    loading.catch(() => {
      if (this.#values.get(key) === loading) this.#values.delete(key)
    })
    return loading
  }
}
