// The plan: which machine has which roles, and which driver fills which slot. One YAML document.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

export const slots = ['compute', 'network', 'volume', 'image'] as const
export type Slot = (typeof slots)[number]

export const technologies = {
  compute: ['qemu', 'simulated'],
  network: ['linux', 'user', 'simulated'],
  volume: ['files', 'simulated'],
  image: ['files', 'simulated'],
} as const satisfies Record<Slot, readonly string[]>

export interface PlannedNode {
  name: string
  /** Services whose host role runs on this node. */
  hosts: ('compute' | 'network' | 'volume')[]
  /** `http://address:port` of the node's agent; absent for the controller's own process. */
  agent?: string
  /** Address of this node in the tunnels between nodes. */
  tunnelAddress?: string
}

export interface Plan {
  drivers: { [S in Slot]: (typeof technologies)[S][number] }
  nodes: PlannedNode[]
  /** Settings by service, the lowest layer above the defaults. */
  settings: Record<string, Record<string, unknown>>
  /** First letters of all that is made on hosts' networks, 2 to 5; two clouds on one machine need different ones. */
  networkPrefix?: string
}

export const usualNetworkPrefix = 'cos'

const oneNode: PlannedNode[] = [{ name: 'node1', hosts: ['compute', 'network', 'volume'] }]

export const simulatedPlan: Plan = {
  drivers: { compute: 'simulated', network: 'simulated', volume: 'simulated', image: 'simulated' },
  nodes: oneNode,
  settings: {},
}

/** Real guests, networks and disks; needs root and the packages that `up` installs. */
export const realPlan: Plan = {
  drivers: { compute: 'qemu', network: 'linux', volume: 'files', image: 'files' },
  nodes: oneNode,
  settings: {},
}

/** Real guests and disks without root: guests reach out through QEMU's user-mode network, nothing reaches them. */
export const unprivilegedPlan: Plan = { ...realPlan, drivers: { ...realPlan.drivers, network: 'user' } }

/**
 * Reads a plan; what it leaves out comes from `base`.
 * @throws with the place and the known choices, where it asks for something that does not exist.
 */
export function readPlan(path: string, base: Plan): Plan {
  const given = (parse(readFileSync(path, 'utf8')) ?? {}) as Partial<Plan>
  const wrong = (what: string): never => {
    throw new Error(`The plan ${path} ${what}`)
  }
  for (const key of Object.keys(given))
    if (!['drivers', 'nodes', 'settings', 'networkPrefix'].includes(key))
      wrong(`has '${key}'; known are drivers, nodes, settings and networkPrefix.`)
  for (const [slot, technology] of Object.entries(given.drivers ?? {})) {
    const known = (technologies as Record<string, readonly string[]>)[slot]
    if (!known) wrong(`fills a slot '${slot}'; known are ${slots.join(', ')}.`)
    if (!known!.includes(technology)) wrong(`fills ${slot} with '${technology}'; known are ${known!.join(', ')}.`)
  }
  const nodes = given.nodes ?? base.nodes
  for (const node of nodes)
    if (!node.name || !Array.isArray(node.hosts)) wrong('has a node without a name or without its list of hosts.')
  const names = nodes.map(({ name }) => name)
  if (new Set(names).size !== names.length) wrong('has two nodes of the same name.')
  return {
    drivers: { ...base.drivers, ...given.drivers },
    nodes,
    settings: { ...base.settings, ...given.settings },
    ...(given.networkPrefix && { networkPrefix: given.networkPrefix }),
  }
}
