// Puts services, store, jobs and hosts together into a running cloud, without yet opening a port.
import { edenSettings } from './api/config.ts'
import { type Call, cloudCall, type Ground } from './call.ts'
import { type Clock, type Ids, randomIds, systemClock } from './clock.ts'
import { loadSettings, type SettingSources, type Settings } from './config/load.ts'
import { Hosts } from './host/directory.ts'
import type { Authenticator } from './http/authenticator.ts'
import { localNeighbour, type Neighbour } from './http/neighbour.ts'
import { Pipeline, type RequestObserver } from './http/pipeline.ts'
import { RateLimit } from './http/rate-limit.ts'
import { Sealer } from './http/seal.ts'
import { type EngineOptions, JobEngine, type StepObserver } from './jobs/engine.ts'
import { ReconcilerLoop } from './jobs/reconciler.ts'
import { edenMigrations } from './migrations.ts'
import { LoadMeter } from './observe/load.ts'
import type { Log } from './observe/log.ts'
import type { Tracer } from './observe/trace.ts'
import { Enforcer, type EnforcerOptions } from './policy/enforcer.ts'
import type { AnyService } from './service.ts'
import { migrate } from './store/schema.ts'
import { openStore, type QueryObserver, type Store } from './store/store.ts'

export interface AssemblyOptions {
  services: AnyService[]
  /** PostgreSQL URL or SQLite file. */
  database: string
  durable?: boolean
  log: Log
  clock?: Clock
  ids?: Ids
  /** 32 bytes for tokens between the cloud's own processes. */
  cloudKey: Buffer
  /** Where settings come from; without it all have their defaults. */
  settings?: SettingSources
  /** Handed to services by name: drivers' stores, keys, directories. */
  gifts?: Record<string, unknown>
  policy?: EnforcerOptions
  engine?: EngineOptions
  observe?: RequestObserver
  tracer?: Tracer
  observeStep?: StepObserver
  observeQuery?: QueryObserver
  /** Where no service of the assembly authenticates. */
  authenticator?: Authenticator
  /** Services in other processes. */
  remote?: Record<string, (sealer: Sealer) => Neighbour>
}

export class Assembly {
  readonly ground: Ground
  readonly services: AnyService[]
  readonly pipelines = new Map<string, Pipeline>()
  readonly contexts = new Map<string, unknown>()
  readonly hosts = new Map<string, Hosts>()
  readonly jobs: JobEngine
  readonly reconcilers: ReconcilerLoop
  readonly sealer: Sealer
  readonly store: Store
  /** Answers who holds a token, the cloud's own sealed ones included. */
  authenticator: Authenticator = { credentialsOf: async () => undefined }
  readonly #loads = new Map<string, LoadMeter>()
  readonly #closing = new AbortController()
  readonly #options: AssemblyOptions

  private constructor(options: AssemblyOptions, ground: Ground) {
    this.#options = options
    this.ground = ground
    this.store = ground.store
    this.services = options.services
    this.jobs = new JobEngine(ground, {
      ...options.engine,
      ...(options.observeStep && { observeStep: options.observeStep }),
    })
    this.reconcilers = new ReconcilerLoop(ground)
    this.sealer = new Sealer(options.cloudKey, ground.clock)
    for (const service of options.services) this.hosts.set(service.name, new Hosts())
  }

  /** Opens the store, brings it up to date and builds every service; nothing runs yet. */
  static async open(options: AssemblyOptions): Promise<Assembly> {
    const clock = options.clock ?? systemClock
    const ids = options.ids ?? randomIds
    const store = await openStore(options.database, { clock, ids, durable: options.durable ?? true })
    if (options.observeQuery) store.observeQuery = options.observeQuery
    try {
      await migrate(store, [{ name: 'eden', migrations: edenMigrations }, ...options.services])
    } catch (error) {
      await store.close()
      throw error
    }
    const enforcer = new Enforcer(
      options.services.map((service) => service.policy),
      {
        onProblem: (err) => options.log.warn({ err }, 'a policy file is wrong; the last good rules stay in force'),
        ...options.policy,
        now: () => clock.now(),
      },
    )
    const assembly = new Assembly(options, { store, clock, ids, log: options.log, enforcer })
    assembly.#build()
    return assembly
  }

  /** Rows that must be there, then jobs and reconcilers. Host roles must be started before. */
  async start(): Promise<void> {
    for (const service of this.services)
      await service.prepare?.(this.contexts.get(service.name) as never, this.cloudCall(service.name))
    await this.reconcilers.start()
    await this.jobs.start()
  }

  /** Aborted when the cloud stops, for streams that would never end. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** What a service had to do in the last minute. */
  loadOf(service: string): LoadMeter {
    let meter = this.#loads.get(service)
    if (!meter) {
      meter = new LoadMeter()
      this.#loads.set(service, meter)
    }
    return meter
  }

  async stop(): Promise<void> {
    this.#closing.abort()
    await this.jobs.stop()
    await this.reconcilers.stop()
  }

  async close(): Promise<void> {
    await this.stop()
    await this.store.close()
  }

  cloudCall(service: string): Call {
    return cloudCall(this.ground, service)
  }

  neighbour(name: string): Neighbour {
    const remote = this.#options.remote?.[name]
    if (remote) return remote(this.sealer)
    return localNeighbour(() => {
      const pipeline = this.pipelines.get(name)
      if (!pipeline) throw new Error(`this cloud has no service '${name}'`)
      return pipeline
    })
  }

  #build() {
    const groups = this.services.flatMap(({ settings }) => (settings ? [settings] : []))
    const plan = this.#options.settings?.plan ?? {}
    const declared = Object.fromEntries(
      Object.entries(plan).filter(([name]) => groups.some(({ service }) => service === name)),
    )
    const settings = loadSettings(groups, { ...this.#options.settings, plan: declared })
    for (const service of this.services) {
      const context = service.context({
        ground: this.ground,
        neighbour: (name) => this.neighbour(name),
        hosts: this.hosts.get(service.name)!,
        jobs: this.jobs,
        reconcilers: this.reconcilers,
        config: service.settings ? settings.of(service.settings) : (plan[service.name] ?? {}),
        gift: (name) => {
          if (name === 'assembly') return this
          const gift = this.#options.gifts?.[name]
          if (gift === undefined) throw new Error(`the ${service.name} service needs the gift '${name}'`)
          return gift
        },
        giftIfAny: (name) => this.#options.gifts?.[name],
      })
      this.contexts.set(service.name, context)
      for (const job of service.jobs) this.jobs.register(job, service.name, context)
      for (const reconciler of service.reconcilers) this.reconcilers.register(reconciler, service.name, context)
    }
    this.authenticator = this.#authenticator()
    const rateLimit = new RateLimit(this.ground.clock, this.#requestsPerSecond(settings))
    const observe: RequestObserver = (seen) => {
      this.loadOf(seen.service).note(this.ground.clock.now(), seen.status, seen.seconds)
      this.#options.observe?.(seen)
    }
    for (const service of this.services)
      this.pipelines.set(
        service.name,
        new Pipeline(service, this.contexts.get(service.name), this.ground, this.authenticator, {
          observe,
          rateLimit,
          ...(this.#options.tracer && { tracer: this.#options.tracer }),
        }),
      )
  }

  #requestsPerSecond(settings: Settings): number {
    const isDeclared = this.services.some((service) => service.settings === edenSettings)
    return isDeclared ? settings.of(edenSettings).requestsPerSecond : 0
  }

  #authenticator(): Authenticator {
    const authenticating = this.services.find((service) => service.authenticator)
    const outer = authenticating
      ? authenticating.authenticator!(this.contexts.get(authenticating.name) as never)
      : this.#options.authenticator
    if (!outer) throw new Error('no service authenticates, and no authenticator was given')
    return {
      credentialsOf: async (token) => (Sealer.isSealed(token) ? this.sealer.open(token) : outer.credentialsOf(token)),
    }
  }
}
