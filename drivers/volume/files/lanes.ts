// One thing at a time per name; what is asked meanwhile waits its turn.

export class Lanes {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs after everything that was asked under this name before; a failure is its caller's and stops nobody else. */
  run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const result = (this.#last.get(name) ?? Promise.resolve()).then(task, task)
    const settled = result.then(
      () => undefined,
      () => undefined,
    )
    this.#last.set(name, settled)
    settled.then(() => this.#last.get(name) === settled && this.#last.delete(name))
    return result
  }
}
