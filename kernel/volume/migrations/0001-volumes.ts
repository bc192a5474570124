// The first tables of the volume service.
import type { Migration } from '../../../eden/store/schema.ts'
import { attachment } from '../attachments/attachment.ts'
import { message } from '../messages/message.ts'
import { hostState } from '../operations/host-state.ts'
import { snapshot } from '../snapshots/snapshot.ts'
import { transfer } from '../transfers/transfer.ts'
import { typeAccess, volumeType } from '../types/type.ts'
import { volume } from '../volumes/volume.ts'

export const firstTables: Migration = {
  name: '0001-volumes',
  up: (schema) => schema.tables(volume, snapshot, attachment, volumeType, typeAccess, transfer, message, hostState),
}
