// What identity speaks: the list of versions at `/`, and the one that counts at `/v3`.
import type { Call } from '../../../eden/call.ts'
import { type Input, ok, type Reply, reply } from '../../../eden/http/request.ts'
import type { IdentityContext } from '../context.ts'
import { jsonHome } from './json-home.ts'

const version = (call: Call) => ({
  id: 'v3.14',
  status: 'stable',
  updated: '2020-04-07T00:00:00Z',
  links: [{ rel: 'self', href: `${call.origin}/v3/` }],
  'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
})

/** 300: the caller chooses. `/v2.0` answers logins of old clients, but is not offered to new ones. */
export async function listVersions(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  if (wantsHome(input)) return home(call)
  return reply(300, { versions: { values: [version(call)] } }, { location: `${call.origin}/v3/`, vary: 'X-Auth-Token' })
}

export async function showVersion(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  return wantsHome(input) ? home(call) : ok({ version: version(call) }, { vary: 'X-Auth-Token' })
}

const wantsHome = ({ headers }: Input) => /application\/json-home/.test(headers.accept ?? '')
const home = (call: Call) => ok(jsonHome(call), { 'content-type': 'application/json-home', vary: 'Accept' })
