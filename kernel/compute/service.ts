// Compute's table of contents.
import { cloudCall } from '../../eden/call.ts'
import { computeDialect } from '../../eden/http/dialects.ts'
import { service } from '../../eden/service.ts'
import { everyone } from '../../eden/store/rows.ts'
import { serverAction } from './actions/action.ts'
import { actionRoutes } from './actions/routes.ts'
import { type ComputeConfig, computeSettings } from './config.ts'
import { connectConsole } from './consoles/connect.ts'
import { consoleRoutes } from './consoles/open.ts'
import { consolePageRoutes } from './consoles/pages.ts'
import { type ComputeContext, plainRoute } from './context.ts'
import { firstFlavors, flavor } from './flavors/flavor.ts'
import { flavorRoutes } from './flavors/routes.ts'
import { serverGroup } from './groups/group.ts'
import { serverGroupRoutes } from './groups/routes.ts'
import { aggregateRoutes } from './hosts/aggregates.ts'
import { aggregate, computeHost } from './hosts/host.ts'
import { hypervisorRoutes } from './hosts/hypervisors.ts'
import { HostsKnown } from './hosts/known.ts'
import { guestReconciler, hearPower, pruneReconciler } from './hosts/reconcile.ts'
import { computeServiceRoutes } from './hosts/services.ts'
import { zoneRoutes } from './hosts/zones.ts'
import { attachInterfaceJob } from './interfaces/attach-job.ts'
import { detachInterfaceJob } from './interfaces/detach-job.ts'
import { interfaceRoutes } from './interfaces/routes.ts'
import { serverSecurityGroupRoutes } from './interfaces/security-groups.ts'
import { keypair } from './keypairs/keypair.ts'
import { keypairRoutes } from './keypairs/routes.ts'
import { answerMetadata, metadataBody } from './metadata/answer.ts'
import { computeTables } from './migrations/0001-compute.ts'
import { computePolicy } from './policy.ts'
import { imageProxyRoutes } from './proxies/images.ts'
import { quotaRoutes } from './quotas/routes.ts'
import { createImageJob } from './servers/create-image.ts'
import { createServerJob, createServerWithVolumesJob } from './servers/create-job.ts'
import { deleteServerJob } from './servers/delete.ts'
import { serverMetadataRoutes } from './servers/metadata.ts'
import { powerJobs } from './servers/power.ts'
import { rebuildServerJob } from './servers/rebuild.ts'
import { serverRoutes } from './servers/routes.ts'
import { server } from './servers/server.ts'
import { serverTagRoutes } from './servers/tags.ts'
import { usageRoutes } from './usage/routes.ts'
import { versionRoutes } from './versions/documents.ts'
import { extensionRoutes } from './versions/extensions.ts'
import { range } from './versions/range.ts'
import { blockDevice } from './volumes/block-device.ts'
import { attachVolumeJob, detachVolumeJob, volumeAttachmentRoutes } from './volumes/routes.ts'

export const computeService = service<ComputeContext>({
  name: 'compute',
  ports: [8774],
  prefix: '/compute',
  catalog: [{ type: 'compute', name: 'nova', path: '/v2.1' }],
  versions: range,
  dialect: computeDialect,
  policy: computePolicy,
  settings: computeSettings,
  resources: [server, flavor, keypair, blockDevice, serverGroup, computeHost, aggregate, serverAction],
  migrations: [computeTables],
  routes: [
    ...versionRoutes,
    ...serverRoutes,
    ...serverMetadataRoutes,
    ...serverTagRoutes,
    ...interfaceRoutes,
    ...serverSecurityGroupRoutes,
    ...volumeAttachmentRoutes,
    ...actionRoutes,
    ...consoleRoutes,
    ...consolePageRoutes,
    ...flavorRoutes,
    ...keypairRoutes,
    ...serverGroupRoutes,
    ...hypervisorRoutes,
    ...computeServiceRoutes,
    ...zoneRoutes,
    ...aggregateRoutes,
    ...quotaRoutes,
    ...usageRoutes,
    ...extensionRoutes,
    ...imageProxyRoutes,
    plainRoute('POST', '/internal/metadata', answerMetadata, {
      rule: 'service_api',
      body: metadataBody,
      readOnly: true,
    }),
  ],
  jobs: [
    createServerJob,
    createServerWithVolumesJob,
    deleteServerJob,
    rebuildServerJob,
    createImageJob,
    attachVolumeJob,
    detachVolumeJob,
    attachInterfaceJob,
    detachInterfaceJob,
    ...Object.values(powerJobs),
  ] as never[],
  reconcilers: [guestReconciler, pruneReconciler],
  context({ ground, neighbour, hosts, reconcilers, config: given }) {
    const config = given as ComputeConfig
    const known = new HostsKnown(ground.store, hosts, config)
    const context: ComputeContext = {
      ground,
      network: neighbour('network'),
      volume: neighbour('volume'),
      image: neighbour('image'),
      hosts,
      known,
      reconcilers,
      config,
    }
    hosts.on('power', async (host, news) => hearPower(context, cloudCall(ground, 'compute'), host, news))
    // Before the cloud has started this does nothing; the first round then looks at every host.
    hosts.onUp(() => void reconcilers.trigger(guestReconciler.name))
    return context
  },
  upgrade: connectConsole,
  async prepare(_, call) {
    await call.transaction(async (tx) => {
      const rows = tx.rows(flavor, everyone('flavors belong to the cloud'))
      if ((await rows.count()) === 0) for (const one of firstFlavors) await rows.insert(one)
    })
  },
})
