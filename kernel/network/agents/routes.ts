// The network hosts under the name that OpenStack has for them: agents. They live in memory, as what they report does.
import { createHash } from 'node:crypto'
import type { Call } from '../../../eden/call.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import { routes } from '../../../eden/service.ts'
import { picked } from '../api/list.ts'
import type { NetworkContext } from '../context.ts'
import type { KnownHost } from '../plane/host-book.ts'
import { refusal } from '../problems.ts'

/** The same for a host for ever. */
const idOf = (name: string) => {
  const hex = createHash('sha256').update(`network host ${name}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const time = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')

const agentOf = ({ picture, config }: NetworkContext, host: KnownHost): Record<string, unknown> => ({
  id: idOf(host.name),
  agent_type: 'Cloud OS network host',
  binary: 'cloudos-network-host',
  topic: 'N/A',
  host: host.name,
  availability_zone: config.availabilityZone,
  admin_state_up: true,
  alive: host.isUp,
  created_at: time(host.firstSeenAt),
  started_at: time(host.firstSeenAt),
  heartbeat_timestamp: time(host.seenAt),
  description: null,
  resources_synced: null,
  configurations: {
    driver: host.driver,
    tunneling_ip: host.tunnelAddress,
    traits: host.traits,
    notes: host.notes,
    ports: picture.ports.by('host', host.name).length,
    routers: picture.routers.by('host', host.name).length,
  },
})

/** Who may not see agents sees none, as in Neutron. */
async function listAgents(context: NetworkContext, call: Call, input: Input) {
  if (!call.allows('network/get_agent')) return ok({ agents: [] })
  await context.picture.ready()
  const { queryAll } = input
  const agents = context.hostBook
    .list()
    .map((host) => agentOf(context, host))
    .filter((agent) =>
      ['id', 'agent_type', 'binary', 'host', 'availability_zone'].every(
        (field) => !queryAll.has(field) || queryAll.getAll(field).includes(String(agent[field])),
      ),
    )
    .filter((agent) => !queryAll.has('alive') || agent.alive === parseFlag(queryAll.get('alive')!))
  return ok({ agents: agents.map((agent) => picked(agent, input)) })
}

async function showAgent(context: NetworkContext, call: Call, input: Input) {
  await context.picture.ready()
  const host = context.hostBook.list().find(({ name }) => idOf(name) === input.params.id)
  if (!host || !call.allows('network/get_agent'))
    throw refusal(404, 'AgentNotFound', `Agent ${input.params.id} could not be found.`)
  return ok({ agent: picked(agentOf(context, host), input) })
}

const r = routes<NetworkContext>()
export const agentRoutes = [r('GET', '/v2.0/agents', listAgents), r('GET', '/v2.0/agents/:id', showAgent)]
