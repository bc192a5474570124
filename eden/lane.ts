// One thing at a time: what is asked meanwhile waits its turn.

export class Lane {
  #last: Promise<void> = Promise.resolve()
  #unfinished = 0

  get isIdle(): boolean {
    return this.#unfinished === 0
  }

  /** Runs after everything that was asked before; a failure is its caller's and does not stop the lane. */
  run<T>(task: () => Promise<T>): Promise<T> {
    this.#unfinished += 1
    const result = this.#last.then(task)
    const finished = () => {
      this.#unfinished -= 1
    }
    this.#last = result.then(finished, finished)
    return result
  }
}

/** A lane for each name; names that nobody waits for take no room. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>()

  /** Runs after everything that was asked under this name before. */
  async run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(name) ?? new Lane()
    this.#lanes.set(name, lane)
    try {
      return await lane.run(task)
    } finally {
      if (lane.isIdle && this.#lanes.get(name) === lane) this.#lanes.delete(name)
    }
  }
}
