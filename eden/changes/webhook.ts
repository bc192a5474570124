// Webhooks: the change log delivered to an address of the user's, in order, signed, each change at least once.
import { createHmac } from 'node:crypto'
import { type LookupAddress, lookup } from 'node:dns'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { BlockList, isIP } from 'node:net'
import { Call, cloudCredentials, type Ground } from '../call.ts'
import { messageOf } from '../errors.ts'
import { createdAt, flag, id, integer, maybe, text, texts, updatedAt } from '../resource/fields.ts'
import { type Row, resource, snakeCase } from '../resource/resource.ts'
import { everyone } from '../store/rows.ts'
import { changesAfter } from './feed.ts'
import { published } from './published.ts'

export const webhook = resource('webhook', {
  service: 'eden',
  plural: 'webhooks',
  owner: 'projectId',
  fields: {
    id: id({ readOnly: true }),
    projectId: id({ readOnly: true }),
    url: text({ max: 2048, pattern: '^https?://' }),
    /** Key of the HMAC-SHA256 in `Cloudos-Signature`. */
    secret: text({ min: 16, secret: true }),
    /** Resource types; all where empty. */
    types: texts(),
    enabled: flag({ default: true }),
    /** Everything up to this change was delivered. */
    cursor: integer({ readOnly: true }),
    failures: integer({ readOnly: true, default: 0 }),
    lastError: maybe(text({ readOnly: true })),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
})
export type Webhook = Row<typeof webhook>

const batch = 100
const withinMs = 10_000
const beyond = everyone('webhooks of all projects are delivered')

const inward = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  inward.addSubnet(network, prefix)
for (const [network, prefix] of [
  ['::', 128],
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  inward.addSubnet(network, prefix, 'ipv6')

/** Loopback, private and link-local addresses, among them every guest's metadata address. */
export const isInward = (address: string) => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address
  return inward.check(mapped, isIP(mapped) === 6 ? 'ipv6' : 'ipv4')
}

/**
 * Delivers to every webhook what it has not had. Returns nothing to repair: delivery is its whole work.
 * @param allowInward may hooks point at addresses inside the cloud's own networks?
 */
export async function deliverWebhooks(ground: Ground, allowInward: boolean): Promise<string[]> {
  const hooks = await ground.store
    .reads()
    .rows(webhook, beyond)
    .list({ where: { enabled: true } })
  await Promise.all(hooks.map((hook) => deliver(ground, hook, allowInward)))
  return []
}

async function deliver(ground: Ground, hook: Webhook, allowInward: boolean): Promise<void> {
  const call = new Call(ground, {
    requestId: `req-${ground.ids.uuid()}`,
    credentials: { roles: [], projectId: hook.projectId },
    service: 'eden',
  })
  for (let cursor = hook.cursor; ; ) {
    const changes = await changesAfter(
      ground.store,
      call,
      cursor,
      { ...(hook.types.length > 0 && { types: hook.types }) },
      batch,
    )
    if (changes.length === 0) return
    const last = changes.at(-1)!.seq
    const failure = await post(hook, JSON.stringify({ changes: changes.map(published) }), allowInward).then(
      () => undefined,
      (error) => messageOf(error),
    )
    await note(
      ground,
      hook.id,
      failure
        ? { failures: hook.failures + 1, lastError: failure.slice(0, 255) }
        : { cursor: last, failures: 0, lastError: null },
    )
    if (failure) return
    cursor = last
  }
}

/** Outside the change log: a delivery that made a change would have to be delivered in turn. */
const note = (ground: Ground, id: string, patch: Partial<Pick<Webhook, 'cursor' | 'failures' | 'lastError'>>) => {
  const call = new Call(ground, {
    requestId: `req-${ground.ids.uuid()}`,
    credentials: cloudCredentials,
    service: 'eden',
  })
  const values = Object.fromEntries(Object.entries(patch).map(([field, value]) => [snakeCase(field), value]))
  return ground.store.transaction(call, (tx) =>
    tx.run(tx.sql.updateTable(webhook.table).set(values).where('id', '=', id).compile()),
  )
}

/** Checks the address that the name resolves to at the moment of connecting, so that DNS cannot be turned in between. */
function post(hook: Webhook, body: string, allowInward: boolean): Promise<void> {
  const signature = createHmac('sha256', hook.secret).update(body).digest('hex')
  const send = hook.url.startsWith('https:') ? httpsRequest : httpRequest
  const refused = (address: string) =>
    new Error(`${address} is an address inside the cloud; the operator can allow those`)
  return new Promise((resolve, reject) => {
    const { hostname } = new URL(hook.url)
    const literal = hostname.replace(/^\[|\]$/g, '')
    if (!allowInward && isIP(literal) && isInward(literal)) return reject(refused(literal))
    const asked = send(hook.url, {
      method: 'POST',
      timeout: withinMs,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'cloudos-signature': `sha256=${signature}`,
      },
      lookup: (name, options, done) =>
        lookup(name, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
          if (error) return done(error, [])
          const bad = allowInward ? undefined : addresses.find(({ address }) => isInward(address))
          if (bad) return done(refused(bad.address), [])
          return options.all ? done(null, addresses) : done(null, addresses[0]!.address, addresses[0]!.family)
        }),
    })
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${withinMs / 1000} s`)))
    asked.on('error', reject)
    asked.on('response', (response) => {
      response.resume()
      const status = response.statusCode ?? 0
      response.on('end', () => (status >= 200 && status < 300 ? resolve() : reject(new Error(`answered ${status}`))))
    })
    asked.end(body)
  })
}
