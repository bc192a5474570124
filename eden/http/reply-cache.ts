// Replies to reads that would come out the same: kept as text until a table that they were made from is written.
import type { Call } from '../call.ts'
import { anyTable, type Store } from '../store/store.ts'
import type { RawRequest, Reply } from './request.ts'

const repliesKept = 500
const largestBytes = 2 * 1024 * 1024
/** Rules may change without a commit; nothing is kept for longer than this. */
const keptForMs = 5000

interface Kept {
  /** Generation of each table that was read. */
  tables: [table: string, generation: number][]
  until: number
  status: number
  headers: Reply['headers']
  body: Buffer
}

/**
 * For routes that say `isPure`: their reply depends on the request, the caller and rows alone. Which tables an
 * operation read is noted while it runs, its neighbours' included. Only where this process is the database's one
 * writer, since no other's commits could be missed then.
 */
export class ReplyCache {
  readonly #store: Store
  readonly #kept = new Map<string, Kept>()

  constructor(store: Store) {
    this.#store = store
  }

  find(key: string, now: number): Reply | undefined {
    const kept = this.#kept.get(key)
    if (!kept) return undefined
    const isCurrent = kept.until > now && kept.tables.every(([table, seen]) => this.#store.generationOf(table) === seen)
    if (!isCurrent) {
      this.#kept.delete(key)
      return undefined
    }
    return { status: kept.status, headers: { ...kept.headers }, body: kept.body }
  }

  /** Notes the reply; `before` are the generations from before the operation ran. Gives it back as text. */
  keep(key: string, call: Call, before: number, reply: Reply): Reply {
    if (
      reply.status !== 200 ||
      typeof reply.body !== 'object' ||
      reply.body === null ||
      reply.body instanceof Uint8Array
    )
      return reply
    const body = Buffer.from(JSON.stringify(reply.body))
    const headers = { 'content-type': 'application/json', ...reply.headers }
    const isUnchanged = this.#store.generation === before && !call.tablesRead?.has(anyTable)
    if (isUnchanged && body.length <= largestBytes) {
      if (this.#kept.size >= repliesKept) this.#kept.delete(this.#kept.keys().next().value ?? '')
      const tables = [...(call.tablesRead ?? [])].map((table): [string, number] => [
        table,
        this.#store.generationOf(table),
      ])
      this.#kept.set(key, { tables, until: call.clock.now() + keptForMs, status: reply.status, headers, body })
    }
    return { status: reply.status, headers: { ...headers }, body }
  }
}

/** Everything of request and caller that a pure operation can see. */
export const replyKey = (call: Call, raw: RawRequest): string => {
  const { userId, projectId, domainId, systemScope, roles } = call.credentials
  return [
    raw.url,
    raw.origin,
    call.version,
    userId,
    projectId,
    domainId,
    systemScope,
    roles.join(),
    raw.headers.accept,
  ].join('\n')
}
