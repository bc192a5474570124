// A setting's value that must not be shown: printing, logging or serializing it gives a mask.

import { inspect } from 'node:util'

export const mask = '••••••'

export class Secret {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }
  /** The value itself; call it where it is used, and keep the result out of logs. */
  reveal(): string {
    return this.#text
  }
  toString(): string {
    return mask
  }
  toJSON(): string {
    return mask
  }
  [inspect.custom](): string {
    return mask
  }
}
