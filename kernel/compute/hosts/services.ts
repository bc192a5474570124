// Compute's services: one for each host, and the parts of the controller that operators expect to find by name.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict, notFound } from '../../../eden/errors.ts'
import { type Input, noContent, ok } from '../../../eden/http/request.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import { plainTime } from '../links.ts'
import { server } from '../servers/server.ts'
import { speaks } from '../versions/since.ts'
import { type ComputeHost, computeHost } from './host.ts'
import { numberOf } from './hypervisors.ts'

const rule = (name: string) => `os_compute_api:os-services:${name}`
const beyond = everyone('hosts belong to the cloud')

async function shown({ known }: ComputeContext, call: Call, host: ComputeHost) {
  return {
    id: speaks(call, '2.53') ? host.serviceId : numberOf(host.serviceId),
    binary: 'nova-compute',
    host: host.name,
    zone: await known.zoneOf(host.name),
    status: host.isDisabled ? 'disabled' : 'enabled',
    state: known.isUp(host) ? 'up' : 'down',
    updated_at: plainTime(new Date(call.clock.now()).toISOString()),
    disabled_reason: host.disabledReason,
    ...(speaks(call, '2.11') && { forced_down: host.isForcedDown }),
  }
}

/** This program is scheduler and conductor in one; it is up, since it answers. */
const controllers = (call: Call, host: string) =>
  ['nova-scheduler', 'nova-conductor'].map((binary, index) => {
    const id = `00000000-0000-4000-8000-00000000000${index + 1}`
    return {
      id: speaks(call, '2.53') ? id : index + 1,
      binary,
      host,
      zone: 'internal',
      status: 'enabled',
      state: 'up',
      updated_at: plainTime(new Date(call.clock.now()).toISOString()),
      disabled_reason: null,
      ...(speaks(call, '2.11') && { forced_down: false }),
    }
  })

async function list(context: ComputeContext, call: Call, { query }: Input) {
  const hosts = await context.known.rows()
  const all = [
    ...controllers(call, hosts[0]?.name ?? 'controller'),
    ...(await Promise.all(hosts.map((host) => shown(context, call, host)))),
  ]
  return ok({
    services: all.filter(
      ({ binary, host }) => (!query.binary || binary === query.binary) && (!query.host || host === query.host),
    ),
  })
}

const oldBody = Type.Object(
  {
    host: Type.String({ minLength: 1, maxLength: 255 }),
    binary: Type.String({ minLength: 1, maxLength: 255 }),
    disabled_reason: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    forced_down: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)

interface Old {
  host: string
  binary: string
  disabled_reason?: string
  forced_down?: boolean
}

async function change(
  context: ComputeContext,
  call: Call,
  find: (host: ComputeHost) => boolean,
  patch: Partial<ComputeHost>,
) {
  const row = await call.transaction(async (tx) => {
    const rows = tx.rows(computeHost, beyond)
    const host = (await rows.list()).find(find)
    if (!host) throw notFound('Could not find this service; only services of compute hosts can be changed.')
    return rows.update(host, patch)
  })
  context.known.forget()
  return row
}

async function changeByAction(context: ComputeContext, call: Call, { params, body }: Input) {
  const { host: name, binary, disabled_reason, forced_down } = body as Old
  const isIt = ({ name: host }: ComputeHost) => host === name && binary === 'nova-compute'
  const patches: Record<string, Partial<ComputeHost>> = {
    enable: { isDisabled: false, disabledReason: null },
    disable: { isDisabled: true, disabledReason: null },
    'disable-log-reason': { isDisabled: true, disabledReason: disabled_reason ?? null },
    'force-down': { isForcedDown: forced_down ?? false },
  }
  const action = params.action!
  const patch = patches[action]
  if (!patch || (action === 'force-down' && !speaks(call, '2.11'))) throw notFound('Unknown action')
  if (action === 'disable-log-reason' && !disabled_reason) throw badRequest('Missing disabled reason field')
  await change(context, call, isIt, patch)
  return ok({
    service: {
      host: name,
      binary,
      ...(action === 'force-down'
        ? { forced_down: forced_down ?? false }
        : { status: patch.isDisabled ? 'disabled' : 'enabled' }),
      ...(disabled_reason && { disabled_reason }),
    },
  })
}

const newBody = Type.Object(
  {
    status: Type.Optional(Type.Unsafe({ type: 'string', enum: ['enabled', 'disabled'] })),
    disabled_reason: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    forced_down: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, minProperties: 1 },
)

async function changeById(context: ComputeContext, call: Call, { params, body }: Input) {
  const { status, disabled_reason, forced_down } = body as {
    status?: string
    disabled_reason?: string
    forced_down?: boolean
  }
  if (disabled_reason && status !== 'disabled')
    throw badRequest("Specifying 'disabled_reason' requires that status is set to 'disabled'.")
  const row = await change(context, call, ({ serviceId }) => serviceId === params.action, {
    ...(status && { isDisabled: status === 'disabled', disabledReason: disabled_reason ?? null }),
    ...(forced_down !== undefined && { isForcedDown: forced_down }),
  })
  return ok({ service: await shown(context, call, row) })
}

async function remove(context: ComputeContext, call: Call, { params }: Input) {
  await call.transaction(async (tx) => {
    const rows = tx.rows(computeHost, beyond)
    const host = (await rows.list()).find(
      (one) => (speaks(call, '2.53') ? one.serviceId : String(numberOf(one.serviceId))) === params.action,
    )
    if (!host) throw notFound(`Service ${params.action} not found.`)
    if (context.hosts.names().includes(host.name))
      throw conflict(`Host ${host.name} is part of the cloud; take it out of the plan first.`)
    if ((await tx.rows(server, beyond).count({ host: host.name })) > 0)
      throw conflict(
        `Unable to delete compute service that is hosting instances. Migrate or delete the instances first.`,
      )
    await rows.remove(host)
  })
  context.known.forget()
  return noContent()
}

export const computeServiceRoutes: ComputeRoute[] = [
  r('GET', '/os-services', list, { rule: rule('list') }),
  r('PUT', '/os-services/:action', changeByAction, { rule: rule('update'), body: oldBody, until: '2.52' }),
  r('PUT', '/os-services/:action', changeById, { rule: rule('update'), body: newBody, since: '2.53' }),
  r('DELETE', '/os-services/:action', remove, { rule: rule('delete') }),
].flat()
