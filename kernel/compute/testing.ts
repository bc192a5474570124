// A small cloud around compute: the real network, volume and image services, all on simulated machines.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SimulatedComputeDriver, SimulatedHostState } from '../../drivers/compute/simulated/simulated-compute-driver.ts'
import { SimulatedImageStore } from '../../drivers/image/simulated/simulated-image-store.ts'
import { SimulatedNetworkDriver } from '../../drivers/network/simulated/driver.ts'
import { SimulatedVolumeDriver } from '../../drivers/volume/simulated/simulated-volume-driver.ts'
import type { Reply } from '../../eden/http/request.ts'
import { type TestCloud, testCloud } from '../../eden/testing.ts'
import { imageService } from '../image/service.ts'
import { networkHostRole } from '../network/host/role.ts'
import { networkService } from '../network/service.ts'
import { volumeHostRole } from '../volume/host/role.ts'
import { volumeService } from '../volume/service.ts'
import type { ComputeContext } from './context.ts'
import { computeHostRole } from './host/role.ts'
import { computeService } from './service.ts'

type Json = Record<string, unknown>

export interface ComputeTestCloud extends TestCloud {
  driver: SimulatedComputeDriver
  volumes: SimulatedVolumeDriver
  context: ComputeContext
  imageId: string
  networkId: string
  /** Asks compute in its newest version, or the one given. */
  nova(persona: string, method: string, path: string, body?: unknown, version?: string): Promise<Reply & { json: Json }>
  /** Makes a server and waits until its job has ended. */
  make(more?: Json, persona?: string): Promise<Json>
  show(id: string, persona?: string): Promise<Json>
}

export interface ComputeTestOptions {
  /** Settings of compute. */
  config?: Json
  state?: SimulatedHostState
  inventory?: Json
}

export async function computeTestCloud(options: ComputeTestOptions = {}): Promise<ComputeTestCloud> {
  const stateDir = mkdtempSync(join(tmpdir(), 'cloudos-compute-'))
  const driver = new SimulatedComputeDriver({
    state: options.state ?? new SimulatedHostState(),
    inventory: options.inventory ?? {},
  })
  const volumes = new SimulatedVolumeDriver({})
  const cloud = await testCloud({
    services: [imageService, networkService, volumeService, computeService],
    gifts: { 'image.store': new SimulatedImageStore() },
    settings: { plan: { compute: options.config ?? {} } },
    roles: [
      networkHostRole({ driver: new SimulatedNetworkDriver() }),
      volumeHostRole({ driver: volumes }),
      computeHostRole({ driver, stateDir }),
    ],
  })
  const nova: ComputeTestCloud['nova'] = (persona, method, path, body, version = '2.96') =>
    cloud.ask('compute', persona, method, `/v2.1/${path}`, body, { 'openstack-api-version': `compute ${version}` })
  const show: ComputeTestCloud['show'] = async (id, persona = 'admin') =>
    (await nova(persona, 'GET', `servers/${id}`)).json.server as Json
  const imageId = await makeImage(cloud)
  const networkId = await makeNetwork(cloud)
  return {
    ...cloud,
    driver,
    volumes,
    context: cloud.assembly.contexts.get('compute') as ComputeContext,
    imageId,
    networkId,
    nova,
    show,
    async make(more = {}, persona = 'member') {
      const server = { name: 'one', imageRef: imageId, flavorRef: '0', networks: [{ uuid: networkId }], ...more }
      const made = await nova(persona, 'POST', 'servers', { server })
      assert.equal(made.status, 202, JSON.stringify(made.body))
      await cloud.settled()
      return show((made.json.server as { id: string }).id)
    },
    async close() {
      await cloud.close()
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
}

async function makeImage({ ask }: TestCloud): Promise<string> {
  const made = await ask('image', 'admin', 'POST', '/v2/images', {
    name: 'tiny',
    disk_format: 'raw',
    container_format: 'bare',
    visibility: 'public',
  })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const { id } = made.json as { id: string }
  const put = await ask('image', 'admin', 'PUT', `/v2/images/${id}/file`, Buffer.alloc(4096, 7), {
    'content-type': 'application/octet-stream',
  })
  assert.equal(put.status, 204, JSON.stringify(put.body))
  return id
}

async function makeNetwork({ ask }: TestCloud): Promise<string> {
  const made = await ask('network', 'member', 'POST', '/v2.0/networks', { network: { name: 'private' } })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const { id } = made.json.network as { id: string }
  const subnet = { network_id: id, cidr: '10.1.0.0/24', ip_version: 4, name: 'private' }
  const subnetMade = await ask('network', 'member', 'POST', '/v2.0/subnets', { subnet })
  assert.equal(subnetMade.status, 201, JSON.stringify(subnetMade.body))
  return id
}
