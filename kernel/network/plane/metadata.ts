// A guest asked 169.254.169.254: which server is it, and what does compute tell that server?
import type { Call } from '../../../eden/call.ts'
import type { NetworkContext } from '../context.ts'
import type { MetadataRequest } from '../driver.ts'

/** As it travels between host and controller. */
export interface MetadataAnswer {
  status: number
  headers: Record<string, string>
  body: string
  encoding?: 'base64'
}

export async function answerMetadata(
  context: NetworkContext,
  call: Call,
  request: MetadataRequest,
): Promise<MetadataAnswer> {
  const found = await portOf(context, request)
  if (!found) return { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 Not Found' }
  const { body } = await context.compute.ask<MetadataAnswer>(call, 'POST', '/internal/metadata', {
    body: {
      server_id: found.deviceId,
      project_id: found.projectId,
      source_address: request.sourceAddress,
      method: request.method,
      path: request.path,
      headers: request.headers,
    },
  })
  return body
}

/** Behind a router the address is unique among the router's own networks. */
async function portOf({ picture }: NetworkContext, { networkId, routerId, sourceAddress }: MetadataRequest) {
  await picture.ready()
  const networks = networkId
    ? [networkId]
    : routerId
      ? picture.ports.by('leg', routerId).map((leg) => leg.networkId)
      : []
  const ports = networks.flatMap((id) => picture.ports.by('address', `${id} ${sourceAddress}`))
  return ports.find(({ deviceId, host }) => deviceId !== '' && host !== '')
}
