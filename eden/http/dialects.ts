// The error shape that Nova and Cinder share: one word for the kind, a code and a sentence.
import type { ErrorDialect } from '../service.ts'

const words: Record<number, string> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  406: 'notAcceptable',
  409: 'conflictingRequest',
  413: 'overLimit',
  415: 'badMediaType',
  429: 'overLimit',
  501: 'notImplemented',
  503: 'serviceUnavailable',
}

/** `{"itemNotFound": {"code": 404, "message": "…"}}`. Source: the API references of Compute and Block Storage. */
export const computeDialect: ErrorDialect = (problem) => ({
  body: { [words[problem.status] ?? 'computeFault']: { code: problem.status, message: problem.message } },
})
