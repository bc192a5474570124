// The cloud's log: JSON lines (or readable ones at a terminal) to standard error or a file, with secrets masked.

import { type Bindings, type Logger, pino } from 'pino'
import { type LineSink, prettySink } from './pretty.ts'
import { redact, redactText } from './redact.ts'

/** What code writes to: `log.info({ volumeId }, 'volume is ready')`. */
export type Log = Logger

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

export type LogOptions = {
  /** `info` unless said otherwise. */
  readonly level?: LogLevel
  /** `auto` is pretty on a terminal and json elsewhere. */
  readonly format?: 'auto' | 'json' | 'pretty'
  /** A file to append to; its folder is made. */
  readonly file?: string
  /** Takes the lines instead of standard error or a file; each comes with its line end. */
  readonly sink?: LineSink
}

/** A log with the means to close it. */
export type OpenLog = {
  readonly log: Log
  /** Opens the file anew after something renamed it (log rotation); without a file it does nothing. */
  reopen(): void
  close(): void
}

/**
 * Opens a log. Lines are written before the call returns, so that none is lost with the process.
 * @throws Error when the file cannot be opened.
 */
export function openLog(options: LogOptions = {}): OpenLog {
  const { level = 'info', format = 'auto', file, sink } = options
  const destination = sink ? undefined : pino.destination({ dest: file ?? 2, sync: true, mkdir: true, append: true })
  const isTerminal = !sink && !file && process.stderr.isTTY === true
  const isPretty = format === 'pretty' || (format === 'auto' && isTerminal)
  const lines: LineSink = sink ?? destination!
  const log = pino(
    {
      level,
      base: null,
      serializers: { err: describeError, error: describeError },
      formatters: {
        log: (entry) => redact(entry) as Record<string, unknown>,
      },
      hooks: { streamWrite: redactText },
    },
    isPretty ? prettySink(lines, isTerminal && process.env.NO_COLOR === undefined) : lines,
  )
  redactChildren(log)
  return {
    log,
    reopen: () => {
      if (file) destination?.reopen()
    },
    close: () => {
      destination?.flushSync()
      if (file) destination?.end()
    },
  }
}

/** A log that writes nothing. */
export function silentLog(): Log {
  return pino({ level: 'silent' })
}

/** The log of one service: every line names it. */
export function serviceLog(log: Log, service: string): Log {
  return log.child({ service })
}

/** The log of one request within a service: every line names it and, with tracing, its trace. */
export function requestLog(log: Log, requestId: string, traceId?: string): Log {
  return log.child(traceId === undefined ? { requestId } : { requestId, traceId })
}

/** Pino formats the bindings of the root only; children inherit this method, and so do theirs. */
function redactChildren(log: Log): void {
  const { child } = log
  log.child = function (this: Log, bindings, options) {
    return child.call(this, redact(bindings) as Bindings, options) as ReturnType<typeof child>
  } as typeof child
}

function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { raw, ...described } = pino.stdSerializers.errWithCause(error)
  return redact(described)
}
