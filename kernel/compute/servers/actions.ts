// POST /servers/:id/action: the body's one key names what to do.
import { type TSchema, Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, notFound } from '../../../eden/errors.ts'
import { validate } from '../../../eden/http/body.ts'
import type { Input, Reply } from '../../../eden/http/request.ts'
import { versionNumber } from '../../../eden/http/versions.ts'
import { legacyConsole, legacyConsoleBody } from '../consoles/open.ts'
import { consoleOutput, consoleOutputBody } from '../consoles/output.ts'
import type { ComputeContext } from '../context.ts'
import { addFloatingIp, floatingIpBody, removeFloatingIp } from '../interfaces/floating-ips.ts'
import { addSecurityGroup, removeSecurityGroup, securityGroupBody } from '../interfaces/security-groups.ts'
import { createImage, createImageBody } from './create-image.ts'
import { beginDelete } from './delete.ts'
import { lock, lockBody, unlock } from './lock.ts'
import { isNotYet, notYetActions, refuseNotYet } from './not-yet.ts'
import { power } from './power.ts'
import { rebuild, rebuildBody } from './rebuild.ts'
import { resetState, resetStateBody } from './reset-state.ts'

export interface ServerActionDeclared {
  /** Schema of what stands behind the key. */
  body?: TSchema
  since?: string
  until?: string
  run(context: ComputeContext, call: Call, id: string, given: never): Promise<Reply>
}

const rebootBody = Type.Object(
  { type: Type.Unsafe<string>({ type: 'string', enum: ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft'] }) },
  { additionalProperties: false },
)

export const serverActions: Record<string, ServerActionDeclared> = {
  'os-start': { run: power('start') },
  'os-stop': { run: power('stop') },
  reboot: {
    body: rebootBody,
    run: (context, call, id, { type }: { type: string }) =>
      power(type.toLowerCase() === 'hard' ? 'rebootHard' : 'rebootSoft')(context, call, id),
  },
  pause: { run: power('pause') },
  unpause: { run: power('unpause') },
  lock: { body: lockBody, run: lock },
  unlock: { run: unlock },
  rebuild: { body: rebuildBody, run: rebuild },
  createImage: { body: createImageBody, run: createImage },
  'os-getConsoleOutput': { body: consoleOutputBody, run: consoleOutput },
  'os-getVNCConsole': { body: legacyConsoleBody('novnc', 'xvpvnc'), until: '2.5', run: legacyConsole('vnc', 'novnc') },
  'os-getSerialConsole': { body: legacyConsoleBody('serial'), until: '2.5', run: legacyConsole('serial', 'serial') },
  addSecurityGroup: { body: securityGroupBody, run: addSecurityGroup },
  removeSecurityGroup: { body: securityGroupBody, run: removeSecurityGroup },
  addFloatingIp: { body: floatingIpBody, until: '2.43', run: addFloatingIp },
  removeFloatingIp: { body: floatingIpBody, until: '2.43', run: removeFloatingIp },
  'os-resetState': { body: resetStateBody, run: resetState },
  forceDelete: {
    run: async (_, call, id) => {
      await beginDelete(call, id, 'os_compute_api:os-deferred-delete:force')
      return { status: 202, headers: {}, body: undefined }
    },
  },
}

export const serverActionNames = [...Object.keys(serverActions), ...notYetActions]

export async function serverAction(context: ComputeContext, call: Call, { params, body }: Input): Promise<Reply> {
  const names = Object.keys((body ?? {}) as Record<string, unknown>)
  if (names.length !== 1) throw badRequest('Malformed request body: an action is an object with one key that names it.')
  const name = names[0]!
  const action = serverActions[name]
  if (!action) {
    if (isNotYet(name)) return refuseNotYet(call, params.id!, name, (body as Record<string, unknown>)[name])
    throw badRequest(`There is no such action: ${name}`)
  }
  const { since, until } = action
  if ((since && call.version < versionNumber(since)) || (until && call.version > versionNumber(until)))
    throw notFound('The resource could not be found in this version of the API.')
  const given = (body as Record<string, unknown>)[name]
  if (action.body) validate(action.body, given)
  return action.run(context, call, params.id!, given as never)
}
