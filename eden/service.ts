// What a service consists of: its table of contents, from which Eden runs, checks and documents it.

import type { Duplex } from 'node:stream'
import type { Call, Ground } from './call.ts'
import type { SettingGroup } from './config/setting.ts'
import type { Problem } from './errors.ts'
import type { HostDirectory } from './host/host.ts'
import type { Authenticator } from './http/authenticator.ts'
import type { Neighbour } from './http/neighbour.ts'
import type { Input, RawRequest, Reply } from './http/request.ts'
import type { RouteOptions } from './http/route.ts'
import type { VersionRange } from './http/versions.ts'
import type { JobEngine } from './jobs/engine.ts'
import type { AnyJob } from './jobs/job.ts'
import type { Reconciler, ReconcilerLoop } from './jobs/reconciler.ts'
import type { PolicyTable } from './policy/rules.ts'
import type { Migration } from './store/schema.ts'

/** How a service says that something went wrong. */
export type ErrorDialect = (problem: Problem, requestId: string) => { body: unknown; headers?: Record<string, string> }

export interface CatalogEntry {
  type: string
  name: string
  /** Path of the service's root in the catalog, `$(project_id)s` included where clients expect it: `/v2.1`. */
  path: string
}

/** All that Eden gives a service to build its context from. */
export interface World {
  ground: Ground
  /** Another service, asked as a client asks it. */
  neighbour(service: string): Neighbour
  /** The machines on which this service's host role runs. */
  hosts: HostDirectory
  jobs: JobEngine
  reconcilers: ReconcilerLoop
  /** This service's settings. */
  config: Record<string, unknown>
  /** Things that the cloud's composition hands to this service alone: stores, keys. */
  gift(name: string): unknown
  /** The same for things that a service can do without. */
  giftIfAny(name: string): unknown
}

export type ServiceOperation<C> = (context: C, call: Call, input: Input) => Promise<Reply>

export interface ServiceRoute<C> extends RouteOptions {
  method: string
  path: string
  operation: ServiceOperation<C>
}

export interface Service<C = never> {
  name: string
  /** Usual ports; the first is in the catalog. */
  ports: number[]
  /** Path prefix at the front door. */
  prefix: string
  /** The service's own paths begin with the prefix, so the front door leaves it on. */
  keepsPrefix?: boolean
  catalog: CatalogEntry[]
  versions?: VersionRange
  routes: ServiceRoute<C>[]
  jobs: AnyJob[]
  reconcilers: Reconciler<C>[]
  policy: PolicyTable
  /** Declared resources, for documents and dashboards. */
  resources: unknown[]
  migrations: Migration[]
  /** What can be set, with defaults; the values in force are `world.config`. */
  settings?: SettingGroup
  dialect: ErrorDialect
  /** Rule under which a caller sees the rows of all projects; `context_is_admin` unless told. */
  seesAllRule?: string
  /** `/images/` is an image without an id, so not found, and not the list; as in Nova, Cinder and Glance. */
  exactPaths?: boolean
  /** Bytes of a streamed body at the most. */
  maxStreamBytes?: number
  context(world: World): C
  /** Identity alone has this: who holds a token. */
  authenticator?(context: C): Authenticator
  /** Answers a WebSocket: the connection to bridge it to. Throws Problems where it refuses. */
  upgrade?(context: C, request: RawRequest): Promise<Duplex>
  /** Rows and files that must be there before the first request. */
  prepare?(context: C, call: Call): Promise<void>
}

export type AnyService = Service<never>

/** Declares a service; its type is forgotten so that Eden can hold all of them in one list. */
export const service = <C>(definition: Service<C>): AnyService => definition as unknown as AnyService

/** The routes of one service, each line a method, a path, an operation and its options. */
export const routes =
  <C>() =>
  (method: string, path: string, operation: ServiceOperation<C>, options: RouteOptions = {}): ServiceRoute<C> => ({
    method,
    path,
    operation,
    ...options,
  })
