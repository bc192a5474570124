// Arithmetic on addresses and prefixes of both families, which the kernel's tools do not do for us.

export interface Prefix {
  version: 4 | 6
  /** The network's first address. */
  first: bigint
  length: number
}

/** Parses `10.0.0.1`, `10.0.0.0/24`, `fd00::1` or `fd00::/64`; host bits are cut off. Throws on anything else. */
export function parsePrefix(text: string): Prefix {
  const [address = '', lengthText, ...rest] = text.split('/')
  const version = address.includes(':') ? 6 : 4
  const bits = version === 4 ? 32 : 128
  const length = lengthText === undefined ? bits : /^\d{1,3}$/.test(lengthText) ? Number(lengthText) : Number.NaN
  if (rest.length > 0 || !(length <= bits)) throw new Error(`"${text}" is no address or prefix.`)
  const hostBits = BigInt(bits - length)
  return { version, first: (parseAddress(address) >> hostBits) << hostBits, length }
}

export function contains(outer: Prefix, inner: Prefix): boolean {
  if (outer.version !== inner.version || outer.length > inner.length) return false
  const hostBits = BigInt((outer.version === 4 ? 32 : 128) - outer.length)
  return outer.first >> hostBits === inner.first >> hostBits
}

/** The number behind an address of either family. */
export function parseAddress(text: string): bigint {
  const value = text.includes(':') ? parseV6(text) : parseV4(text)
  if (value === undefined) throw new Error(`"${text}" is no address.`)
  return value
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n)
}

function parseV6(text: string): bigint | undefined {
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  if (embedded) {
    const v4 = parseV4(embedded[2]!)
    if (v4 === undefined) return undefined
    return parseV6(`${embedded[1]}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`)
  }
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...Array<string>(missing).fill('0'), ...tail]
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}

export function formatV4(value: bigint | number): string {
  const number = BigInt(value)
  return [24n, 16n, 8n, 0n].map((shift) => String((number >> shift) & 255n)).join('.')
}

/** Full form, without `::`; every tool reads it. */
export function formatV6(value: bigint): string {
  const digits = value.toString(16).padStart(32, '0')
  return digits.match(/.{4}/g)!.join(':')
}

/** One spelling for every address, so that texts can be compared: `FD00:0::1` and `fd00::1` become equal. */
export function canonicalAddress(text: string): string {
  const value = parseAddress(text)
  return text.includes(':') ? formatV6(value) : formatV4(value)
}

export function formatPrefix(prefix: Prefix): string {
  const bits = prefix.version === 4 ? 32 : 128
  const address = prefix.version === 4 ? formatV4(prefix.first) : formatV6(prefix.first)
  return prefix.length === bits ? address : `${address}/${prefix.length}`
}

export function versionOf(text: string): 4 | 6 {
  return text.includes(':') ? 6 : 4
}

/**
 * The prefixes of one family, without those that another one covers, sorted: nftables refuses overlapping intervals.
 */
export function reducedPrefixes(texts: Iterable<string>, version: 4 | 6): string[] {
  const sorted = [...texts]
    .map(parsePrefix)
    .filter((prefix) => prefix.version === version)
    .sort((a, b) => (a.first === b.first ? a.length - b.length : a.first < b.first ? -1 : 1))
  const kept: Prefix[] = []
  for (const prefix of sorted) {
    const last = kept.at(-1)
    if (!last || !contains(last, prefix)) kept.push(prefix)
  }
  return kept.map(formatPrefix)
}

/** The link-local address that a card with this MAC gives itself (RFC 4291, appendix A). */
export function linkLocalOf(mac: string): string {
  const bytes = mac.split(':').map((byte) => Number.parseInt(byte, 16))
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes
  const tail = [a ^ 2, b, c, 0xff, 0xfe, d, e, f].reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
  return formatV6((0xfe80n << 112n) | tail)
}
