// Starts QEMU programs so that one that comes up mute is replaced.
import { NoAnswer } from './qmp-client.ts'

/**
 * QEMU (seen with the storage daemon of 7.2 about once in 200 starts, reported for 10) can be caught by a client that
 * connects in its first moments: two of its threads accept on the same socket, one waits there for ever. Such a
 * program greets but never answers. A program that is new has done nothing yet, so it is simply replaced.
 */
const attempts = 3

export interface FreshStart<T> {
  /** Starts the program and speaks to it; after the last time nobody tries again. */
  start(isLast: boolean): Promise<T>
  /** Ends what a start left that failed; called after the last one too. */
  clear(): Promise<void>
  /** Told before the program is started again. */
  again(error: unknown): void
  /** Whether another start may go better. Default: where the program did not answer. */
  isWorthRepeating?(error: unknown): boolean
}

/** What the first start returns that succeeds; throws what the last one threw. */
export async function startUntilItAnswers<T>(program: FreshStart<T>): Promise<T> {
  const isWorthRepeating = program.isWorthRepeating ?? ((error) => error instanceof NoAnswer)
  for (let attempt = 1; ; attempt++) {
    try {
      return await program.start(attempt === attempts)
    } catch (error) {
      await program.clear()
      if (attempt === attempts || !isWorthRepeating(error)) throw error
      program.again(error)
    }
  }
}
