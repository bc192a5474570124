// A password at the door: the account's lock, the check, and the count of wrong ones.
import { type Call, cloudCall } from '../../../eden/call.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { IdentityContext } from '../context.ts'
import { loginFailure, type User } from '../people/user.ts'

const beyond = everyone('attempts are counted before it is known who asks')
/** Users whose password is being checked: one attempt after the other, so that a flood cannot outrun the count. */
const atDoor = new WeakMap<IdentityContext, Map<string, Promise<unknown>>>()

/** Is this the user's password, and is the account open? The time it takes does not tell which. */
export async function passwordOpens(
  context: IdentityContext,
  call: Call,
  user: User | undefined,
  password: string,
): Promise<boolean> {
  if (!user) return context.passwords.verify(undefined, password)
  const isOpen = !(await isLocked(context, user))
  if (isOpen && user.passwordHash && context.passwords.isKnown(user.passwordHash, password)) {
    if (context.settings.lockoutFailureAttempts > 0) await forgive(context, call, user)
    return true
  }
  return oneByOne(context, user.id, async () => {
    if (await isLocked(context, user)) return context.passwords.verify(undefined, password)
    const isRight = await context.passwords.verify(user.passwordHash, password)
    if (isRight) await forgive(context, call, user)
    else await countFailure(context, call, user)
    return isRight
  })
}

function oneByOne<T>(context: IdentityContext, userId: string, run: () => Promise<T>): Promise<T> {
  let waiting = atDoor.get(context)
  if (!waiting) {
    waiting = new Map()
    atDoor.set(context, waiting)
  }
  const all = waiting
  const mine = (all.get(userId) ?? Promise.resolve()).then(run, run)
  all.set(userId, mine)
  const leave = () => {
    if (all.get(userId) === mine) all.delete(userId)
  }
  mine.then(leave, leave)
  return mine
}

const ignoresLock = (user: User) => user.options.ignore_lockout_failure_attempts === true

async function isLocked({ ground, settings }: IdentityContext, user: User): Promise<boolean> {
  if (settings.lockoutFailureAttempts === 0 || ignoresLock(user)) return false
  const failed = await ground.store.reads().rows(loginFailure, beyond).find(user.id)
  if (!failed || failed.attempts < settings.lockoutFailureAttempts) return false
  return ground.clock.now() < failed.lastAtMs + settings.lockoutDurationSeconds * 1000
}

/** Never part of a dry run: guesses count however they are dressed. */
async function countFailure({ ground, settings }: IdentityContext, call: Call, user: User) {
  if (settings.lockoutFailureAttempts === 0 || ignoresLock(user)) return
  const now = ground.clock.now()
  await cloudCall(ground, 'identity', call.requestId).transaction(async (tx) => {
    const rows = tx.rows(loginFailure, beyond)
    const before = await rows.find(user.id)
    if (!before) return rows.insert({ id: user.id, attempts: 1, lastAtMs: now })
    const wasLocked = before.attempts >= settings.lockoutFailureAttempts
    return rows.update(before, { attempts: wasLocked ? 1 : before.attempts + 1, lastAtMs: now })
  })
  call.log.warn({ requestId: call.requestId, userId: user.id, remoteAddress: call.remoteAddress }, 'a wrong password')
}

/** A dry run forgives nothing: nobody has come in by it. */
async function forgive({ ground }: IdentityContext, call: Call, user: User) {
  if (call.dryRun) return
  if (!(await ground.store.reads().rows(loginFailure, beyond).find(user.id))) return
  await cloudCall(ground, 'identity').transaction((tx) => tx.rows(loginFailure, beyond).removeAll({ id: user.id }))
}
