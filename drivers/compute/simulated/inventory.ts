// What a simulated host says it has.
import type { HostInventory } from '../../../kernel/compute/driver.ts'
import { guestAbilities } from '../guest-abilities.ts'

/** A middling server; every field can be overridden, so that a cloud of thousands can be made of all sizes. */
export const simulatedInventory: HostInventory = {
  hypervisorType: 'QEMU',
  hypervisorVersion: 7_002_000,
  vcpus: 64,
  memoryMiB: 256 * 1024,
  diskGiB: 4096,
  architecture: 'x86_64',
  cpuModel: 'Simulated',
  traits: ['COMPUTE_ACCELERATOR_SIMULATED', ...guestAbilities],
  notes: ['Guests on this host are simulated: they have a life and a console, and compute nothing.'],
}
