// Spans: what a request did and how long each part took. Without an exporter nothing is recorded and nothing costs.

import type { SpanExporter } from './otlp.ts'
import { formatTraceparent, newSpanId, newTraceId, parseTraceparent, type TraceContext } from './traceparent.ts'

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer'
export type AttributeValue = string | number | boolean

export interface Span {
  /** What goes into the `traceparent` header of calls made on behalf of this span. */
  readonly traceparent: string
  readonly traceId: string
  /** Ask before computing attributes that cost something. */
  readonly isRecording: boolean
  /** Starts a span within this one. */
  child(name: string, kind?: SpanKind): Span
  set(name: string, value: AttributeValue): void
  /** Ends the span; with an error it counts as failed. A second end does nothing. */
  end(error?: unknown): void
}

/** A finished span as exporters take it. Times are nanoseconds since 1970. */
export type FinishedSpan = {
  readonly service: string
  readonly name: string
  readonly kind: SpanKind
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly startNs: bigint
  readonly endNs: bigint
  readonly attributes: ReadonlyMap<string, AttributeValue>
  readonly error: string | undefined
}

export type TracerOptions = {
  /** Where finished spans go; without it tracing is off and only `traceparent` is passed on. */
  readonly exporter?: SpanExporter
  /** Nanoseconds since 1970. */
  readonly nowNs?: () => bigint
}

export class Tracer {
  readonly #exporter: SpanExporter | undefined
  readonly #nowNs: () => bigint

  constructor(options: TracerOptions = {}) {
    this.#exporter = options.exporter
    this.#nowNs = options.nowNs ?? wallClockNs
  }

  get isOn(): boolean {
    return this.#exporter !== undefined
  }

  /**
   * Starts the first span of a request or job here.
   * @param traceparent the header that came in; a valid one decides the trace and whether it is recorded.
   */
  start(service: string, name: string, traceparent?: string, kind: SpanKind = 'server'): Span {
    if (!this.#exporter) return new QuietSpan(traceparent)
    const parent = parseTraceparent(traceparent)
    if (parent && !parent.isSampled) return new QuietSpan(traceparent)
    return new RecordingSpan(this.#exporter, this.#nowNs, service, name, kind, parent)
  }
}

const startOfClockNs = BigInt(Math.round(performance.timeOrigin * 1e6))

/** Finer than milliseconds, and steady while the process lives. */
function wallClockNs(): bigint {
  return startOfClockNs + BigInt(Math.round(performance.now() * 1e6))
}

/** Passes the caller's context on, or makes one when the first neighbour is called; its children are itself. */
class QuietSpan implements Span {
  readonly isRecording = false
  readonly #incoming: string | undefined
  #context: TraceContext | undefined

  constructor(incoming: string | undefined) {
    this.#incoming = incoming
  }
  get #known(): TraceContext {
    this.#context ??= parseTraceparent(this.#incoming) ?? {
      traceId: newTraceId(),
      spanId: newSpanId(),
      isSampled: false,
    }
    return this.#context
  }
  get traceparent(): string {
    return formatTraceparent(this.#known)
  }
  get traceId(): string {
    return this.#known.traceId
  }
  child(): Span {
    return this
  }
  set(): void {}
  end(): void {}
}

const mostAttributes = 64

class RecordingSpan implements Span {
  readonly isRecording = true
  readonly traceId: string
  readonly #spanId = newSpanId()
  readonly #exporter: SpanExporter
  readonly #nowNs: () => bigint
  readonly #service: string
  readonly #name: string
  readonly #kind: SpanKind
  readonly #parentSpanId: string | undefined
  readonly #startNs: bigint
  readonly #attributes = new Map<string, AttributeValue>()
  #isEnded = false

  constructor(
    exporter: SpanExporter,
    nowNs: () => bigint,
    service: string,
    name: string,
    kind: SpanKind,
    parent: Pick<TraceContext, 'traceId' | 'spanId'> | undefined,
  ) {
    this.#exporter = exporter
    this.#nowNs = nowNs
    this.#service = service
    this.#name = name
    this.#kind = kind
    this.traceId = parent?.traceId ?? newTraceId()
    this.#parentSpanId = parent?.spanId
    this.#startNs = nowNs()
  }

  get traceparent(): string {
    return formatTraceparent({ traceId: this.traceId, spanId: this.#spanId, isSampled: true })
  }

  child(name: string, kind: SpanKind = 'internal'): Span {
    const self = { traceId: this.traceId, spanId: this.#spanId }
    return new RecordingSpan(this.#exporter, this.#nowNs, this.#service, name, kind, self)
  }

  set(name: string, value: AttributeValue): void {
    if (this.#attributes.size < mostAttributes || this.#attributes.has(name)) this.#attributes.set(name, value)
  }

  end(error?: unknown): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#exporter.add({
      service: this.#service,
      name: this.#name,
      kind: this.#kind,
      traceId: this.traceId,
      spanId: this.#spanId,
      parentSpanId: this.#parentSpanId,
      startNs: this.#startNs,
      endNs: this.#nowNs(),
      attributes: this.#attributes,
      error: error === undefined ? undefined : error instanceof Error ? error.message : String(error),
    })
  }
}
