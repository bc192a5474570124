// One guest does one thing at a time; what is asked meanwhile waits its turn.

export class Lane {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs after everything that was asked before; a failure is its caller's and does not stop the lane. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task, task)
    this.#last = result.catch(() => undefined)
    return result
  }
}
