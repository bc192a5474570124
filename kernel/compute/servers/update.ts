// PUT /servers/:id: name, description, access addresses, hostname.
import { isIPv4, isIPv6 } from 'node:net'
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import type { ComputeContext } from '../context.ts'
import { speaks } from '../versions/since.ts'
import { canonicalIpv6 } from './address.ts'
import { besideOf } from './beside.ts'
import { getServer } from './find.ts'
import { server } from './server.ts'
import { serverView } from './view.ts'

const address = Type.Optional(Type.Union([Type.Null(), Type.String({ maxLength: 64 })]))

export const updateServerBody = Type.Object(
  {
    server: Type.Object(
      {
        name: Type.Optional(Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' })),
        description: Type.Optional(Type.Union([Type.Null(), Type.String({ maxLength: 255 })])),
        accessIPv4: address,
        accessIPv6: address,
        'OS-DCF:diskConfig': Type.Optional(Type.Unsafe({ type: 'string', enum: ['AUTO', 'MANUAL'] })),
        hostname: Type.Optional(
          Type.String({ minLength: 2, maxLength: 63, pattern: '^[a-zA-Z0-9]+[a-zA-Z0-9-]*[a-zA-Z0-9]+$' }),
        ),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)

interface Given {
  name?: string
  description?: string | null
  accessIPv4?: string | null
  accessIPv6?: string | null
  'OS-DCF:diskConfig'?: 'AUTO' | 'MANUAL'
  hostname?: string
}

export async function updateServer(context: ComputeContext, call: Call, { params, body }: Input) {
  const given = (body as { server: Given }).server
  if (given.description !== undefined && !speaks(call, '2.19'))
    throw badRequest("Additional properties are not allowed ('description' was unexpected)")
  if (given.hostname !== undefined && !speaks(call, '2.90'))
    throw badRequest("Additional properties are not allowed ('hostname' was unexpected)")
  if (given.accessIPv4 && !isIPv4(given.accessIPv4)) throw badRequest(`'${given.accessIPv4}' is not a 'ipv4'`)
  if (given.accessIPv6 && !isIPv6(given.accessIPv6)) throw badRequest(`'${given.accessIPv6}' is not a 'ipv6'`)
  const row = await call.transaction(async (tx) => {
    const before = await getServer(call, tx, params.id!, 'os_compute_api:servers:update')
    return tx.rows(server).update(before, {
      ...(given.name !== undefined && { name: given.name.trim() }),
      ...(given.description !== undefined && { description: given.description }),
      ...(given.accessIPv4 !== undefined && { accessIpv4: given.accessIPv4 ?? '' }),
      ...(given.accessIPv6 !== undefined && { accessIpv6: canonicalIpv6(given.accessIPv6) }),
      ...(given['OS-DCF:diskConfig'] && { diskConfig: given['OS-DCF:diskConfig'] }),
      ...(given.hostname !== undefined && { hostname: given.hostname }),
    })
  })
  const beside = await besideOf(context, call, [row])
  return ok({ server: serverView(call, row, beside(row), false) })
}
