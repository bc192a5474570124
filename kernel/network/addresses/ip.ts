// Arithmetic on IP addresses of both families, with addresses as whole numbers.
import { isIP } from 'node:net'

export type IpVersion = 4 | 6

export interface Address {
  version: IpVersion
  value: bigint
}

export interface Cidr {
  version: IpVersion
  /** First and last address of the block. */
  first: bigint
  last: bigint
  prefix: number
  /** The address as it was written, host bits included. */
  written: bigint
}

export interface Range {
  start: bigint
  end: bigint
}

const bitsOf = (version: IpVersion) => (version === 4 ? 32 : 128)

/** Undefined for what is no address. Zones (`fe80::1%eth0`) are none. */
export function parseAddress(text: string): Address | undefined {
  const version = isIP(text)
  if (version === 0 || text.includes('%')) return undefined
  if (version === 4) return { version: 4, value: fourOf(text) }
  let words = text
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  if (dotted) {
    const four = fourOf(dotted[2]!)
    words = `${dotted[1]}${(four >> 16n).toString(16)}:${(four & 0xffffn).toString(16)}`
  }
  const [head = '', tail] = words.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = new Array<string>(8 - left.length - right.length).fill('0')
  const value = [...left, ...zeros, ...right].reduce((sum, word) => (sum << 16n) | BigInt(`0x${word}`), 0n)
  return { version: 6, value }
}

const fourOf = (text: string) => text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)

/** The address as RFC 5952 writes it. */
export function formatAddress({ version, value }: Address): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 0xffn).toString()).join('.')
  const words = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - 16 * index)) & 0xffffn))
  let best = { at: -1, length: 1 }
  for (let at = 0; at < 8; at++) {
    let length = 0
    while (at + length < 8 && words[at + length] === 0) length++
    if (length > best.length) best = { at, length }
  }
  const hex = words.map((word) => word.toString(16))
  if (best.at < 0) return hex.join(':')
  return `${hex.slice(0, best.at).join(':')}::${hex.slice(best.at + best.length).join(':')}`
}

/** Undefined for what is no `address/prefix`; an address alone is a block of one. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length, ...rest] = text.split('/')
  const parsed = parseAddress(address)
  if (!parsed || rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined
  const bits = bitsOf(parsed.version)
  const prefix = length === undefined ? bits : Number(length)
  if (prefix > bits) return undefined
  return { ...blockOf(parsed, prefix), written: parsed.value }
}

export function blockOf(address: Address, prefix: number): Cidr {
  const host = BigInt(bitsOf(address.version) - prefix)
  const first = (address.value >> host) << host
  return { version: address.version, first, last: first + (1n << host) - 1n, prefix, written: address.value }
}

export const formatCidr = (cidr: Cidr) =>
  `${formatAddress({ version: cidr.version, value: cidr.first })}/${cidr.prefix}`

export const contains = (cidr: Cidr, address: Address) =>
  cidr.version === address.version && address.value >= cidr.first && address.value <= cidr.last

export const overlaps = (a: Cidr, b: Cidr) => a.version === b.version && a.first <= b.last && b.first <= a.last

/** The first and last address that a host may have: without the network's own and the broadcast address. */
export function hostRange(cidr: Cidr): Range {
  const { version, first, last, prefix } = cidr
  if (version === 4) return prefix >= 31 ? { start: first, end: last } : { start: first + 1n, end: last - 1n }
  return prefix >= 127 ? { start: first, end: last } : { start: first + 1n, end: last }
}

/** The range without one address. */
export function without(range: Range, address: bigint): Range[] {
  if (address < range.start || address > range.end) return [range]
  return [
    { start: range.start, end: address - 1n },
    { start: address + 1n, end: range.end },
  ].filter(({ start, end }) => start <= end)
}

/** Text that sorts as the addresses do within one family. */
export const sortKey = ({ version, value }: Address) => value.toString(16).padStart(version === 4 ? 8 : 32, '0')

/** The address that a MAC gives itself in a /64 (modified EUI-64, RFC 4291 appendix A). */
export function eui64(cidr: Cidr, mac: string): Address {
  const bytes = mac.split(':').map((part) => Number.parseInt(part, 16))
  const full = [bytes[0]! ^ 2, bytes[1]!, bytes[2]!, 0xff, 0xfe, bytes[3]!, bytes[4]!, bytes[5]!]
  const host = full.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  return { version: 6, value: cidr.first | host }
}
