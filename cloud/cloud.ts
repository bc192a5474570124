// A whole cloud in this process: services, drivers, ports, started in the order that lets nothing be asked too early.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Assembly } from '../eden/assembly.ts'
import type { Clock, Ids } from '../eden/clock.ts'
import { startLocalHost } from '../eden/host/local.ts'
import { connectRemoteHost } from '../eden/host/remote.ts'
import type { Log } from '../eden/observe/log.ts'
import { catalogOf } from './catalog.ts'
import { type Doors, openDoors } from './doors.ts'
import { observersOf, startObserving } from './observation.ts'
import type { Plan } from './plan.ts'
import { hostRoles, imageStore, type RoleSettings } from './roles.ts'
import { services } from './services.ts'
import { secretFile } from './state.ts'

export interface CloudOptions {
  plan: Plan
  /** Folder of everything that survives a restart. */
  stateDir: string
  runtimeDir: string
  /** PostgreSQL URL; an SQLite file in `stateDir` unless told. */
  database?: string
  /** False for clouds that live as long as their process. */
  durable: boolean
  adminPassword: string
  address: string
  ports: 'classic' | 'free'
  frontPort: number
  tls?: { cert: string; key: string }
  corsOrigins?: string[]
  log: Log
  region?: string
  policyFiles?: string[]
  /** Key shared with agents on other nodes; `host.key` in `stateDir` unless told. */
  hostKeyFile?: string
  runAs?: { uid: number; gid: number }
  networkPrefix?: string
  simulated?: RoleSettings['simulated']
  clock?: Clock
  ids?: Ids
}

export interface Cloud {
  readonly assembly: Assembly
  readonly doors: Doors
  /** Base of the identity service: `http://127.0.0.1:5000`. */
  readonly authUrl: string
  close(): Promise<void>
}

/** How long requests that are under way may take when the cloud is asked to stop. */
const graceMs = 5000

export async function openCloud(options: CloudOptions): Promise<Cloud> {
  const { plan, stateDir, runtimeDir, log } = options
  for (const folder of [stateDir, runtimeDir]) mkdirSync(folder, { recursive: true, mode: 0o711 })
  const undo: (() => Promise<unknown>)[] = []
  try {
    const doors = await openDoors(services, options)
    undo.push(() => doors.close(graceMs))
    const roleSettings: RoleSettings = {
      stateDir,
      runtimeDir,
      log,
      ...(options.runAs && { runAs: options.runAs }),
      ...(options.networkPrefix && { networkPrefix: options.networkPrefix }),
      ...(options.simulated && { simulated: options.simulated }),
    }
    const observation = startObserving(log, process.env)
    undo.push(() => observation.close())
    const store = await imageStore(plan, roleSettings)
    await store.open()
    undo.push(() => store.close())
    const assembly = await Assembly.open({
      services,
      database: options.database ?? join(stateDir, 'cloud.db'),
      durable: options.durable,
      log,
      cloudKey: secretFile(join(stateDir, 'cloud.key'), 32),
      settings: { plan: plan.settings, env: process.env, file: join(stateDir, 'cloudos.yaml'), fileMayBeMissing: true },
      tracer: observation.tracer,
      ...observersOf(observation.metrics),
      gifts: {
        'image.store': store,
        'identity.keyDir': join(stateDir, 'keys'),
        'identity.bootstrap': { adminPassword: options.adminPassword },
        catalog: () => catalogOf(services, doors, options.region ?? 'RegionOne'),
      },
      engine: { alone: !options.database },
      ...(options.policyFiles && { policy: { files: options.policyFiles.map((path) => ({ path })) } }),
      ...(options.clock && { clock: options.clock }),
      ...(options.ids && { ids: options.ids }),
    })
    undo.push(() => assembly.store.close())
    for (const stop of await startHosts(
      assembly,
      plan,
      roleSettings,
      options.hostKeyFile ?? join(stateDir, 'host.key'),
    ))
      undo.push(stop)
    undo.push(() => assembly.stop())
    await assembly.start()
    doors.open(assembly, () => observation.metrics.scrape())
    return {
      assembly,
      doors,
      authUrl: doors.origins.get('identity')!,
      close: () => undoAll(undo),
    }
  } catch (error) {
    await undoAll(undo)
    throw error
  }
}

async function undoAll(undo: (() => Promise<unknown>)[]) {
  for (const step of undo.splice(0).reverse()) await step()
}

async function startHosts(assembly: Assembly, plan: Plan, settings: RoleSettings, keyFile: string) {
  const stops: (() => Promise<void>)[] = []
  for (const node of plan.nodes) {
    if (node.agent) {
      const key = secretFile(keyFile, 32).toString('base64url')
      stops.push(await connectRemoteHost(node.name, node.agent, key, node.hosts, assembly.hosts, settings.log))
      continue
    }
    for (const role of await hostRoles(plan, node, settings))
      stops.push(await startLocalHost(node.name, role, assembly.hosts.get(role.service)!))
  }
  return stops
}
