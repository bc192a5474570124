// Fetches an image from the web, and only from the web: what lies on the cloud's own side of the network is refused
// at the moment of connecting, whatever a name resolves to by then.
import { lookup as resolve } from 'node:dns'
import { request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import type { Readable } from 'node:stream'
import { badRequest, messageOf, Problem } from '../../../eden/errors.ts'

const maxRedirects = 5
const silentForMs = 60_000

const inside = new BlockList()
for (const [net, prefix] of [
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
  ] as const),
  ...([
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['224.0.0.0', 3],
  ] as const),
] as const)
  inside.addSubnet(net, prefix, 'ipv4')
for (const [net, prefix] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  inside.addSubnet(net, prefix, 'ipv6')

/** Loopback, private, link-local, multicast and reserved addresses; IPv4 inside IPv6 counts as IPv4. */
export function isInside(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  const plain = mapped ?? address
  if (/^::ffff:/i.test(plain)) return true
  return inside.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
}

const refused = (host: string) =>
  badRequest(`Images are not imported from '${host}': it is not an address of the public network.`, {
    reason: { host },
  })

/** @throws 400 for what is no address of a web page. */
export function webAddress(uri: unknown): URL {
  const url = typeof uri === 'string' && URL.canParse(uri) ? new URL(uri) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '')
    throw badRequest(`The import URI '${String(uri)}' is not a whole http or https address without a password in it.`)
  return url
}

/**
 * The bytes behind the address, redirects followed.
 * @throws 400 where it is refused, does not exist or answers anything but 200; 503 where trying again may help.
 */
export async function webDownload(uri: string, allowInside: boolean, signal: AbortSignal): Promise<Readable> {
  let url = webAddress(uri)
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const response = await open(url, allowInside, signal)
    const { statusCode = 0, headers } = response
    if (statusCode === 200) return response
    response.destroy()
    if (statusCode < 300 || statusCode > 399 || !headers.location)
      throw new Problem(statusCode >= 500 ? 503 : 400, 'download', `${url.host} answered ${statusCode} for the image.`)
    url = webAddress(new URL(headers.location, url).href)
  }
  throw badRequest(`The import URI led through more than ${maxRedirects} redirects.`)
}

function open(url: URL, allowInside: boolean, signal: AbortSignal) {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (!allowInside && isIP(host) && isInside(host)) throw refused(host)
  const lookup: LookupFunction = (name, options, done) => {
    resolve(name, { ...options, all: true }, (error, found) => {
      if (error) return done(error, [])
      const allowed = allowInside ? found : found.filter(({ address }) => !isInside(address))
      if (allowed.length === 0) return done(Object.assign(refused(name), { code: 'EREFUSED' }), [])
      if (options.all) done(null, allowed)
      else done(null, allowed[0]!.address, allowed[0]!.family)
    })
  }
  return new Promise<
    Readable & { statusCode?: number; headers: Record<string, string | string[] | undefined> & { location?: string } }
  >((settle, reject) => {
    const request = (url.protocol === 'https:' ? overHttps : overHttp)(url, { lookup, signal, agent: false })
    request.setTimeout(silentForMs, () => request.destroy(new Error(`${url.host} was silent for a minute`)))
    request.on('response', settle)
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (error instanceof Problem) return reject(error)
      const isGone = error.code === 'ENOTFOUND' || error.code === 'ECONNREFUSED'
      reject(
        new Problem(isGone ? 400 : 503, 'download', `The image could not be fetched: ${messageOf(error)}`, {
          cause: error,
        }),
      )
    })
    request.end()
  })
}
