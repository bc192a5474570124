// Ports as the API shows them, and the filters that look into their addresses and groups.
import { badRequest } from '../../../eden/errors.ts'
import type { Condition, WhereBuilder } from '../../../eden/store/where.ts'
import { anyOf, changedSince, listHas, tagFilters } from '../api/filters.ts'
import type { Kind } from '../api/kind.ts'
import { type Port, port } from './port.ts'

/** `fixed_ips=ip_address=10.0.0.5`: all that are named must hold; of one name, any. */
const fixedIps = (values: string[]) => (eb: WhereBuilder) => {
  const byName = new Map<string, string[]>()
  for (const value of values) {
    const [name = '', ...rest] = value.split('=')
    byName.set(name, [...(byName.get(name) ?? []), rest.join('=')])
  }
  const found = eb.selectFrom('network_allocations').select('network_allocations.port_id')
  const conditions = [...byName].map(([name, wanted]) => {
    const within = (query: typeof found) => eb('network_ports.id', 'in', query) as unknown as Condition
    if (name === 'ip_address') return within(found.where('network_allocations.address', 'in', wanted))
    if (name === 'subnet_id') return within(found.where('network_allocations.subnet_id', 'in', wanted))
    if (name === 'ip_address_substr')
      return anyOf(
        eb,
        wanted.map((part) =>
          within(found.where('network_allocations.address', 'like', `%${part.replace(/[%_]/g, '')}%`)),
        ),
      )
    throw badRequest(`'${name}' is no part of fixed_ips: use ip_address, ip_address_substr or subnet_id.`)
  })
  return eb.and(conditions) as Condition
}

export const portKind: Kind<(typeof port)['fields']> = {
  resource: port,
  one: 'port',
  many: 'ports',
  path: 'ports',
  filters: {
    fixed_ips: fixedIps,
    ip_address: (values) => fixedIps(values.map((value) => `ip_address=${value}`)),
    security_groups: (values) => (eb) =>
      anyOf(
        eb,
        values.flatMap((value) => value.split(',')).map((id) => listHas('network_ports.security_groups', id)),
      ),
    security_group_ids: (values) => (eb) =>
      anyOf(
        eb,
        values.map((id) => listHas('network_ports.security_groups', id)),
      ),
    ...tagFilters('network_ports'),
    ...changedSince('network_ports'),
  },
  async more(context, _reads, _call, rows) {
    const hosts = context.hosts.names()
    return (rows as Port[]).map(({ host }) => ({
      'binding:vif_type': host === '' ? 'unbound' : hosts.includes(host) ? 'tap' : 'binding_failed',
      'binding:vif_details': host !== '' && hosts.includes(host) ? { port_filter: true } : {},
    }))
  },
}
