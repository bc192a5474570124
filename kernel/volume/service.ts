// The volume service: its table of contents.
import type { Call } from '../../eden/call.ts'
import { service } from '../../eden/service.ts'
import { attachment } from './attachments/attachment.ts'
import { connectJob, disconnectJob } from './attachments/jobs.ts'
import { volumeSettings } from './config.ts'
import { type VolumeContext, volumeContext } from './context.ts'
import { volumeDialect } from './dialect.ts'
import { message } from './messages/message.ts'
import { firstTables } from './migrations/0001-volumes.ts'
import { hostState } from './operations/host-state.ts'
import { volumePolicy } from './policy.ts'
import { volumeRoutes } from './routes.ts'
import { createSnapshotJob } from './snapshots/create.ts'
import { deleteSnapshotJob } from './snapshots/delete.ts'
import { snapshot } from './snapshots/snapshot.ts'
import { transfer } from './transfers/transfer.ts'
import { typeAccess, volumeType } from './types/type.ts'
import { volumeVersions } from './versions.ts'
import { createVolumeJob } from './volumes/create-job.ts'
import { deleteVolumeJob } from './volumes/delete.ts'
import { extendVolumeJob } from './volumes/extend.ts'
import { healObserved, healStates } from './volumes/heal.ts'
import { uploadImageJob } from './volumes/upload-image.ts'
import { volume } from './volumes/volume.ts'

export const volumeService = service<VolumeContext>({
  name: 'volume',
  exactPaths: true,
  ports: [8776],
  prefix: '/volume',
  catalog: [
    { type: 'volumev3', name: 'cinderv3', path: '/v3/$(project_id)s' },
    { type: 'block-storage', name: 'cinder', path: '/v3/$(project_id)s' },
  ],
  versions: volumeVersions,
  routes: volumeRoutes,
  jobs: [
    ...[createVolumeJob, deleteVolumeJob, extendVolumeJob, uploadImageJob],
    ...[createSnapshotJob, deleteSnapshotJob, connectJob, disconnectJob],
  ] as never[],
  reconcilers: [healStates, healObserved],
  settings: volumeSettings,
  policy: volumePolicy,
  resources: [volume, snapshot, attachment, volumeType, typeAccess, transfer, message, hostState],
  migrations: [firstTables],
  dialect: volumeDialect,
  context: volumeContext,
  prepare: makeDefaultType,
})

async function makeDefaultType({ config }: VolumeContext, call: Call) {
  const name = config.defaultType
  if (await call.rows(volumeType).first({ name })) return
  await call.transaction((tx) =>
    tx.rows(volumeType).insert({ id: call.ids.uuid(), name, description: 'Default Volume Type' }),
  )
}
