// The volume service's errors: Nova's shape. Source: the Block Storage API reference.
import type { Problem } from '../../eden/errors.ts'
import { computeDialect } from '../../eden/http/dialects.ts'
import type { ErrorDialect } from '../../eden/service.ts'

export const volumeDialect: ErrorDialect = (problem: Problem, requestId) => computeDialect(problem, requestId)
