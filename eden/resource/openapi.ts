// OpenAPI 3.1 of a service: its routes with their bodies, rules and versions, and its resources as schemas.
import type { AnyService } from '../service.ts'
import type { Resource } from './resource.ts'

export function openApiOf(service: AnyService, origin: string) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of service.routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}').replace('*', '{rest}')
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
    const operation = {
      operationId: `${route.method.toLowerCase()}${path.replace(/[^A-Za-z0-9]+/g, '_')}`,
      ...(route.says && { summary: route.says }),
      ...(route.rule && { 'x-policy-rule': route.rule }),
      ...(route.since && { 'x-since': route.since }),
      ...(route.until && { 'x-until': route.until }),
      ...(!route.token && { security: [{ token: [] }] }),
      parameters: names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...(route.body && {
        requestBody: {
          content:
            route.body === 'stream'
              ? { 'application/octet-stream': {} }
              : { 'application/json': { schema: route.body === 'any' ? {} : route.body } },
        },
      }),
      responses: { default: { description: 'The answer, or an error in the dialect of the service.' } },
    }
    paths[path] ??= {}
    // Several versions of one route share a path; the newest is shown.
    paths[path][route.method.toLowerCase()] = operation
  }
  return {
    openapi: '3.1.0',
    info: { title: `Cloud OS ${service.name}`, version: service.versions?.max ?? '1' },
    servers: [{ url: origin }],
    components: {
      securitySchemes: { token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token' } },
      schemas: Object.fromEntries(
        (service.resources as Resource[]).map((resource) => [resource.name, schemaOf(resource)]),
      ),
    },
    paths,
  }
}

function schemaOf(resource: Resource) {
  const shown = resource.columns.filter(({ type }) => !type.hidden)
  return {
    type: 'object',
    properties: Object.fromEntries(
      shown.map(({ wire, type }) => [
        wire,
        {
          ...type.schema,
          ...(type.readOnly && { readOnly: true }),
          ...(type.secret && { writeOnly: true }),
          ...(type.says && { description: type.says }),
        },
      ]),
    ),
  }
}
