// The security groups of a server are those of its ports; compute passes the wish on.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, notFound } from '../../../eden/errors.ts'
import { accepted, type Input, ok } from '../../../eden/http/request.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import { checkLock, getServer } from '../servers/find.ts'
import { type Server, server } from '../servers/server.ts'

export const securityGroupBody = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' }) },
  { additionalProperties: false },
)

interface Group {
  id: string
  name: string
  description: string
  tenant_id: string
}

interface Port {
  id: string
  security_groups: string[]
  port_security_enabled?: boolean
  fixed_ips: unknown[]
}

async function ports({ network }: ComputeContext, call: Call, row: Server): Promise<Port[]> {
  const { body } = await network.ask<{ ports: Port[] }>(call, 'GET', `/v2.0/ports?device_id=${row.id}`)
  return body.ports
}

async function groups({ network }: ComputeContext, call: Call): Promise<Group[]> {
  return (await network.ask<{ security_groups: Group[] }>(call, 'GET', '/v2.0/security-groups')).body.security_groups
}

async function named(context: ComputeContext, call: Call, row: Server, name: string): Promise<Group> {
  const found = (await groups(context, call)).filter(
    (group) => group.id === name || (group.name === name && group.tenant_id === row.projectId),
  )
  if (!found[0]) throw notFound(`Security group with name or id '${name}' could not be found.`)
  return found[0]
}

const setGroups = ({ network }: ComputeContext, call: Call, port: Port, ids: string[]) =>
  network.ask(call, 'PUT', `/v2.0/ports/${port.id}`, { body: { port: { security_groups: ids } } })

const remember = (call: Call, id: string, change: (names: string[]) => string[]) =>
  call.transaction(async (tx) => {
    const row = await tx.rows(server).get(id)
    return tx.rows(server).update(row, { securityGroups: change(row.securityGroups) })
  })

export async function addSecurityGroup(context: ComputeContext, call: Call, id: string, { name }: { name: string }) {
  const row = await getServer(call, call, id, 'os_compute_api:os-security-groups:add')
  checkLock(call, row)
  const group = await named(context, call, row, name)
  const all = await ports(context, call, row)
  if (all.length === 0) throw badRequest(`Server ${id} has no port that could be in a security group.`)
  for (const port of all)
    if (!port.security_groups.includes(group.id))
      await setGroups(context, call, port, [...port.security_groups, group.id])
  await remember(call, id, (names) => [...new Set([...names, group.name])])
  return accepted()
}

export async function removeSecurityGroup(context: ComputeContext, call: Call, id: string, { name }: { name: string }) {
  const row = await getServer(call, call, id, 'os_compute_api:os-security-groups:remove')
  checkLock(call, row)
  const group = await named(context, call, row, name)
  const having = (await ports(context, call, row)).filter((port) => port.security_groups.includes(group.id))
  if (having.length === 0) throw notFound(`Security group ${group.id} not associated with the instance ${id}`)
  for (const port of having)
    await setGroups(
      context,
      call,
      port,
      port.security_groups.filter((one) => one !== group.id),
    )
  await remember(call, id, (names) => names.filter((one) => one !== group.name && one !== group.id))
  return accepted()
}

async function listOfServer(context: ComputeContext, call: Call, { params }: Input) {
  const row = await getServer(call, call, params.id!, 'os_compute_api:os-security-groups:list')
  const ids = new Set((await ports(context, call, row)).flatMap(({ security_groups }) => security_groups))
  const all = ids.size === 0 ? [] : await groups(context, call)
  return ok({
    security_groups: all
      .filter(({ id }) => ids.has(id))
      .map(({ id, name, description, tenant_id }) => ({ id, name, description, tenant_id, rules: [] })),
  })
}

export const serverSecurityGroupRoutes: ComputeRoute[] = [
  r('GET', '/servers/:id/os-security-groups', listOfServer),
].flat()
