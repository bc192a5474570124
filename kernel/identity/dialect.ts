// Keystone's error shape: one word, a code, a title and a sentence.
import { STATUS_CODES } from 'node:http'
import type { ErrorDialect } from '../../eden/service.ts'

/** `{"error": {"code": 404, "title": "Not Found", "message": "…"}}`. Source: Identity API reference. */
export const identityDialect: ErrorDialect = (problem) => ({
  body: {
    error: { code: problem.status, message: problem.message, title: STATUS_CODES[problem.status] ?? 'Error' },
  },
  headers: { vary: 'X-Auth-Token' },
})
