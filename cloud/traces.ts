// Removes everything real that a cloud made on this host: guests, networks, disk servers.
import { silentLog } from '../eden/observe/log.ts'
import type { Plan } from './plan.ts'
import { type RoleSettings, realDrivers } from './roles.ts'

export interface Traces {
  plan: Plan
  stateDir: string
  runtimeDir: string
  networkPrefix?: string
  runAs?: RoleSettings['runAs']
}

/** The cloud's process must have ended. Files are left to the caller. */
export async function removeTraces({ plan, ...where }: Traces): Promise<void> {
  const settings: RoleSettings = { ...where, log: silentLog() }
  const { compute, network, volume } = await realDrivers(plan, settings)
  if (compute) {
    await compute.open()
    for (const { id } of await compute.observe()) await compute.destroy(id)
    await compute.close()
  }
  await volume?.removeAll()
  await network?.removeAll()
}
