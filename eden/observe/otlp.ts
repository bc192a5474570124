// Sends finished spans to a collector by OTLP over HTTP in JSON: batched, with bounded memory, never in the way.
// https://opentelemetry.io/docs/specs/otlp/#otlphttp

import { redactText } from './redact.ts'
import type { AttributeValue, FinishedSpan, SpanKind } from './trace.ts'

export interface SpanExporter {
  /** Takes a span without waiting; when the queue is full the span is dropped and counted. */
  add(span: FinishedSpan): void
  /** Sends what is queued; resolves when it has been sent or given up. */
  flush(): Promise<void>
  /** A last flush; spans that come later are dropped. */
  close(): Promise<void>
}

export type OtlpOptions = {
  /** As `OTEL_EXPORTER_OTLP_ENDPOINT`: spans go to `<endpoint>/v1/traces`. */
  readonly endpoint: string
  /** Sent with every request, as `name=value` pairs with commas between them (values percent-encoded). */
  readonly headers?: string
  /** Told when the collector begins to fail, and of each batch that it refuses for good. */
  readonly onProblem?: (problem: Error) => void
  readonly mostQueued?: number
  readonly batchSize?: number
  /** How long a span may wait for others; doubled for each failure in a row, up to a minute. */
  readonly lingerMs?: number
  readonly timeoutMs?: number
}

/** Since the start; `dropped` are lost, `queued` are waiting. */
export type ExportCounts = { readonly sent: number; readonly dropped: number; readonly queued: number }

const kinds: Record<SpanKind, number> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 }
const longestWaitMs = 60_000
const worthAnotherTry = new Set([429, 502, 503, 504])

export class OtlpExporter implements SpanExporter {
  readonly #options: Required<Pick<OtlpOptions, 'mostQueued' | 'batchSize' | 'lingerMs' | 'timeoutMs'>> & OtlpOptions
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>
  #queue: FinishedSpan[] = []
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  #sent = 0
  #dropped = 0
  #isClosed = false
  /** In a row, counting only what another try may cure. */
  #failures = 0

  constructor(options: OtlpOptions) {
    this.#options = { mostQueued: 4096, batchSize: 512, lingerMs: 2000, timeoutMs: 10_000, ...options }
    const base = options.endpoint.replace(/\/+$/, '')
    this.#url = base.endsWith('/v1/traces') ? base : `${base}/v1/traces`
    this.#headers = { ...headersOf(options.headers ?? ''), 'content-type': 'application/json' }
  }

  get counts(): ExportCounts {
    return { sent: this.#sent, dropped: this.#dropped, queued: this.#queue.length }
  }

  add(span: FinishedSpan): void {
    if (this.#isClosed || this.#queue.length >= this.#options.mostQueued) {
      this.#dropped++
      return
    }
    this.#queue.push(span)
    if (this.#queue.length === this.#options.batchSize && this.#failures === 0) void this.flush()
    else this.#flushLater()
  }

  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    // One request at a time: a slow collector makes the queue grow to its bound and no further.
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined
      if (this.#queue.length > 0) this.#flushLater()
    })
    return this.#sending
  }

  async close(): Promise<void> {
    this.#isClosed = true
    // The first flush may be one that was under way and stopped early; the second has the whole queue.
    await this.flush()
    await this.flush()
    this.#dropped += this.#queue.splice(0).length
    clearTimeout(this.#timer)
  }

  #flushLater(): void {
    const waitMs = Math.min(this.#options.lingerMs * 2 ** this.#failures, longestWaitMs)
    this.#timer ??= setTimeout(() => void this.flush(), waitMs).unref()
  }

  /** Stops at the first batch that the collector cannot take now; that one keeps its place in the queue. */
  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, this.#options.batchSize)
      const refusal = await this.#send(batch)
      if (refusal?.isTemporary) {
        if (this.#failures++ === 0) this.#report(`${refusal.reason}; they are kept and sent again later`, batch.length)
        return
      }
      this.#queue.splice(0, batch.length)
      this.#failures = 0
      if (!refusal) this.#sent += batch.length
      else {
        this.#dropped += batch.length
        this.#report(`${refusal.reason}; they are lost`, batch.length)
      }
    }
  }

  async #send(batch: readonly FinishedSpan[]): Promise<{ reason: string; isTemporary: boolean } | undefined> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: this.#headers,
        body: JSON.stringify(requestBody(batch)),
        signal: AbortSignal.timeout(this.#options.timeoutMs),
      })
      await response.arrayBuffer()
      if (response.ok) return undefined
      return { reason: `it answered ${response.status}`, isTemporary: worthAnotherTry.has(response.status) }
    } catch (error) {
      const { message, cause } = error as Error
      return { reason: cause instanceof Error ? cause.message : message, isTemporary: true }
    }
  }

  #report(reason: string, count: number): void {
    const advice = 'check observe.otlpEndpoint and the collector behind it'
    this.#options.onProblem?.(
      new Error(`the collector at ${this.#url} did not take ${count} spans: ${reason}; ${advice}`),
    )
  }
}

function headersOf(pairs: string): Record<string, string> {
  const entries = pairs
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair.includes('='))
    .map((pair) => [
      pair.slice(0, pair.indexOf('=')).trim(),
      decodeURIComponent(pair.slice(pair.indexOf('=') + 1).trim()),
    ])
  return Object.fromEntries(entries) as Record<string, string>
}

/** The body of an export: spans grouped by the service that made them. */
export function requestBody(spans: readonly FinishedSpan[]) {
  const services = Map.groupBy(spans, (span) => span.service)
  return {
    resourceSpans: [...services].map(([service, own]) => ({
      resource: { attributes: [attribute('service.name', service), attribute('service.namespace', 'cloudos')] },
      scopeSpans: [{ scope: { name: 'cloudos' }, spans: own.map(wireSpan) }],
    })),
  }
}

function wireSpan(span: FinishedSpan) {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: kinds[span.kind],
    startTimeUnixNano: String(span.startNs),
    endTimeUnixNano: String(span.endNs),
    attributes: [...span.attributes].map(([name, value]) => attribute(name, value)),
    status: span.error === undefined ? {} : { code: 2, message: redactText(span.error) },
  }
}

function attribute(key: string, value: AttributeValue) {
  if (typeof value === 'string') return { key, value: { stringValue: redactText(value) } }
  if (typeof value === 'boolean') return { key, value: { boolValue: value } }
  return { key, value: Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value } }
}
