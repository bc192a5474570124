// A plain HTTP client for tests that look at the cloud from outside.
import type { DisposableCloud } from '../cloud/start-cloud.ts'

export interface Answer {
  status: number
  headers: Headers
  body: Record<string, unknown>
  text: string
}

export type Ask = (
  service: string,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer>

/** A token for a user of the cloud, by password. */
export async function token(
  authUrl: string,
  user: string,
  password: string,
  scope: object | undefined = { project: { name: 'admin', domain: { id: 'default' } } },
): Promise<string> {
  const response = await fetch(`${authUrl}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user: { name: user, domain: { id: 'default' }, password } } },
        ...(scope && { scope }),
      },
    }),
  })
  if (response.status !== 201) throw new Error(`no token for ${user}: ${response.status} ${await response.text()}`)
  return response.headers.get('x-subject-token') ?? ''
}

/** Asks with a token; a body that is no string or bytes becomes JSON. */
export function asker(urls: Record<string, string>, withToken: string): Ask {
  return async (service, method, path, body, headers = {}) => {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array
    const response = await fetch(`${urls[service]}${path}`, {
      method,
      headers: {
        'x-auth-token': withToken,
        ...(body !== undefined && { 'content-type': isRaw ? 'application/octet-stream' : 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: isRaw ? (body as string) : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = (response.headers.get('content-type') ?? '').includes('json') && text !== ''
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : {}, text }
  }
}

export const adminOf = async (cloud: DisposableCloud): Promise<Ask> =>
  asker(cloud.urls, await token(cloud.authUrl, 'admin', cloud.adminPassword))

/** Asks again until `isThere` says yes; fails after `withinMs` with the last answer. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  isThere: (value: T) => boolean,
  withinMs = 30_000,
): Promise<T> {
  const end = Date.now() + withinMs
  for (;;) {
    const value = await ask()
    if (isThere(value)) return value
    if (Date.now() > end)
      throw new Error(`${what}: not within ${withinMs / 1000} s; last ${JSON.stringify(value).slice(0, 800)}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
