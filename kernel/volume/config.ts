// The volume service's settings.
import { setting, settings, type ValuesOf } from '../../eden/config/setting.ts'

export const volumeSettings = settings('volume', {
  availabilityZone: setting({ type: 'text', default: 'nova', says: 'The availability zone of all volume hosts.' }),
  defaultType: setting({ type: 'text', default: '__DEFAULT__', says: 'Type of volumes whose request names none.' }),
  storageProtocol: setting({ type: 'text', default: 'file', says: 'What pools report as their storage protocol.' }),
  quotaVolumes: setting({ type: 'integer', default: 10, min: -1, says: 'Volumes of one project; -1 without limit.' }),
  quotaSnapshots: setting({
    type: 'integer',
    default: 10,
    min: -1,
    says: 'Snapshots of one project; -1 without limit.',
  }),
  quotaGigabytes: setting({
    type: 'integer',
    default: 1000,
    min: -1,
    unit: 'GiB',
    says: 'Volumes and snapshots of one project together; -1 without limit.',
  }),
  quotaPerVolumeGigabytes: setting({
    type: 'integer',
    default: -1,
    min: -1,
    unit: 'GiB',
    says: 'Size of a single volume; -1 without limit.',
  }),
  maxItemsPerPage: setting({
    type: 'integer',
    default: 1000,
    min: 1,
    says: 'Items of one page of a list at the most.',
  }),
  messageLifetime: setting({ type: 'duration', default: '30d', says: 'How long messages to users are kept.' }),
  abandonedAfter: setting({
    type: 'duration',
    default: '1h',
    says: 'A volume that nobody finishes attaching or detaching is set free after this.',
  }),
})
export type VolumeConfig = ValuesOf<typeof volumeSettings>
