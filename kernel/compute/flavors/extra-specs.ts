// What a flavor says beyond sizes.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, notFound } from '../../../eden/errors.ts'
import { type Input, ok, reply } from '../../../eden/http/request.ts'
import type { ComputeContext } from '../context.ts'
import { getFlavor } from './find.ts'
import { flavor } from './flavor.ts'

const key = '^[a-zA-Z0-9-_:. ]{1,255}$'
const specs = Type.Record(Type.String({ pattern: key }), Type.Union([Type.String({ maxLength: 255 }), Type.Number()]), {
  additionalProperties: false,
})
export const createSpecsBody = Type.Object({ extra_specs: specs }, { additionalProperties: false })
export const updateSpecBody = specs

const asText = (given: Record<string, string | number>) =>
  Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]))

const missing = (id: string, name: string) => notFound(`Flavor ${id} has no extra specs with key ${name}.`)

export async function listSpecs(_: ComputeContext, call: Call, { params }: Input) {
  return ok({ extra_specs: (await getFlavor(call, call, params.id!)).extraSpecs })
}

export async function showSpec(_: ComputeContext, call: Call, { params }: Input) {
  const { id, extraSpecs } = await getFlavor(call, call, params.id!)
  const value = extraSpecs[params.key!]
  if (value === undefined) throw missing(id, params.key!)
  return ok({ [params.key!]: value })
}

export async function createSpecs(_: ComputeContext, call: Call, { params, body }: Input) {
  const given = asText((body as { extra_specs: Record<string, string | number> }).extra_specs)
  await call.transaction(async (tx) => {
    const row = await getFlavor(call, tx, params.id!)
    await tx.rows(flavor).update(row, { extraSpecs: { ...row.extraSpecs, ...given } })
  })
  return ok({ extra_specs: given })
}

export async function updateSpec(_: ComputeContext, call: Call, { params, body }: Input) {
  const given = asText(body as Record<string, string | number>)
  if (Object.keys(given).length !== 1 || given[params.key!] === undefined)
    throw badRequest('Request body and URI mismatch: the body has the one key that the address names.')
  await call.transaction(async (tx) => {
    const row = await getFlavor(call, tx, params.id!)
    await tx.rows(flavor).update(row, { extraSpecs: { ...row.extraSpecs, ...given } })
  })
  return ok(given)
}

export async function deleteSpec(_: ComputeContext, call: Call, { params }: Input) {
  await call.transaction(async (tx) => {
    const row = await getFlavor(call, tx, params.id!)
    const { [params.key!]: gone, ...rest } = row.extraSpecs
    if (gone === undefined) throw missing(row.id, params.key!)
    await tx.rows(flavor).update(row, { extraSpecs: rest })
  })
  return reply(200)
}
