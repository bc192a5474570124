// Makes tokens and says who holds one. A token needs no row; what it stands on is looked at again whenever that changes.
import type { Ground } from '../../../eden/call.ts'
import type { Readable } from '../../../eden/store/store.ts'
import { type RoleGraph, roleGraph } from '../assignments/effective.ts'
import { decrypt, encrypt } from './cipher.ts'
import { type Claims, pack, unpack } from './claims.ts'
import { type Holder, holderOf } from './holder.ts'
import type { KeyRepository } from './key-repository.ts'
import { Recent } from './recent.ts'
import type { Remembered } from './remembered.ts'

/** First byte of every token of this form. */
const tokenVersion = 0xc1

interface Known {
  holder: Holder
  /** Replies made from it, by variant. */
  bodies: Map<string, unknown>
}

export class Tokens {
  readonly keys: KeyRepository
  readonly #ground: Ground
  readonly #remembered: Remembered
  readonly #known: Recent<Known>
  #epoch = 0

  constructor(ground: Ground, keys: KeyRepository, remembered: Remembered, cacheSize: number) {
    this.keys = keys
    this.#ground = ground
    this.#remembered = remembered
    this.#known = new Recent(cacheSize)
    remembered.onForgotten(() => {
      this.#epoch++
      this.#known.clear()
    })
  }

  get #reads(): Readable {
    return this.#ground.store.reads()
  }

  graph(): Promise<RoleGraph> {
    return this.#remembered.get('roles', () => roleGraph(this.#reads))
  }

  /** The token, some 150 characters of URL-safe base64. */
  seal(claims: Claims): string {
    return encrypt(this.keys, tokenVersion, pack(claims)).toString('base64url')
  }

  /** A fresh audit id: 16 random bytes, 22 characters. */
  auditId(): string {
    return this.#ground.ids.secret(16).toString('base64url')
  }

  /** Who would hold a token with these claims; undefined where they hold nothing. */
  async holder(claims: Claims): Promise<Holder | undefined> {
    return holderOf(this.#reads, await this.graph(), claims, this.#ground.clock.now())
  }

  /** The holder of a token that is good at this moment. */
  async find(token: string): Promise<Holder | undefined> {
    return (await this.#find(token))?.holder
  }

  /** What is made of a token's holder, kept as long as nothing changes. */
  async made<T>(token: string, variant: string, make: (holder: Holder) => Promise<T>): Promise<T | undefined> {
    const known = await this.#find(token)
    if (!known) return undefined
    const before = known.bodies.get(variant) as T | undefined
    if (before !== undefined) return before
    const value = await make(known.holder)
    known.bodies.set(variant, value)
    return value
  }

  async #find(token: string): Promise<Known | undefined> {
    const known = this.#known.get(token)
    if (known) return isOver(known.holder, this.#ground.clock.now()) ? undefined : known
    const epoch = this.#epoch
    const claims = this.#open(token)
    if (!claims) return undefined
    const holder = await this.holder(claims)
    if (!holder) return undefined
    const found = { holder, bodies: new Map() }
    // What was read before a change must not outlive it.
    if (epoch === this.#epoch) this.#known.set(token, found)
    return found
  }

  #open(token: string): Claims | undefined {
    if (token.length > 500 || !/^[\w-]+$/.test(token)) return undefined
    const plain = decrypt(this.keys, tokenVersion, Buffer.from(token, 'base64url'))
    if (!plain) return undefined
    const claims = unpack(plain)
    return claims.expiresAtMs > this.#ground.clock.now() ? claims : undefined
  }
}

/** Has the token's time run out, or that of what it stands on? */
function isOver({ claims, applicationCredential, trust }: Holder, nowMs: number): boolean {
  if (claims.expiresAtMs <= nowMs) return true
  const until = applicationCredential?.expiresAt ?? trust?.expiresAt
  return until ? Date.parse(until) <= nowMs : false
}
