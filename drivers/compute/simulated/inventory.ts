// What a simulated host says it has.
import type { HostInventory } from '../../../kernel/compute/driver.ts'

/** A middling server; every field can be overridden, so that a cloud of thousands can be made of all sizes. */
export const simulatedInventory: HostInventory = {
  hypervisorType: 'QEMU',
  hypervisorVersion: 7_002_000,
  vcpus: 64,
  memoryMiB: 256 * 1024,
  diskGiB: 4096,
  architecture: 'x86_64',
  cpuModel: 'Simulated',
  traits: [
    'COMPUTE_ACCELERATOR_SIMULATED',
    'HW_ARCH_X86_64',
    'COMPUTE_NET_ATTACH_INTERFACE',
    'COMPUTE_NET_VIF_MODEL_VIRTIO',
    'COMPUTE_STORAGE_BUS_VIRTIO',
    'COMPUTE_IMAGE_TYPE_QCOW2',
    'COMPUTE_IMAGE_TYPE_RAW',
    'COMPUTE_IMAGE_TYPE_ISO',
    'COMPUTE_GRAPHICS_MODEL_VGA',
  ],
  notes: ['Guests on this host are simulated: they have a life and a console, and compute nothing.'],
}
