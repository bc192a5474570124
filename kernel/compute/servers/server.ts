// A server: the fields that are kept of it, and those that outlive it.
import { Type } from 'typebox'
import {
  createdAt,
  flag,
  id,
  integer,
  json,
  maybe,
  oneOf,
  text,
  textMap,
  texts,
  time,
  updatedAt,
} from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import type { Vif } from '../../network/driver.ts'
import type { KeptFlavor } from '../flavors/flavor.ts'

export const serverStates = ['building', 'active', 'stopped', 'paused', 'error'] as const
export type ServerState = (typeof serverStates)[number]

/** As Nova numbers them: no state, running, paused, shut down, crashed. */
export const powerNumbers = { none: 0, running: 1, paused: 3, shutdown: 4, crashed: 6 } as const

/** A network card as the server remembers it. */
export interface Nic {
  portId: string
  networkId: string
  networkName: string
  mac: string
  mtu: number
  fixedIps: { subnet_id: string; ip_address: string }[]
  vif: Vif
  tag: string | null
  /** The caller's own port, which outlives the server. */
  isForeign: boolean
}

/** What the caller wants of networks, resolved when the request was answered. */
export interface WantedNic {
  networkId: string
  networkName: string
  portId?: string
  fixedIp?: string
  tag?: string
}

export interface Fault {
  code: number
  message: string
  details: string
  created: string
}

export interface KeptImage {
  id: string
  diskFormat: string
  sizeBytes: number
  properties: Record<string, string>
}

const unknown = <T>() => json<T>(Type.Unknown())

const fields = {
  id: id({ readOnly: true }),
  projectId: id({ wire: 'tenant_id', readOnly: true }),
  userId: id({ readOnly: true }),
  name: text(),
  description: maybe(text()),
  hostname: text(),
  state: oneOf(serverStates, { wire: 'vm_state' }),
  /** What is being done to it now, by the job that owns it. */
  task: maybe(text({ wire: 'task_state' })),
  power: integer({ wire: 'power_state', default: 0 }),
  fault: maybe(unknown<Fault>()),
  image: maybe(unknown<KeptImage>()),
  imageId: maybe(id()),
  flavor: unknown<KeptFlavor>(),
  flavorId: text(),
  vcpus: integer(),
  memoryMiB: integer(),
  /** What it takes of its host's disk; 0 where it boots from a volume. */
  diskGiB: integer(),
  host: maybe(text()),
  zone: maybe(text()),
  /** The zone that the caller asked for. */
  wantedZone: maybe(text()),
  keyName: maybe(text()),
  publicKey: maybe(text({ max: 16384 })),
  metadata: textMap({ filter: false }),
  tags: texts(),
  userData: maybe(text({ max: 65535 })),
  files: json<{ path: string; contents: string }[]>(Type.Unknown(), { default: () => [] }),
  hasConfigDrive: flag({ default: false }),
  accessIpv4: text({ default: '' }),
  accessIpv6: text({ default: '' }),
  diskConfig: oneOf(['AUTO', 'MANUAL'], { default: 'MANUAL' }),
  wantedNics: json<WantedNic[]>(Type.Unknown(), { default: () => [] }),
  nics: json<Nic[]>(Type.Unknown(), { default: () => [] }),
  securityGroups: texts(),
  groupId: maybe(id()),
  reservationId: text(),
  launchIndex: integer({ default: 0 }),
  rootDevice: text({ default: '/dev/vda' }),
  isLocked: flag({ default: false }),
  lockedReason: maybe(text()),
  lockedBy: maybe(oneOf(['owner', 'admin'])),
  /** The guest's own password, encrypted by it with the caller's public key. */
  passwordData: text({ default: '', max: 4096 }),
  launchedAt: maybe(time()),
  createdAt: createdAt(),
  updatedAt: updatedAt(),
}

export const server = resource('server', {
  service: 'compute',
  plural: 'servers',
  owner: 'projectId',
  indexes: [
    ['host', 'vcpus', 'memoryMiB', 'diskGiB'],
    ['projectId', 'vcpus', 'memoryMiB'],
    ['groupId', 'host'],
    // The short list is answered from this index alone.
    ['projectId', 'createdAt', 'id', 'name'],
  ],
  fields,
})
export type Server = Row<typeof server>

/** What was deleted, for usage reports and for lists of what changed. */
export const deletedServer = resource('deleted-server', {
  service: 'compute',
  plural: 'deleted-servers',
  owner: 'projectId',
  unlogged: true,
  fields: { ...fields, deletedAt: time({ index: true }) },
})
export type DeletedServer = Row<typeof deletedServer>

/** `VERIFY_RESIZE`, `HARD_REBOOT`: the one word that clients show, out of state and task. Source: Compute API reference. */
export function statusOf({ state, task }: Pick<Server, 'state' | 'task'>): string {
  if (state === 'active' && task === 'rebooting') return 'REBOOT'
  if (state !== 'error' && task === 'rebooting_hard') return 'HARD_REBOOT'
  if (task === 'rebuilding') return 'REBUILD'
  return statusWords[state]
}

const statusWords: Record<ServerState, string> = {
  building: 'BUILD',
  active: 'ACTIVE',
  stopped: 'SHUTOFF',
  paused: 'PAUSED',
  error: 'ERROR',
}

/** States and tasks that a status means; undefined for a word that is none. */
export function statesOf(status: string): { states: ServerState[]; tasks?: string[] } | undefined {
  const word = status.toUpperCase()
  if (word === 'REBOOT') return { states: ['active'], tasks: ['rebooting'] }
  if (word === 'HARD_REBOOT') return { states: ['active', 'stopped', 'paused'], tasks: ['rebooting_hard'] }
  if (word === 'REBUILD') return { states: [...serverStates], tasks: ['rebuilding'] }
  const states = serverStates.filter((state) => statusWords[state] === word)
  return states.length > 0 ? { states } : undefined
}

export const instanceName = (server: Pick<Server, 'id'>) => `instance-${server.id.slice(0, 8)}`
