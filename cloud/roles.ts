// Host roles with the drivers that the plan names. Everything real is loaded only where the plan asks for it.
import { join } from 'node:path'
import type { HostRole } from '../eden/host/host.ts'
import type { Log } from '../eden/observe/log.ts'
import type { ComputeDriver } from '../kernel/compute/driver.ts'
import type { ImageStore } from '../kernel/image/driver.ts'
import type { NetworkDriver } from '../kernel/network/driver.ts'
import type { VolumeDriver } from '../kernel/volume/driver.ts'
import { type Plan, type PlannedNode, usualNetworkPrefix } from './plan.ts'

export interface RoleSettings {
  stateDir: string
  runtimeDir: string
  log: Log
  /** The user under which guests run, where this process is root. */
  runAs?: { uid: number; gid: number }
  /** First letters of everything that is made on the host's network. */
  networkPrefix?: string
  /** Settings of simulated hosts: their size, delays. */
  simulated?: { vcpus?: number; memoryMiB?: number; diskGiB?: number; delayMs?: number }
}

export async function hostRoles(plan: Plan, node: PlannedNode, settings: RoleSettings): Promise<HostRole[]> {
  const roles: HostRole[] = []
  // Networks first: guests' taps must be there before guests are looked after.
  if (node.hosts.includes('network')) {
    const { networkHostRole } = await import('../kernel/network/host/role.ts')
    roles.push(
      networkHostRole({
        driver: await networkDriver(plan, settings),
        ...(node.tunnelAddress && { tunnelAddress: node.tunnelAddress }),
      }),
    )
  }
  if (node.hosts.includes('volume')) {
    const { volumeHostRole } = await import('../kernel/volume/host/role.ts')
    roles.push(volumeHostRole({ driver: await volumeDriver(plan, settings) }))
  }
  if (node.hosts.includes('compute')) {
    const { computeHostRole } = await import('../kernel/compute/host/role.ts')
    const driver = await computeDriver(plan, settings)
    roles.push(computeHostRole({ driver, stateDir: join(settings.stateDir, 'compute') }))
  }
  return roles
}

/** The drivers that leave something on the host. */
export async function realDrivers(plan: Plan, settings: RoleSettings) {
  const { drivers } = plan
  return {
    compute: drivers.compute === 'simulated' ? undefined : await computeDriver(plan, settings),
    network: drivers.network === 'linux' ? await networkDriver(plan, settings) : undefined,
    volume: drivers.volume === 'simulated' ? undefined : await volumeDriver(plan, settings),
  }
}

export async function imageStore(plan: Plan, settings: RoleSettings): Promise<ImageStore> {
  if (plan.drivers.image === 'simulated') {
    const { SimulatedImageStore } = await import('../drivers/image/simulated/simulated-image-store.ts')
    return new SimulatedImageStore()
  }
  const { FilesImageStore } = await import('../drivers/image/files/files-image-store.ts')
  return new FilesImageStore({ dir: join(settings.stateDir, 'images') })
}

async function computeDriver(plan: Plan, settings: RoleSettings): Promise<ComputeDriver> {
  if (plan.drivers.compute === 'simulated') {
    const { SimulatedComputeDriver } = await import('../drivers/compute/simulated/simulated-compute-driver.ts')
    const { delayMs, ...inventory } = settings.simulated ?? {}
    return new SimulatedComputeDriver({ inventory, ...(delayMs !== undefined && { delayMs }) })
  }
  const { QemuComputeDriver } = await import('../drivers/compute/qemu/qemu-compute-driver.ts')
  return new QemuComputeDriver({
    stateDir: join(settings.stateDir, 'compute'),
    runtimeDir: join(settings.runtimeDir, 'g'),
    log: settings.log.child({ driver: 'qemu' }),
    ...(settings.runAs && { runAs: settings.runAs }),
  })
}

const delayOf = ({ simulated: { delayMs } = {} }: RoleSettings) => (delayMs === undefined ? {} : { delayMs })

async function networkDriver(plan: Plan, settings: RoleSettings): Promise<NetworkDriver> {
  if (plan.drivers.network === 'linux') {
    const { LinuxNetworkDriver } = await import('../drivers/network/linux/driver.ts')
    return new LinuxNetworkDriver({
      prefix: settings.networkPrefix ?? plan.networkPrefix ?? usualNetworkPrefix,
      log: settings.log.child({ driver: 'linux' }),
      ...(settings.runAs && { tapUser: settings.runAs.uid }),
    })
  }
  const { SimulatedNetworkDriver } = await import('../drivers/network/simulated/driver.ts')
  return new SimulatedNetworkDriver({
    ...(plan.drivers.network === 'user' ? { vif: { kind: 'user' } } : delayOf(settings)),
  })
}

async function volumeDriver(plan: Plan, settings: RoleSettings): Promise<VolumeDriver> {
  if (plan.drivers.volume === 'simulated') {
    const { SimulatedVolumeDriver } = await import('../drivers/volume/simulated/simulated-volume-driver.ts')
    return new SimulatedVolumeDriver(delayOf(settings))
  }
  const { FilesVolumeDriver } = await import('../drivers/volume/files/files-volume-driver.ts')
  return new FilesVolumeDriver({
    dir: join(settings.stateDir, 'volumes'),
    runtimeDir: join(settings.runtimeDir, 'v'),
    log: settings.log.child({ driver: 'files' }),
    ...(settings.runAs && { runAs: settings.runAs }),
  })
}
