// A small cloud with the network service, one simulated host, and a compute that answers metadata.

import { SimulatedNetworkDriver } from '../../drivers/network/simulated/driver.ts'
import { noContent, ok } from '../../eden/http/request.ts'
import { policyRules } from '../../eden/policy/rules.ts'
import { service } from '../../eden/service.ts'
import { type TestCloud, testCloud } from '../../eden/testing.ts'
import type { NetworkContext } from './context.ts'
import { networkHostRole } from './host/role.ts'
import { networkService } from './service.ts'

type Json = Record<string, unknown>

export interface NetworkTestCloud extends TestCloud {
  driver: SimulatedNetworkDriver
  context: NetworkContext
  /** What compute was asked. */
  metadataAsked: Json[]
  /** Asks network and checks the status; the object inside the reply's one key comes back. */
  as(persona: string): {
    get<T = Json>(url: string, status?: number): Promise<T>
    post<T = Json>(url: string, body: unknown, status?: number): Promise<T>
    put<T = Json>(url: string, body: unknown, status?: number): Promise<T>
    delete(url: string, status?: number): Promise<Json>
  }
  /** Waits until the host is what the rows say. */
  applied(): Promise<void>
}

const fakeCompute = (asked: Json[]) =>
  service({
    name: 'compute',
    ports: [],
    prefix: '/compute',
    catalog: [],
    resources: [],
    policy: policyRules('compute', {}),
    migrations: [],
    jobs: [],
    reconcilers: [],
    dialect: (problem) => ({ body: { message: problem.message } }),
    context: () => ({}),
    routes: [
      {
        method: 'POST',
        path: '/internal/metadata',
        rule: 'service_api',
        body: 'any',
        operation: async (_, __, { body }) => {
          asked.push(body as Json)
          return ok({ status: 200, headers: { 'content-type': 'text/plain' }, body: 'hello' })
        },
      },
      { method: 'GET', path: '/', operation: async () => noContent() },
    ],
  })

export async function networkTestCloud(config: Record<string, unknown> = {}): Promise<NetworkTestCloud> {
  const driver = new SimulatedNetworkDriver()
  const metadataAsked: Json[] = []
  const cloud = await testCloud({
    services: [networkService, fakeCompute(metadataAsked)],
    roles: [networkHostRole({ driver })],
    settings: { plan: { network: config } },
  })
  const context = cloud.assembly.contexts.get('network') as NetworkContext
  const ask = async <T>(persona: string, method: string, url: string, status: number, body?: unknown): Promise<T> => {
    const reply = await cloud.ask('network', persona, method, url, body)
    if (reply.status !== status)
      throw new Error(`${method} ${url} as ${persona}: ${reply.status} ${JSON.stringify(reply.body)}, not ${status}`)
    const values = Object.values(reply.json)
    return (values.length === 1 ? values[0] : reply.json) as T
  }
  return {
    ...cloud,
    driver,
    context,
    metadataAsked,
    as: (persona) => ({
      get: (url, status = 200) => ask(persona, 'GET', url, status),
      post: (url, body, status = 201) => ask(persona, 'POST', url, status, body),
      put: (url, body, status = 200) => ask(persona, 'PUT', url, status, body),
      delete: (url, status = 204) => ask(persona, 'DELETE', url, status),
    }),
    applied: () => context.applier.applied('host1'),
  }
}
