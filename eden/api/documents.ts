// The API description of each service, printed from its own tables.
import { notFound } from '../errors.ts'
import { ok } from '../http/request.ts'
import { openApiOf } from '../resource/openapi.ts'
import type { ServiceOperation } from '../service.ts'
import type { EdenContext } from './context.ts'

export const showOpenApi: ServiceOperation<EdenContext> = async ({ assembly }, call, { params }) => {
  const service = assembly.services.find(({ name }) => name === params.service)
  if (!service)
    throw notFound(
      `No service is named '${params.service}'; there are ${assembly.services.map(({ name }) => name).join(', ')}.`,
    )
  return ok(openApiOf(service, call.origin))
}
