// Network interfaces of a server: listed, plugged in, unplugged while it runs.
import { isIP } from 'node:net'
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict, notFound } from '../../../eden/errors.ts'
import { accepted, type Input, ok } from '../../../eden/http/request.ts'
import { enqueue } from '../../../eden/jobs/enqueue.ts'
import { beginAction } from '../actions/record.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import { checkState, getServer, hostOf } from '../servers/find.ts'
import { wantedNics } from '../servers/networks.ts'
import { nicOf, type Port, plug } from '../servers/ports.ts'
import type { Nic, Server, WantedNic } from '../servers/server.ts'
import { speaks } from '../versions/since.ts'
import { attached, attachInterfaceJob, makePort } from './attach-job.ts'
import { enqueueDetach } from './detach-job.ts'

const rule = (name: string) => `os_compute_api:os-attach-interfaces:${name}`
const liveStates = ['active', 'paused', 'stopped'] as const

const shown = (call: Call, nic: Nic) => ({
  port_state: 'ACTIVE',
  port_id: nic.portId,
  net_id: nic.networkId,
  mac_addr: nic.mac,
  fixed_ips: nic.fixedIps,
  ...(speaks(call, '2.70') && { tag: nic.tag }),
})

async function list(_: ComputeContext, call: Call, { params }: Input) {
  const row = await getServer(call, call, params.id!, rule('list'))
  return ok({ interfaceAttachments: row.nics.map((nic) => shown(call, nic)) })
}

const nicAt = (row: Server, portId: string): Nic => {
  const nic = row.nics.find((one) => one.portId === portId)
  if (!nic) throw notFound(`Instance ${row.id} does not have a port with id ${portId}`)
  return nic
}

async function show(_: ComputeContext, call: Call, { params }: Input) {
  const row = await getServer(call, call, params.id!, rule('show'))
  return ok({ interfaceAttachment: shown(call, nicAt(row, params.port!)) })
}

const attachBody = Type.Object(
  {
    interfaceAttachment: Type.Optional(
      Type.Object(
        {
          net_id: Type.Optional(Type.String({ format: 'uuid' })),
          port_id: Type.Optional(Type.String({ format: 'uuid' })),
          fixed_ips: Type.Optional(
            Type.Array(Type.Object({ ip_address: Type.String() }, { additionalProperties: false }), {
              minItems: 1,
              maxItems: 1,
            }),
          ),
          tag: Type.Optional(Type.String({ minLength: 1, maxLength: 60, pattern: '^[^,/]*$' })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)

interface Given {
  net_id?: string
  port_id?: string
  fixed_ips?: { ip_address: string }[]
  tag?: string
}

/** The reply has the interface in it, so the request waits for the job. */
async function attach(context: ComputeContext, call: Call, { params, body }: Input) {
  const given = (body as { interfaceAttachment?: Given }).interfaceAttachment ?? {}
  if (given.net_id && given.port_id) throw badRequest('Must not input both net_id and port_id')
  const fixedIp = given.fixed_ips?.[0]?.ip_address
  if (fixedIp !== undefined && !given.net_id) throw badRequest('Must input net_id when requesting a fixed IP')
  if (fixedIp !== undefined && isIP(fixedIp) === 0) throw badRequest(`Invalid fixed IP address (${fixedIp})`)
  if (given.tag !== undefined && !speaks(call, '2.49'))
    throw badRequest("Additional properties are not allowed ('tag' was unexpected)")
  const seen = await getServer(call, call, params.id!, rule('create'))
  checkState(call, seen, { action: 'attach_interface', states: liveStates })
  const [wanted] = await wantedNics(
    context,
    call,
    given.port_id
      ? [{ port: given.port_id }]
      : given.net_id
        ? [{ uuid: given.net_id, ...(fixedIp && { fixed_ip: fixedIp }) }]
        : speaks(call, '2.37')
          ? 'auto'
          : null,
    1,
  )
  if (!wanted) throw badRequest('No network is there to be attached.')
  const withTag = { ...wanted, ...(given.tag !== undefined && { tag: given.tag }) }
  const jobId = await call.transaction(async (tx) => {
    const row = await getServer(call, tx, seen.id, rule('create'))
    checkState(call, row, { action: 'attach_interface', states: liveStates })
    hostOf(row)
    const actionId = await beginAction(tx, row, 'attach_interface')
    const about = { resourceType: 'server', resourceId: row.id, projectId: row.projectId }
    return enqueue(tx, attachInterfaceJob, { serverId: row.id, actionId, wanted: withTag }, about)
  })
  const nic = call.dryRun ? await rehearse(context, call, seen, withTag) : await attached(call, seen.id, jobId)
  return ok({ interfaceAttachment: shown(call, nic) })
}

/** All but what touches the host: a port that a dry run makes is not there to be plugged in. */
async function rehearse(context: ComputeContext, call: Call, row: Server, wanted: WantedNic): Promise<Nic> {
  context.hosts.get(hostOf(row))
  const port = await portFor(context, call, row, wanted)
  if (wanted.portId !== undefined) await plug(context, call, row, [port.id])
  return nicOf({ ...port, mtu: 0, vif: { kind: 'user' } }, wanted)
}

async function portFor(context: ComputeContext, call: Call, row: Server, wanted: WantedNic): Promise<Port> {
  if (wanted.portId === undefined) return makePort(context, call, row, wanted)
  const { body } = await context.network.ask<{ port: Port }>(call, 'GET', `/v2.0/ports/${wanted.portId}`)
  return body.port
}

async function detach(_: ComputeContext, call: Call, { params }: Input) {
  await call.transaction(async (tx) => {
    const row = await getServer(call, tx, params.id!, rule('delete'))
    checkState(call, row, { action: 'detach_interface', states: liveStates })
    if (row.host === null) throw conflict(`Instance ${row.id} is not on a host.`)
    const { portId } = nicAt(row, params.port!)
    await enqueueDetach(tx, row, portId)
  })
  return accepted()
}

export const interfaceRoutes: ComputeRoute[] = [
  r('GET', '/servers/:id/os-interface', list),
  r('POST', '/servers/:id/os-interface', attach, { body: attachBody }),
  r('GET', '/servers/:id/os-interface/:port', show),
  r('DELETE', '/servers/:id/os-interface/:port', detach),
].flat()
