// The numbers of one cloud, in a registry of its own: several clouds may live in one process.

import { Counter, type CounterConfiguration, Gauge, type GaugeConfiguration, Registry } from 'prom-client'
import { BoundHistogram, type Series } from './histogram.ts'
import { watchProcess } from './process-metrics.ts'

/** How a job step ended. */
export type StepOutcome = 'done' | 'failed' | 'undone'

/** The measurements of one route, method and service; made once when the route is. */
export type RouteMetric = { observe(statusCode: number, seconds: number): void }
export type StepMetric = { observe(outcome: StepOutcome, seconds: number): void }
export type QueryMetric = { observe(seconds: number): void }

const requestBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const stepBounds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800]
const queryBounds = [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1]

export type MetricsOptions = {
  /** Put on every line as the label `cloud`. */
  readonly cloud?: string
  /** Whether to measure the process as well; true unless said otherwise. */
  readonly withProcess?: boolean
}

export class Metrics {
  readonly registry = new Registry()
  readonly contentType = this.registry.contentType
  readonly #requests = new BoundHistogram(
    'cloudos_http_request_seconds',
    'Time to answer a request, by service, route, method and class of status',
    requestBounds,
  )
  readonly #steps = new BoundHistogram(
    'cloudos_job_step_seconds',
    'Time that a step of a job took, by job type, step and outcome',
    stepBounds,
  )
  readonly #queries = new BoundHistogram('cloudos_query_seconds', 'Time of a database query, by name', queryBounds)
  readonly #routes = new Map<string, RouteMetric>()
  readonly #stepMetrics = new Map<string, Map<string, StepMetric>>()
  readonly #queryMetrics = new Map<string, QueryMetric>()
  readonly #stop: () => void

  constructor(options: MetricsOptions = {}) {
    if (options.cloud !== undefined) this.registry.setDefaultLabels({ cloud: options.cloud })
    for (const histogram of [this.#requests, this.#steps, this.#queries]) this.registry.registerMetric(histogram)
    this.#stop = options.withProcess === false ? () => {} : watchProcess(this.registry)
  }

  /** The metric of a route (its pattern, never a path with ids in it). Keep it: looking it up costs more than using it. */
  route(service: string, route: string, method: string): RouteMetric {
    return remembered(this.#routes, `${service} ${method} ${route}`, () => {
      const byClass: (Series | undefined)[] = []
      return {
        observe: (statusCode, seconds) => {
          const digit = Math.trunc(statusCode / 100)
          byClass[digit] ??= this.#requests.bind({ service, route, method, status: `${digit}xx` })
          byClass[digit].observe(seconds)
        },
      }
    })
  }

  /** The metric of one step of one type of job. */
  jobStep(type: string, step: string): StepMetric {
    const steps = remembered(this.#stepMetrics, type, () => new Map<string, StepMetric>())
    return remembered(steps, step, () => {
      const series: Partial<Record<StepOutcome, Series>> = {}
      return {
        observe: (outcome, seconds) => {
          series[outcome] ??= this.#steps.bind({ job: type, step, outcome })
          series[outcome].observe(seconds)
        },
      }
    })
  }

  /** The metric of a named query. */
  query(name: string): QueryMetric {
    return remembered(this.#queryMetrics, name, () => this.#queries.bind({ query: name }))
  }

  /** A gauge of a service's own, in this registry; with `collect` it is read when scraped. */
  gauge<Label extends string = string>(about: Omit<GaugeConfiguration<Label>, 'registers'>): Gauge<Label> {
    return new Gauge({ ...about, registers: [this.registry] })
  }

  /** A counter of a service's own, in this registry. */
  counter<Label extends string = string>(about: Omit<CounterConfiguration<Label>, 'registers'>): Counter<Label> {
    return new Counter({ ...about, registers: [this.registry] })
  }

  /** All metrics in Prometheus' text format; serve with `contentType`. */
  scrape(): Promise<string> {
    return this.registry.metrics()
  }

  /** Stops measuring the process and forgets everything. */
  close(): void {
    this.#stop()
    this.registry.clear()
  }
}

function remembered<Key, Thing>(map: Map<Key, Thing>, key: Key, make: () => Thing): Thing {
  let thing = map.get(key)
  if (thing === undefined) {
    thing = make()
    map.set(key, thing)
  }
  return thing
}
