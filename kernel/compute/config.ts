// Every setting of compute: its default, its unit, what it means.
import { setting, settings, type ValuesOf } from '../../eden/config/setting.ts'

export const computeSettings = settings('compute', {
  cpuAllocationRatio: setting({
    type: 'integer',
    default: 16,
    min: 1,
    says: 'Virtual processors that may be promised for each processor of a host.',
  }),
  ramAllocationRatio: setting({
    type: 'text',
    default: '1.0',
    says: 'Memory that may be promised, as a multiple of what a host has.',
  }),
  diskAllocationRatio: setting({
    type: 'text',
    default: '1.0',
    says: 'Disk space that may be promised, as a multiple of what a host has.',
  }),
  reservedMemoryMiB: setting({
    type: 'integer',
    default: 512,
    min: 0,
    unit: 'MiB',
    says: "Memory of each host that is kept for the host's own work.",
  }),
  defaultZone: setting({
    type: 'text',
    default: 'nova',
    says: 'Availability zone of hosts that nobody put elsewhere.',
  }),
  resumeGuestsState: setting({
    type: 'flag',
    default: true,
    says: 'Are guests that ran before a host restarted started again?',
  }),
  stopGrace: setting({
    type: 'duration',
    default: '60s',
    says: 'How long a guest may take to shut itself down before it is switched off.',
  }),
  consoleTokenFor: setting({ type: 'duration', default: '10m', says: 'How long the address of a console works.' }),
  keepDeletedFor: setting({
    type: 'duration',
    default: '30d',
    says: 'How long deleted servers stay visible to usage reports and to lists of what changed.',
  }),
  maxLimit: setting({ type: 'integer', default: 1000, min: 1, says: 'Items of one page of a list at the most.' }),
  defaultFloatingPool: setting({
    type: 'text',
    default: 'public',
    says: 'Network from which the legacy floating IP calls take.',
  }),
  quotaInstances: setting({ type: 'integer', default: 10, min: -1, says: 'Servers of a project.' }),
  quotaCores: setting({ type: 'integer', default: 20, min: -1, says: 'Virtual processors of a project.' }),
  quotaRam: setting({ type: 'integer', default: 51200, min: -1, unit: 'MiB', says: 'Memory of a project.' }),
  quotaMetadataItems: setting({ type: 'integer', default: 128, min: -1, says: 'Metadata items of a server.' }),
  quotaKeyPairs: setting({ type: 'integer', default: 100, min: -1, says: 'Key pairs of a user.' }),
  quotaServerGroups: setting({ type: 'integer', default: 10, min: -1, says: 'Server groups of a project.' }),
  quotaServerGroupMembers: setting({ type: 'integer', default: 10, min: -1, says: 'Servers of a server group.' }),
})

export type ComputeConfig = ValuesOf<typeof computeSettings>

/** Limits of a project that has none of its own, by Nova's names. */
export const quotaDefaults = (config: ComputeConfig): Record<string, number> => ({
  instances: config.quotaInstances,
  cores: config.quotaCores,
  ram: config.quotaRam,
  metadata_items: config.quotaMetadataItems,
  key_pairs: config.quotaKeyPairs,
  server_groups: config.quotaServerGroups,
  server_group_members: config.quotaServerGroupMembers,
})
