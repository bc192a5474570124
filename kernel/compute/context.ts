// All that code in this service may reach.
import type { Ground } from '../../eden/call.ts'
import type { HostDirectory } from '../../eden/host/host.ts'
import type { Neighbour } from '../../eden/http/neighbour.ts'
import type { ReconcilerLoop } from '../../eden/jobs/reconciler.ts'
import { type ServiceRoute, routes as serviceRoutes } from '../../eden/service.ts'
import type { ComputeConfig } from './config.ts'
import type { HostsKnown } from './hosts/known.ts'

export interface ComputeContext {
  ground: Ground
  network: Neighbour
  volume: Neighbour
  image: Neighbour
  hosts: HostDirectory
  known: HostsKnown
  reconcilers: ReconcilerLoop
  config: ComputeConfig
}

export type ComputeRoute = ServiceRoute<ComputeContext>

const declare = serviceRoutes<ComputeContext>()

/** A route under each address that clients use: with and without the project's id, and under the old `/v2`. */
export const route: (...parameters: Parameters<typeof declare>) => ComputeRoute[] = (
  method,
  path,
  operation,
  options,
) =>
  ['/v2.1', '/v2.1/:project_id', '/v2', '/v2/:project_id'].map((front) =>
    declare(method, front + path, operation, options),
  )

/** A route outside the versioned tree. */
export const plainRoute = declare
