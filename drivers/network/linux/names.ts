// Every object that this driver makes on a host is recognised by its name alone, so that cleaning up needs no memory.
import { createHash } from 'node:crypto'

/** What an interface in the host's own namespace is for; no letter is a hexadecimal digit, so names are unambiguous. */
export const interfaceKinds = {
  n: 'tenant bridge',
  x: 'external bridge',
  v: 'tunnel',
  p: 'port',
  m: 'service leg',
  r: 'router leg',
} as const
export type InterfaceKind = keyof typeof interfaceKinds

export interface Names {
  readonly prefix: string
  /** At most 15 characters: the prefix, a letter for the kind, the beginning of the id. */
  interfaceFor(kind: InterfaceKind, id: string): string
  /** The kind of an interface of ours; undefined for everybody else's. */
  kindOf(name: string): InterfaceKind | undefined
  serviceNamespace(networkId: string): string
  routerNamespace(routerId: string): string
  /** What a namespace of ours serves; undefined for everybody else's. */
  namespaceOf(name: string): { kind: 'dhcp' | 'router'; id: string } | undefined
  /** Name of the nftables tables, on the host and in namespaces. */
  readonly table: string
}

const longestInterfaceName = 15

/** `prefix`: 2 to 5 lower-case letters or digits, the first a letter. */
export function namesFor(prefix: string): Names {
  if (!/^[a-z][a-z0-9]{1,4}$/.test(prefix))
    throw new Error(`The name prefix "${prefix}" must be 2 to 5 lower-case letters or digits and begin with a letter.`)
  const digits = longestInterfaceName - prefix.length - 1
  const interfacePattern = new RegExp(`^${prefix}([${Object.keys(interfaceKinds).join('')}])[0-9a-f]{${digits}}$`)
  const namespacePattern = new RegExp(`^${prefix}-(dhcp|router)-(.+)$`)
  return {
    prefix,
    table: prefix,
    interfaceFor: (kind, id) => `${prefix}${kind}${hexOf(id).slice(0, digits)}`,
    kindOf: (name) => interfacePattern.exec(name)?.[1] as InterfaceKind | undefined,
    serviceNamespace: (networkId) => `${prefix}-dhcp-${networkId}`,
    routerNamespace: (routerId) => `${prefix}-router-${routerId}`,
    namespaceOf: (name) => {
      const match = namespacePattern.exec(name)
      return match ? { kind: match[1] as 'dhcp' | 'router', id: match[2]! } : undefined
    },
  }
}

/** UUIDs keep their own digits, so that an operator recognises them; other ids are hashed. */
function hexOf(id: string): string {
  const digits = id.replaceAll('-', '')
  return /^[0-9a-f]{32}$/.test(digits) ? digits : createHash('sha256').update(id).digest('hex')
}

/** An id as part of the name of an nftables set or chain. */
export function nftKey(id: string): string {
  return /^[0-9A-Za-z-]{1,64}$/.test(id) ? id.replaceAll('-', '_') : hexOf(id)
}

/** A locally administered MAC that stays the same for the same id, for bridges: theirs would change with their ports. */
export function macFor(id: string): string {
  const digits = createHash('sha256').update(id).digest('hex')
  return `02:${digits.slice(0, 10).match(/../g)!.join(':')}`
}
