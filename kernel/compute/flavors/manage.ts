// Making, describing and deleting flavors.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict } from '../../../eden/errors.ts'
import { accepted, type Input, ok } from '../../../eden/http/request.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import type { ComputeContext } from '../context.ts'
import { speaks } from '../versions/since.ts'
import { getFlavor } from './find.ts'
import { flavor } from './flavor.ts'
import { flavorView } from './view.ts'

const amount = (min: number) =>
  Type.Union([Type.Integer({ minimum: min, maximum: 2147483647 }), Type.String({ pattern: '^[0-9]+$' })])
const description = Type.Union([Type.Null(), Type.String({ maxLength: 65535 })])

export const createFlavorBody = Type.Object(
  {
    flavor: Type.Object(
      {
        name: Type.String({ minLength: 1, maxLength: 255, pattern: '^\\S(.*\\S)?$' }),
        id: Type.Optional(Type.Union([Type.Null(), Type.Integer({ minimum: 0 }), Type.String({ maxLength: 255 })])),
        ram: amount(1),
        vcpus: amount(1),
        disk: amount(0),
        'OS-FLV-EXT-DATA:ephemeral': Type.Optional(amount(0)),
        swap: Type.Optional(Type.Union([amount(0), Type.Literal('')])),
        rxtx_factor: Type.Optional(Type.Union([Type.Number(), Type.String({ pattern: '^[0-9]+(\\.[0-9]+)?$' })])),
        'os-flavor-access:is_public': Type.Optional(Type.Union([Type.Boolean(), Type.String()])),
        description: Type.Optional(description),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)

interface Given {
  name: string
  id?: string | number | null
  ram: number | string
  vcpus: number | string
  disk: number | string
  'OS-FLV-EXT-DATA:ephemeral'?: number | string
  swap?: number | string
  rxtx_factor?: number | string
  'os-flavor-access:is_public'?: boolean | string
  description?: string | null
}

const isGiven = (id: Given['id']) => id !== undefined && id !== null && id !== 'auto' && id !== ''

const wholeAtLeast = (name: string, value: number | string, min: number) => {
  const number = Number(value)
  if (!Number.isInteger(number) || number < min || number > 2147483647)
    throw badRequest(
      `Invalid input for field/attribute ${name}. Value: ${value}. ${value} is less than the minimum of ${min}`,
    )
  return number
}

export async function createFlavor(_: ComputeContext, call: Call, { body }: Input) {
  const given = (body as { flavor: Given }).flavor
  if (given.description !== undefined && !speaks(call, '2.55'))
    throw badRequest("Additional properties are not allowed ('description' was unexpected)")
  const id = isGiven(given.id) ? String(given.id) : call.ids.uuid()
  if (!/^[a-zA-Z0-9._\- ]+$/.test(id) || id !== id.trim())
    throw badRequest(`Invalid input for field/attribute id. Value: ${id}.`)
  const isPublic = given['os-flavor-access:is_public'] ?? true
  const rxtxFactor = Number(given.rxtx_factor ?? 1)
  if (!(rxtxFactor > 0)) throw badRequest(`Invalid input for field/attribute rxtx_factor. Value: ${rxtxFactor}.`)
  const row = await call.transaction(async (tx) => {
    const rows = tx.rows(flavor)
    if (await rows.find(id)) throw conflict(`Flavor with ID ${id} already exists.`)
    if (await rows.first({ name: given.name })) throw conflict(`Flavor with name ${given.name} already exists.`)
    return rows.insert({
      id,
      name: given.name,
      description: given.description ?? null,
      memoryMiB: wholeAtLeast('ram', given.ram, 1),
      vcpus: wholeAtLeast('vcpus', given.vcpus, 1),
      diskGiB: wholeAtLeast('disk', given.disk, 0),
      ephemeralGiB: wholeAtLeast('ephemeral', given['OS-FLV-EXT-DATA:ephemeral'] ?? 0, 0),
      swapMiB: wholeAtLeast('swap', given.swap || 0, 0),
      rxtxFactor,
      isPublic: typeof isPublic === 'string' ? (parseFlag(isPublic) ?? true) : isPublic,
    })
  })
  return ok({ flavor: flavorView(call, row) })
}

export const updateFlavorBody = Type.Object(
  { flavor: Type.Object({ description }, { additionalProperties: false }) },
  { additionalProperties: false },
)

export async function updateFlavor(_: ComputeContext, call: Call, { params, body }: Input) {
  const given = (body as { flavor: { description: string | null } }).flavor
  const row = await call.transaction(async (tx) =>
    tx.rows(flavor).update(await getFlavor(call, tx, params.id!), { description: given.description }),
  )
  return ok({ flavor: flavorView(call, row) })
}

/** Servers keep what they were made of, so a flavor in use may go. */
export async function deleteFlavor(_: ComputeContext, call: Call, { params }: Input) {
  await call.transaction(async (tx) => tx.rows(flavor).remove(await getFlavor(call, tx, params.id!)))
  return accepted()
}
