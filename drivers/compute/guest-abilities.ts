// What guests can be given, real or simulated: placement chooses hosts by it.

/** Traits, as os-traits names them. */
export const guestAbilities = [
  'HW_ARCH_X86_64',
  'COMPUTE_NET_ATTACH_INTERFACE',
  'COMPUTE_NET_VIF_MODEL_VIRTIO',
  'COMPUTE_STORAGE_BUS_VIRTIO',
  'COMPUTE_IMAGE_TYPE_QCOW2',
  'COMPUTE_IMAGE_TYPE_RAW',
  'COMPUTE_IMAGE_TYPE_ISO',
  'COMPUTE_GRAPHICS_MODEL_VGA',
]
