// Actions that Nova has and this cloud has not yet. They are refused in the order in which Nova would refuse: no such
// server, nonsense, wrong state; and only then because nobody does them here.
import { type TSchema, Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict, Problem } from '../../../eden/errors.ts'
import { validate } from '../../../eden/http/body.ts'
import { flavor } from '../flavors/flavor.ts'
import { checkState, getServer } from './find.ts'
import type { ServerState } from './server.ts'

interface NotYet {
  rule: string
  /** States in which it may begin; none where it undoes or ends something that never begins here. */
  states: readonly ServerState[]
  body?: TSchema
}

const live = ['active', 'stopped'] as const
const anything = ['active', 'stopped', 'paused', 'error'] as const
const rule = (name: string) => `os_compute_api:${name}`
const resizeBody = Type.Object({ flavorRef: Type.Union([Type.String({ minLength: 1 }), Type.Integer({ minimum: 0 })]) })

const table: Record<string, NotYet> = {
  resize: { rule: rule('servers:resize'), states: live, body: resizeBody },
  confirmResize: { rule: rule('servers:confirm_resize'), states: [] },
  revertResize: { rule: rule('servers:revert_resize'), states: [] },
  rescue: { rule: rule('os-rescue'), states: [...live, 'error'] },
  unrescue: { rule: rule('os-unrescue'), states: [] },
  shelve: { rule: rule('os-shelve:shelve'), states: [...live, 'paused'] },
  unshelve: { rule: rule('os-shelve:unshelve'), states: [] },
  shelveOffload: { rule: rule('os-shelve:shelve_offload'), states: [] },
  suspend: { rule: rule('os-suspend-server:suspend'), states: ['active'] },
  resume: { rule: rule('os-suspend-server:resume'), states: [] },
  migrate: { rule: rule('os-migrate-server:migrate'), states: live },
  'os-migrateLive': { rule: rule('os-migrate-server:migrate_live'), states: ['active', 'paused'] },
  evacuate: { rule: rule('os-evacuate'), states: anything },
  createBackup: { rule: rule('os-create-backup'), states: [...live, 'paused'] },
  changePassword: { rule: rule('os-admin-password'), states: ['active'] },
  restore: { rule: rule('os-deferred-delete:restore'), states: [] },
  trigger_crash_dump: { rule: rule('servers:trigger_crash_dump'), states: ['active', 'paused'] },
  'os-getSPICEConsole': { rule: rule('os-remote-consoles'), states: anything },
  'os-getRDPConsole': { rule: rule('os-remote-consoles'), states: anything },
}

export const notYetActions = Object.keys(table)
export const isNotYet = (name: string) => name in table

/** @throws in every case; 501 where nothing else is wrong. */
export async function refuseNotYet(call: Call, id: string, name: string, given: unknown): Promise<never> {
  const { rule, states, body } = table[name]!
  if (body) validate(body, given)
  const row = await getServer(call, call, id, rule)
  if (states.length === 0) throw conflict(`Cannot '${name}' instance ${id} while it is in vm_state ${row.state}`)
  checkState(call, row, { action: name, states })
  if (name === 'resize') {
    const wanted = String((given as { flavorRef: unknown }).flavorRef)
      .split('/')
      .at(-1)!
    if (!(await call.rows(flavor).find(wanted))) throw badRequest('Unable to locate requested flavor.')
  }
  throw new Problem(501, 'notImplemented', `This cloud cannot do '${name}' yet.`)
}
