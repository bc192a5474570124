// Reading JSON bodies within limits, and checking them against a schema with an answer that names the place.
import type { Readable } from 'node:stream'
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { badRequest, tooLarge } from '../errors.ts'

/** @throws 413 past the limit, 400 for what is no JSON. */
export async function readJson(stream: Readable, maxBytes: number): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) throw tooLarge(`The body is larger than the ${maxBytes} bytes that are accepted here.`)
    chunks.push(chunk)
  }
  if (size === 0) return undefined
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw badRequest('Malformed request body: it is not valid JSON.')
  }
}

const validators = new WeakMap<TSchema, Validator>()

/**
 * The value, once it fits the schema.
 * @throws 400 that names the first misfit's place.
 */
export function validate(schema: TSchema, value: unknown): unknown {
  let validator = validators.get(schema)
  if (!validator) {
    validator = Compile(schema)
    validators.set(schema, validator)
  }
  if (validator.Check(value)) return value
  const misfits = validator.Errors(value)
  // A union reports each branch; the deepest place is the one the caller meant.
  const first = [...misfits].sort((a, b) => b.instancePath.length - a.instancePath.length)[0]
  throw badRequest(sentence(first?.instancePath ?? '', first, value), {
    reason: { invalid: first?.instancePath ?? '' },
  })
}

function sentence(
  path: string,
  misfit: { keyword?: string; message?: string; params?: unknown } | undefined,
  value: unknown,
): string {
  const place = path === '' ? 'body' : path.slice(1).replaceAll('/', '.')
  const at = path
    .split('/')
    .slice(1)
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value)
  const params = misfit?.params as Record<string, unknown> | undefined
  if (misfit?.keyword === 'required')
    return `Invalid input for field/attribute ${place}. ${quoted(params?.requiredProperties)} is a required property.`
  if (misfit?.keyword === 'additionalProperties')
    return `Invalid input for field/attribute ${place}. Additional properties are not allowed (${quoted(params?.additionalProperties)} was unexpected).`
  return `Invalid input for field/attribute ${place}. Value: ${short(at)}. It ${misfit?.message ?? 'does not fit'}.`
}

const quoted = (names: unknown) =>
  (Array.isArray(names) ? names : [names]).map((name) => `'${String(name)}'`).join(', ')

const short = (value: unknown) => {
  const text = JSON.stringify(value) ?? 'undefined'
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
