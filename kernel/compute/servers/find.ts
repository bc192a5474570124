// Finding the server that a request means, and asking whether it is in the right state.
import type { Call } from '../../../eden/call.ts'
import { conflict, notFound } from '../../../eden/errors.ts'
import type { Readable } from '../../../eden/store/store.ts'
import { type Server, type ServerState, server } from './server.ts'

/** @throws 404 where it is not to be seen, 403 where the rule does not allow it. */
export async function getServer(call: Call, reads: Pick<Readable, 'rows'>, id: string, rule: string): Promise<Server> {
  const row = await reads.rows(server).find(id)
  if (!row) throw notFound(`Instance ${id} could not be found.`)
  call.require(rule, row)
  return row
}

export interface Needs {
  /** Words of the action in refusals: `stop`. */
  action: string
  states: readonly ServerState[]
  /** Tasks under which it may begin; none unless told. */
  tasks?: readonly string[]
}

/** @throws 409 where the server is locked for the caller, or not in a state for the action. */
export function checkState(call: Call, row: Server, { action, states, tasks = [] }: Needs): void {
  checkLock(call, row)
  if (!states.includes(row.state))
    throw conflict(`Cannot '${action}' instance ${row.id} while it is in vm_state ${row.state}`, {
      reason: { state: row.state, possibleIn: states },
    })
  if (row.task !== null && !tasks.includes(row.task))
    throw conflict(`Cannot '${action}' instance ${row.id} while it is in task_state ${row.task}`, {
      reason: { task: row.task },
    })
}

export function checkLock(call: Call, row: Server): void {
  if (row.isLocked && call.sees !== 'all') throw conflict(`Instance ${row.id} is locked`)
}

/** The host of a server that has been placed. */
export function hostOf(row: Server): string {
  if (row.host === null) throw conflict(`Instance ${row.id} is not on a host, so there is nothing to be done there.`)
  return row.host
}
