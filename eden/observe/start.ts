// Opens log, metrics and tracing of one cloud from its settings, so that every process does it alike.

import type { ValuesOf } from '../config/setting.ts'
import type { observeSettings } from './config.ts'
import { type Log, openLog } from './log.ts'
import { Metrics } from './metrics.ts'
import { OtlpExporter } from './otlp.ts'
import { Tracer } from './trace.ts'

export type Observation = {
  readonly log: Log
  readonly metrics: Metrics
  readonly tracer: Tracer
  /** For log rotation. */
  reopenLog(): void
  /** Sends the last spans and closes the log. */
  close(): Promise<void>
}

/** @throws Error when the log file cannot be opened. */
export function startObserving(values: ValuesOf<typeof observeSettings>, cloud?: string): Observation {
  const { logLevel: level, logFormat: format, logFile: file, otlpEndpoint: endpoint, otlpHeaders } = values
  const opened = openLog({ level, format, file })
  const { log } = opened
  const onProblem = (err: Error) => log.warn({ err }, 'spans are not delivered')
  const exporter = endpoint ? new OtlpExporter({ endpoint, headers: otlpHeaders?.reveal(), onProblem }) : undefined
  const metrics = new Metrics({ cloud })
  if (exporter) {
    const read = (name: string, help: string, count: 'sent' | 'dropped' | 'queued') =>
      metrics.gauge({
        name,
        help,
        collect() {
          this.set(exporter.counts[count])
        },
      })
    read('cloudos_spans_sent', 'Spans delivered to the collector since the start', 'sent')
    read('cloudos_spans_dropped', 'Spans lost since the start', 'dropped')
    read('cloudos_spans_queued', 'Spans waiting to be sent', 'queued')
  }
  return {
    log,
    metrics,
    tracer: new Tracer({ exporter }),
    reopenLog: opened.reopen,
    close: async () => {
      await exporter?.close()
      metrics.close()
      opened.close()
    },
  }
}
