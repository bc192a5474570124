// Resources of the whole cloud with nothing special about them: the five operations from the declaration.
import type { TSchema } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { conflict, notFound } from '../../../eden/errors.ts'
import { created, noContent, ok } from '../../../eden/http/request.ts'
import { bodyOf, fieldsFrom, wrapped } from '../../../eden/resource/input.ts'
import type { NewRow, Resource, Row } from '../../../eden/resource/resource.ts'
import { routes, type ServiceRoute } from '../../../eden/service.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import type { IdentityContext } from '../context.ts'
import { extraFrom } from './extra.ts'
import { mustStay } from './guards.ts'
import { pageOf } from './listing.ts'
import { collection, shown } from './shown.ts'

type Body = Record<string, unknown>
type Of<F> = Row<Resource<F>> & Record<string, unknown>

export interface Plain<F> {
  resource: Resource<F>
  /** Word around one in bodies, and in the rules' names: `service`. */
  one: string
  /** Word around many, and the place below `/v3`: `services`. */
  many: string
  /** Our names of what must be given. */
  required: readonly (keyof F & string)[]
  /** What the request may carry besides. */
  accepts?: Record<string, TSchema>
  /** Fields left out of replies while they are null, by wire name. */
  unlessNull?: readonly string[]
  /** Fields that follow from the body in their own way. */
  fields?(body: Body): NewRow<Resource<F>>
  /** What is shown beyond the fields. */
  alsoShown?(row: Of<F>): Record<string, unknown>
  /** @throws where the row cannot be as the body wants it. */
  check?(tx: Transaction, body: Body, before: Of<F> | undefined): Promise<void>
  /** Takes away what stands on the row; @throws where it must stay. */
  beforeRemove?(tx: Transaction, row: Of<F>): Promise<void>
}

export function plainRoutes<F>(plain: Plain<F>): ServiceRoute<IdentityContext>[] {
  const { resource, one, many } = plain
  const r = routes<IdentityContext>()
  const path = `/v3/${many}`
  const parameter = `${one}_id`
  const rows = (from: Call | Transaction) => from.rows(resource)
  const view = (call: Call, row: Of<F>) => ({
    ...shown(call, resource, row, many, plain.unlessNull),
    ...plain.alsoShown?.(row),
  })
  const find = async (from: Call | Transaction, id: string) => {
    const found = await rows(from).find(id)
    if (!found) throw notFound(`Could not find ${one}: ${id}.`)
    return found
  }
  const valuesOf = (body: Body) => ({ ...fieldsFrom(resource, body), ...plain.fields?.(body) })
  const besides = Object.keys(plain.accepts ?? {})
  const schema = (kind: 'create' | 'update') =>
    wrapped(
      one,
      bodyOf(resource, {
        for: kind,
        required: plain.required,
        open: true,
        ...(plain.accepts && { extra: plain.accepts }),
      }),
    )

  return [
    r(
      'GET',
      path,
      async (_, call, input) => {
        const { rows, next } = await pageOf(call, resource, input)
        return ok(
          collection(
            call,
            input,
            many,
            many,
            rows.map((row) => view(call, row)),
            next,
          ),
        )
      },
      { rule: `identity:list_${many}` },
    ),
    r(
      'POST',
      path,
      async (_, call, input) => {
        const body = (input.body as Record<string, Body>)[one]!
        const row = await call.transaction(async (tx) => {
          await plain.check?.(tx, body, undefined)
          const id =
            typeof body.id === 'string' && !resource.byField.get('id')!.type.readOnly ? body.id : call.ids.hex()
          if (await rows(tx).find(id)) throw conflict(`There is a ${one} ${id} already.`)
          return rows(tx).insert({ ...valuesOf(body), id, extra: extraFrom(resource, body, besides) } as NewRow<
            Resource<F>
          >)
        })
        return created({ [one]: view(call, row) })
      },
      { rule: `identity:create_${one}`, body: schema('create') },
    ),
    r(
      'GET',
      `${path}/:${parameter}`,
      async (_, call, { params }) => ok({ [one]: view(call, await find(call, params[parameter]!)) }),
      { rule: `identity:get_${one}` },
    ),
    r(
      'PATCH',
      `${path}/:${parameter}`,
      async (_, call, { params, body: given }) => {
        const body = (given as Record<string, Body>)[one]!
        const row = await call.transaction(async (tx) => {
          const before = await find(tx, params[parameter]!)
          mustStay(body, { id: before.id })
          await plain.check?.(tx, body, before)
          const extra = { ...(before.extra as Body), ...extraFrom(resource, body, besides) }
          return rows(tx).update(before, { ...valuesOf(body), extra } as Partial<Of<F>>)
        })
        return ok({ [one]: view(call, row) })
      },
      { rule: `identity:update_${one}`, body: schema('update') },
    ),
    r(
      'DELETE',
      `${path}/:${parameter}`,
      async (_, call, { params }) => {
        await call.transaction(async (tx) => {
          const found = await find(tx, params[parameter]!)
          await plain.beforeRemove?.(tx, found)
          await rows(tx).remove(found)
        })
        return noContent()
      },
      { rule: `identity:delete_${one}` },
    ),
  ]
}
