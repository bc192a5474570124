// The last lines of a guest's serial console.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { ok } from '../../../eden/http/request.ts'
import type { ComputeContext } from '../context.ts'
import { checkState, getServer, hostOf } from '../servers/find.ts'
import { serverStates } from '../servers/server.ts'

export const consoleOutputBody = Type.Union([
  Type.Null(),
  Type.Object({
    length: Type.Optional(
      Type.Union([Type.Null(), Type.Integer({ minimum: -1 }), Type.String({ pattern: '^-?[0-9]+$' })]),
    ),
  }),
])

export async function consoleOutput(
  { hosts }: ComputeContext,
  call: Call,
  id: string,
  given: { length?: number | string | null } | null,
) {
  const row = await getServer(call, call, id, 'os_compute_api:os-console-output')
  const states = serverStates.filter((state) => state !== 'building')
  checkState(call, { ...row, isLocked: false, task: null }, { action: 'get_console_output', states })
  const lines = given?.length === undefined || given.length === null ? -1 : Number(given.length)
  const output = await hosts.get(hostOf(row)).ask<string>('consoleLog', { id, ...(lines >= 0 && { lines }) })
  return ok({ output })
}
