// Sharing an image: its owner names projects, and each of them accepts or rejects.
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict, forbidden, notFound } from '../../../eden/errors.ts'
import { noContent, ok } from '../../../eden/http/request.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Readable } from '../../../eden/store/store.ts'
import type { ImageContext } from '../context.ts'
import { allowedImage, findImage, targetOf } from '../images/access.ts'
import { spent } from '../images/attributes.ts'
import type { Image } from '../images/image.ts'
import { wholeSecond } from '../images/image.ts'
import { type Member, member, memberStates, memberView } from './member.ts'

const beyond = everyone('who sees the image was checked; members belong to other projects')

const membersIn = (reads: Readable | Call) => reads.rows(member, beyond)

async function findMember(reads: Readable | Call, imageId: string, memberId: string): Promise<Member> {
  const row = await membersIn(reads).first({ imageId, memberId })
  if (!row) throw notFound(`${memberId} is not a member of image ${imageId}.`)
  return row as Member
}

/** Owners see all members; a member sees itself. */
const seesAll = (call: Call, row: Image) => call.sees === 'all' || row.owner === call.credentials.projectId

export const addMember: ServiceOperation<ImageContext> = async ({ config }, call, { params, body }) => {
  const memberId = (body as { member?: unknown } | undefined)?.member
  if (typeof memberId !== 'string' || memberId === '' || memberId.length > 64)
    throw badRequest("Member to be added is not specified: a text 'member' is needed.")
  const row = await allowedImage(call, params.id!, 'add_member')
  if (row.visibility !== 'shared')
    throw forbidden(`Only images with visibility 'shared' have members; this one is ${row.visibility}.`)
  const now = wholeSecond(call.clock.now())
  const added = await call.transaction(async (tx) => {
    const members = membersIn(tx)
    if (await members.first({ imageId: row.id, memberId }))
      throw conflict(`Image member ${memberId} already exists for image ${row.id}.`)
    const used = await members.count({ imageId: row.id })
    if (used >= config.maxMembersPerImage) throw spent('image_members', config.maxMembersPerImage, used + 1)
    return members.insert({
      id: call.ids.uuid(),
      imageId: row.id,
      memberId,
      status: 'pending',
      createdAt: now,
      updatedAt: now,
    })
  })
  return ok(memberView(added as Member))
}

export const listMembers: ServiceOperation<ImageContext> = async (_, call, { params }) => {
  const row = await allowedImage(call, params.id!, 'get_members')
  const rows = (await membersIn(call).list({ where: { imageId: row.id }, sort: [{ field: 'createdAt' }] })) as Member[]
  const shown = seesAll(call, row) ? rows : rows.filter(({ memberId }) => memberId === call.credentials.projectId)
  return ok({ members: shown.map(memberView), schema: '/v2/schemas/members' })
}

export const showMember: ServiceOperation<ImageContext> = async (_, call, { params }) => {
  const row = await allowedImage(call, params.id!, 'get_member')
  const found = await findMember(call, row.id, params.member!)
  if (!seesAll(call, row) && found.memberId !== call.credentials.projectId)
    throw notFound(`${params.member} is not a member of image ${row.id}.`)
  return ok(memberView(found))
}

export const updateMember: ServiceOperation<ImageContext> = async (_, call, { params, body }) => {
  const status = memberStates.find((known) => known === (body as { status?: unknown } | undefined)?.status)
  if (!status) throw badRequest(`The status of a member is one of ${memberStates.join(', ')}.`)
  const row = await findImage(call, params.id!)
  const found = await findMember(call, row.id, params.member!)
  if (!seesAll(call, row) && found.memberId !== call.credentials.projectId)
    throw notFound(`${params.member} is not a member of image ${row.id}.`)
  call.require('modify_member', { ...(await targetOf(call, row)), member_id: found.memberId })
  const changed = await call.transaction(async (tx) =>
    membersIn(tx).update(await findMember(tx, row.id, found.memberId), {
      status,
      updatedAt: wholeSecond(call.clock.now()),
    }),
  )
  return ok(memberView(changed as Member))
}

export const removeMember: ServiceOperation<ImageContext> = async (_, call, { params }) => {
  const row = await allowedImage(call, params.id!, 'delete_member')
  await call.transaction(async (tx) => membersIn(tx).remove(await findMember(tx, row.id, params.member!)))
  return noContent()
}
