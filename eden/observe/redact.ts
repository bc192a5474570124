// Keeps secrets out of logs: by the name of the field at any depth, and passwords inside URLs by their shape.

import { mask } from '../config/secret.ts'

const secretName =
  /^(.*(password|passwd|passphrase|secret|secrets|privatekey|secretkey)|(.*(auth|access|refresh|subject|service|session|bearer|storage|admin)-?)?tokens?|x-.*-token|.*adminpass|original_password|authorization|proxy-authorization|cookie|set-cookie|signature|.*apikey|.*encryptionkey|userdata|blob|otlpheaders)$/

/** True for names such as `adminPass`, `X-Auth-Token`, `db_password`, whose values are never written. */
export function isSecretName(name: string): boolean {
  let known = verdicts.get(name)
  if (known === undefined) {
    known = secretName.test(name.toLowerCase().replace(/[_]/g, '')) || secretName.test(name.toLowerCase())
    // Names come from code and, now and then, from requests: remember only so many.
    if (verdicts.size < 4096) verdicts.set(name, known)
  }
  return known
}
const verdicts = new Map<string, boolean>()

// Quotes and backslashes end a match: these run over whole JSON lines, which must stay JSON.
const urlPassword = /([a-z][a-z0-9+.-]*:\/\/[^\s/:@"\\]*):[^\s/@"\\]+@/gi
const urlSecret = /([?&](?:[\w-]*token|password|secret|temp_url_sig|x-amz-signature|signature)=)[^&\s"\\]+/gi

/** Text, or a whole line of JSON, with passwords and tokens in URLs masked. */
export function redactText(text: string): string {
  if (!text.includes('://') && !text.includes('?')) return text
  return text.replace(urlPassword, `$1:${mask}@`).replace(urlSecret, `$1${mask}`)
}

const deepest = 8

/** The value with fields of secret name masked. Copies only the parts that change, so that clean lines cost no allocation. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error || Buffer.isBuffer(value)) return value
  if (depth >= deepest) return '[deeper than the log shows]'
  if (Array.isArray(value)) return redactList(value, depth)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  let copy: Record<string, unknown> | undefined
  for (const [name, inner] of Object.entries(value)) {
    const hidden = inner !== undefined && inner !== null && isSecretName(name) ? mask : redact(inner, depth + 1)
    if (hidden === inner) continue
    copy ??= { ...value }
    copy[name] = hidden
  }
  return copy ?? value
}

function redactList(list: readonly unknown[], depth: number): readonly unknown[] {
  let copy: unknown[] | undefined
  for (let i = 0; i < list.length; i++) {
    const hidden = redact(list[i], depth + 1)
    if (hidden === list[i]) continue
    copy ??= [...list]
    copy[i] = hidden
  }
  return copy ?? list
}
