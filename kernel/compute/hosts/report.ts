// Hosts describe themselves when they come up; what they say is kept in their row.
import type { Call } from '../../../eden/call.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { ComputeContext } from '../context.ts'
import type { HostReport } from '../host/operations.ts'
import { computeHost } from './host.ts'

const beyond = everyone('hosts belong to the cloud')

/** True where the machine was started anew since it last reported. */
export async function hearHost({ hosts, known }: ComputeContext, call: Call, name: string): Promise<boolean> {
  const { inventory, bootId } = await hosts.get(name).ask<HostReport>('inventory', {})
  const restarted = await call.transaction(async (tx) => {
    const rows = tx.rows(computeHost, beyond)
    const { hypervisorType, hypervisorVersion, vcpus, memoryMiB, diskGiB, architecture, cpuModel, traits, notes } =
      inventory
    const said = {
      hypervisorType,
      hypervisorVersion,
      vcpus,
      memoryMiB,
      diskGiB,
      architecture,
      cpuModel,
      traits,
      notes,
      bootId,
    }
    const before = await rows.first({ name })
    if (before) await rows.update(before, said)
    else await rows.insert({ id: call.ids.uuid(), serviceId: call.ids.uuid(), name, ...said })
    return before !== undefined && before.bootId !== bootId
  })
  known.forget()
  return restarted
}
