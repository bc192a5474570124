// POST /os-server-external-events: another service says that something of a server changed. What the network service
// says about ports is looked at anew; the rest needs no answer here, because jobs ask their neighbours themselves.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { type Input, reply } from '../../../eden/http/request.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { ComputeContext } from '../context.ts'
import { unplugLost } from '../interfaces/lost-cards.ts'
import { portsOf } from './ports.ts'
import { type Server, server } from './server.ts'

const names = [
  'network-changed',
  'network-vif-plugged',
  'network-vif-unplugged',
  'network-vif-deleted',
  'volume-extended',
  'power-update',
  'accelerator-request-bound',
]

export const eventsBody = Type.Object(
  {
    events: Type.Array(
      Type.Object(
        {
          name: Type.Unsafe<string>({ type: 'string', enum: names }),
          server_uuid: Type.String({ format: 'uuid' }),
          status: Type.Optional(Type.Unsafe({ type: 'string', enum: ['failed', 'completed', 'in-progress'] })),
          tag: Type.Optional(Type.String({ maxLength: 255 })),
        },
        { additionalProperties: false },
      ),
      { minItems: 1 },
    ),
  },
  { additionalProperties: false },
)

interface Event {
  name: string
  server_uuid: string
  status?: string
  tag?: string
}

const beyond = everyone('other services speak about the servers of all projects')

export async function hearEvents(context: ComputeContext, call: Call, { body }: Input) {
  const { events } = body as { events: Event[] }
  const answers = []
  for (const event of events) {
    const row = await call.rows(server, beyond).find(event.server_uuid)
    if (row && event.name.startsWith('network-')) await refreshNics(context, call, row)
    answers.push({ ...event, status: row ? (event.status ?? 'completed') : 'failed', code: row ? 200 : 404 })
  }
  const known = answers.filter(({ code }) => code === 200).length
  return reply(known === answers.length ? 200 : 207, { events: answers })
}

/** Takes over the addresses that the ports have now; a card without a port is unplugged. */
async function refreshNics(context: ComputeContext, call: Call, seen: Server): Promise<void> {
  const ports = new Map((await portsOf(context, call, seen.id)).map((port) => [port.id, port]))
  await call.transaction(async (tx) => {
    const row = await tx.rows(server, beyond).find(seen.id)
    if (!row) return
    await unplugLost(tx, row, new Set(ports.keys()))
    const nics = row.nics.map((nic) => {
      const port = ports.get(nic.portId)
      if (!port) return nic
      return { ...nic, fixedIps: port.fixed_ips.map(({ subnet_id, ip_address }) => ({ subnet_id, ip_address })) }
    })
    await tx.rows(server, beyond).update(row, { nics })
  })
}
