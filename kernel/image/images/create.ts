// POST /v2/images: an image that waits for its bytes.
import { badRequest, conflict, forbidden } from '../../../eden/errors.ts'
import { created } from '../../../eden/http/request.ts'
import type { NewRow } from '../../../eden/resource/resource.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { ImageContext } from '../context.ts'
import { baseAttribute, customProperty, requireRoom, requireVisibility, requireWritable } from './attributes.ts'
import { type Image, image, imageView, wholeSecond } from './image.ts'

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const createImage: ServiceOperation<ImageContext> = async ({ config, store }, call, { body }) => {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest('Malformed request body: a JSON object is needed.')
  const given = body as Record<string, unknown>
  const fields: Record<string, unknown> = {}
  const properties: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) {
    if (name === 'id') continue
    requireWritable(name)
    const base = baseAttribute(name, value)
    if (base) fields[base.field] = base.value
    else properties[name] = customProperty(name, value)
  }
  const { id = call.ids.uuid() } = given as { id?: unknown }
  if (typeof id !== 'string' || !uuidForm.test(id)) throw badRequest("Invalid image 'id': a UUID is needed.")
  const owner = (fields.owner as string | null | undefined) ?? call.projectId
  const target = { project_id: owner, tenant_id: owner, owner, visibility: fields.visibility }
  if (!call.allows('add_image', target))
    throw forbidden(`You are not permitted to create images owned by '${owner}'.`, { reason: { owner } })
  requireVisibility(call, fields.visibility, target)
  requireRoom(config, { tags: (fields.tags as string[] | undefined) ?? [], properties })
  const now = wholeSecond(call.clock.now())
  const row = await call.transaction(async (tx) => {
    const images = tx.rows(image, everyone('ids are unique over all projects'))
    if (await images.find(id)) throw conflict(`Image ID ${id} already exists!`)
    return images.insert({
      ...fields,
      id,
      owner,
      properties,
      createdAt: now,
      updatedAt: now,
    } as NewRow<typeof image>)
  })
  return created(imageView(row as Image, store.name), {
    location: `${call.origin}/v2/images/${row.id}`,
    'openstack-image-import-methods': config.importMethods.join(','),
    'openstack-image-store-ids': store.name,
  })
}
