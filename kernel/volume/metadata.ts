// The metadata of volumes and of snapshots: one set of operations, for both are a map of texts in a row.
import type { Call } from '../../eden/call.ts'
import { badRequest, notFound } from '../../eden/errors.ts'
import { ok, reply } from '../../eden/http/request.ts'
import type { Resource } from '../../eden/resource/resource.ts'
import type { ServiceOperation } from '../../eden/service.ts'
import type { Transaction } from '../../eden/store/store.ts'
import type { VolumeContext } from './context.ts'
import { metadataFrom, wrappedIn } from './wire.ts'

type Operation = ServiceOperation<VolumeContext>
interface Holder {
  id: string
  metadata: Record<string, string>
}

export interface MetadataOf {
  resource: Resource<never>
  /** The row, where the caller may do this to it. */
  allowed(call: Call, id: string, what: 'get' | 'create' | 'update' | 'delete'): Promise<Holder>
}

export function metadataOperations({ resource, allowed }: MetadataOf) {
  const change = (call: Call, id: string, next: (now: Record<string, string>) => Record<string, string>) =>
    call.transaction(async (tx: Transaction) => {
      const rows = tx.rows(resource)
      const row = await rows.get(id)
      const metadata = next((row as unknown as Holder).metadata)
      await rows.update(row, { metadata } as never)
      return metadata
    })
  const missing = (key: string) => notFound(`Metadata key ${key} could not be found.`)

  const show: Operation = async (_, call, { params }) =>
    ok({ metadata: (await allowed(call, params.id!, 'get')).metadata })
  const add: Operation = async (_, call, { params, body }) => {
    await allowed(call, params.id!, 'create')
    const given = metadataFrom(wrappedIn(body, 'metadata'))
    return ok({ metadata: await change(call, params.id!, (now) => ({ ...now, ...given })) })
  }
  const replace: Operation = async (_, call, { params, body }) => {
    await allowed(call, params.id!, 'update')
    const given = metadataFrom(wrappedIn(body, 'metadata'))
    return ok({ metadata: await change(call, params.id!, () => given) })
  }
  const showOne: Operation = async (_, call, { params }) => {
    const { metadata } = await allowed(call, params.id!, 'get')
    const key = params.key!
    if (!Object.hasOwn(metadata, key)) throw missing(key)
    return ok({ meta: { [key]: metadata[key] } })
  }
  const setOne: Operation = async (_, call, { params, body }) => {
    await allowed(call, params.id!, 'update')
    const key = params.key!
    const given = metadataFrom(wrappedIn(body, 'meta'))
    if (Object.keys(given).length !== 1 || !Object.hasOwn(given, key))
      throw badRequest(`The body must hold the one item '${key}', as its address does.`)
    await change(call, params.id!, (now) => ({ ...now, ...given }))
    return ok({ meta: given })
  }
  const removeOne: Operation = async (_, call, { params }) => {
    await allowed(call, params.id!, 'delete')
    const key = params.key!
    await change(call, params.id!, (now) => {
      if (!Object.hasOwn(now, key)) throw missing(key)
      const { [key]: _gone, ...rest } = now
      return rest
    })
    return reply(200)
  }
  return { show, add, replace, showOne, setOne, removeOne }
}
