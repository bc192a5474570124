// Metrics of one cloud: each route, job step and query has a histogram, found once and then only added to.

import { loadSettings } from '../eden/config/load.ts'
import type { RequestObserver } from '../eden/http/pipeline.ts'
import type { StepObserver } from '../eden/jobs/engine.ts'
import { observeSettings } from '../eden/observe/config.ts'
import type { Log } from '../eden/observe/log.ts'
import { Metrics } from '../eden/observe/metrics.ts'
import { OtlpExporter } from '../eden/observe/otlp.ts'
import { Tracer } from '../eden/observe/trace.ts'
import type { QueryObserver } from '../eden/store/store.ts'

export interface Observers {
  observe: RequestObserver
  observeStep: StepObserver
  observeQuery: QueryObserver
}

export function observersOf(metrics: Metrics): Observers {
  const routes = remembered((service: string, route: string, method: string) => metrics.route(service, route, method))
  const steps = remembered((job: string, step: string) => metrics.jobStep(job, step))
  const queries = remembered((name: string) => metrics.query(name))
  return {
    observe: ({ service, route, method, status, seconds }) => routes(service, route, method).observe(status, seconds),
    observeStep: (job, step, outcome, seconds) => steps(job, step).observe(outcome, seconds),
    observeQuery: (query, seconds) => queries(query).observe(seconds),
  }
}

function remembered<K extends string[], V>(make: (...key: K) => V): (...key: K) => V {
  const known = new Map<string, V>()
  return (...key) => {
    const name = key.join('\n')
    let value = known.get(name)
    if (value === undefined) {
      value = make(...key)
      known.set(name, value)
    }
    return value
  }
}

/** Metrics always; spans where the settings or `OTEL_EXPORTER_OTLP_ENDPOINT` name a collector. */
export function startObserving(log: Log, env: Readonly<Record<string, string | undefined>>) {
  const values = loadSettings([observeSettings], { env }).of(observeSettings)
  const metrics = new Metrics()
  const exporter = values.otlpEndpoint
    ? new OtlpExporter({
        endpoint: values.otlpEndpoint,
        headers: values.otlpHeaders?.reveal(),
        onProblem: (err) => log.warn({ err }, 'spans are not delivered'),
      })
    : undefined
  return {
    metrics,
    tracer: new Tracer({ exporter }),
    async close() {
      await exporter?.close()
      metrics.close()
    },
  }
}
