// One request that writes, as data: what sweeps send, and what later requests need of its reply.
import type { Answer } from '../client.ts'

export type Made = Record<string, string>

export interface Sample {
  /** `POST /v2/images/{image}/file`; a name in braces, here and everywhere below, is what an earlier sample kept. */
  ask: string
  /** Bytes go as they are, everything else as JSON. */
  body?: unknown
  headers?: Record<string, string>
  /** Microversion; the newest unless told. */
  version?: string
  /** Asked of another service than the table's own. */
  of?: string
  /** With the rights that services have among themselves. */
  asCloud?: true
  /** What to keep of the reply, under which name: `{ server: 'server.id' }`; `headers.x-subject-token` is a header. */
  keeps?: Record<string, string>
  /** The refusal that the real call gets as well. */
  refuses?: number
  /** The one table that changes in a dry run as well; the sample says why. */
  changesTable?: string
  /** Only makes what later samples need, and is not tried dry. */
  prepares?: true
  /** `volume.extend grow`: the job that this starts fails in this step. */
  fails?: string
  /** `volume.create make`: the job that this starts waits before this step until the next sample was tried. */
  holds?: string
}

/** Puts what was kept in the place of its name in braces. @throws for names that nothing has kept. */
export function filled<T>(value: T, made: Made): T {
  if (typeof value === 'string')
    return value.replace(/\{(\w+)\}/g, (_, name: string) => {
      const kept = made[name]
      if (kept === undefined) throw new Error(`no earlier sample kept '${name}'`)
      return kept
    }) as T
  if (Array.isArray(value)) return value.map((item) => filled(item, made)) as T
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [filled(key, made), filled(item, made)])) as T
  return value
}

/** What a sample keeps of its reply. @throws where the reply does not have it. */
export function kept({ ask, keeps = {} }: Sample, answer: Answer): Made {
  return Object.fromEntries(
    Object.entries(keeps).map(([name, path]) => {
      const [first, ...rest] = path.split('.')
      const value =
        first === 'headers'
          ? answer.headers.get(rest.join('.'))
          : [first!, ...rest].reduce<unknown>(
              (at, key) => (at as Record<string, unknown> | undefined)?.[key],
              answer.body,
            )
      if (value === undefined || value === null) throw new Error(`${ask} replied without ${path}: ${answer.text}`)
      return [name, String(value)]
    }),
  )
}
