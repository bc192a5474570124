// The context of one piece of work: who asks, under which request id, until when, and through which store.
import type { Clock, Ids } from './clock.ts'
import { forbidden, timedOut } from './errors.ts'
import { claimKey } from './http/idempotency.ts'
import type { Log } from './observe/log.ts'
import type { Credentials } from './policy/credentials.ts'
import type { Enforcer } from './policy/enforcer.ts'
import type { Resource, Row } from './resource/resource.ts'
import type { Rows, Scope } from './store/rows.ts'
import type { Enqueued, Store, Transaction } from './store/store.ts'

/** What every call of a cloud shares. */
export interface Ground {
  store: Store
  clock: Clock
  ids: Ids
  log: Log
  enforcer: Enforcer
}

export interface CallOptions {
  requestId: string
  globalRequestId?: string
  traceparent?: string
  credentials: Credentials
  service: string
  /** `all`: reads are not confined to the caller's project. */
  sees?: 'project' | 'all'
  dryRun?: boolean
  /** Milliseconds since 1970. */
  deadline?: number
  /** Microversion as `versionNumber` gives it. */
  version?: number
  /** What the caller presented; passed on to neighbours. */
  token?: string
  /** The front of URLs in replies: `http://127.0.0.1:8774`. */
  origin?: string
  remoteAddress?: string
  /** Set where it is to be noted which tables the work reads. */
  tablesRead?: Set<string>
}

export class Call {
  readonly ground: Ground
  readonly requestId: string
  readonly globalRequestId: string | undefined
  readonly traceparent: string | undefined
  readonly credentials: Credentials
  readonly service: string
  readonly sees: 'project' | 'all'
  readonly dryRun: boolean
  readonly deadline: number
  readonly version: number
  readonly token: string | undefined
  readonly origin: string
  readonly remoteAddress: string
  readonly tablesRead: Set<string> | undefined
  /** In a dry run: the jobs that the real call would start. */
  readonly wouldRun: Enqueued[] = []

  constructor(ground: Ground, options: CallOptions) {
    this.ground = ground
    this.requestId = options.requestId
    this.globalRequestId = options.globalRequestId
    this.traceparent = options.traceparent
    this.credentials = options.credentials
    this.service = options.service
    this.sees = options.sees ?? 'project'
    this.dryRun = options.dryRun ?? false
    this.deadline = options.deadline ?? ground.clock.now() + 60_000
    this.version = options.version ?? 0
    this.token = options.token
    this.origin = options.origin ?? ''
    this.remoteAddress = options.remoteAddress ?? ''
    this.tablesRead = options.tablesRead
  }

  get projectId(): string {
    const { projectId } = this.credentials
    if (!projectId) throw forbidden('This needs a token that is scoped to a project.')
    return projectId
  }

  get userId(): string {
    return this.credentials.userId ?? ''
  }

  get clock() {
    return this.ground.clock
  }

  get ids() {
    return this.ground.ids
  }

  get log() {
    return this.ground.log
  }

  /** Reads what is committed. */
  rows<F>(resource: Resource<F>, scope?: Scope): Rows<F, Row<Resource<F>> & Record<string, unknown>> {
    return this.ground.store.reads(this).rows(resource, scope)
  }

  /** Everything that an operation writes, in one. */
  transaction<T>(run: (transaction: Transaction) => Promise<T>): Promise<T> {
    if (this.clock.now() > this.deadline) throw timedOut('The request ran out of time before it could be carried out.')
    return this.ground.store.transaction(this, async (transaction) => {
      await claimKey(this, transaction)
      return run(transaction)
    })
  }

  /** Does the rule allow this caller to act on the target? Target names are the policy language's: `project_id`. */
  allows(rule: string, target: Record<string, unknown> = this.ownTarget()): boolean {
    return this.ground.enforcer.allowed(rule, this.credentials, target)
  }

  /** @throws 403 with the explanation, where the rule does not allow it. */
  require(rule: string, target: Record<string, unknown> = this.ownTarget()): void {
    if (this.allows(rule, target)) return
    throw forbidden(`Policy doesn't allow ${rule} to be performed.`, {
      reason: { policy: this.ground.enforcer.explain(rule, this.credentials, target) as unknown },
    })
  }

  /** The target of rules about the caller's own project. */
  ownTarget(): Record<string, unknown> {
    const { userId, projectId, domainId } = this.credentials
    return { project_id: projectId, tenant_id: projectId, user_id: userId, domain_id: domainId }
  }

  /** The same caller at work in another service. */
  within(service: string, changes: Partial<CallOptions> = {}): Call {
    return new Call(this.ground, {
      requestId: this.requestId,
      globalRequestId: this.globalRequestId,
      traceparent: this.traceparent,
      credentials: this.credentials,
      sees: this.sees,
      dryRun: this.dryRun,
      deadline: this.deadline,
      token: this.token,
      origin: this.origin,
      remoteAddress: this.remoteAddress,
      ...(this.tablesRead && { tablesRead: this.tablesRead }),
      service,
      ...changes,
    })
  }
}

/** Credentials of the cloud itself, for jobs and reconcilers that serve nobody in particular. */
export const cloudCredentials: Credentials = {
  userId: 'cloud',
  roles: ['admin', 'manager', 'member', 'reader', 'service'],
  systemScope: 'all',
  isAdmin: true,
}

export const cloudCall = (ground: Ground, service: string, requestId = `req-${ground.ids.uuid()}`) =>
  new Call(ground, {
    requestId,
    credentials: cloudCredentials,
    service,
    sees: 'all',
    deadline: Number.MAX_SAFE_INTEGER,
  })
