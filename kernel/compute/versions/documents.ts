// The version documents, from which clients learn what is spoken here.
import type { Call } from '../../../eden/call.ts'
import { ok } from '../../../eden/http/request.ts'
import { type ComputeRoute, plainRoute } from '../context.ts'
import { range } from './range.ts'

const updated = '2013-07-23T11:33:21Z'

const newest = (call: Call) => ({
  id: 'v2.1',
  status: 'CURRENT',
  version: range.max,
  min_version: range.min,
  updated,
  links: [{ rel: 'self', href: `${call.origin}/v2.1/` }],
})

const oldest = (call: Call) => ({
  id: 'v2.0',
  status: 'SUPPORTED',
  version: '',
  min_version: '',
  updated: '2011-01-21T11:33:21Z',
  links: [{ rel: 'self', href: `${call.origin}/v2/` }],
})

const inFull = (version: ReturnType<typeof newest>) => ({
  version: {
    ...version,
    links: [
      ...version.links,
      { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/api-ref/compute/' },
    ],
    'media-types': [
      { base: 'application/json', type: `application/vnd.openstack.compute+json;version=${version.id.slice(1)}` },
    ],
  },
})

const open = { token: 'none' } as const
const index: Parameters<typeof plainRoute>[2] = async (_, call) => ok({ versions: [oldest(call), newest(call)] })
const showNewest: Parameters<typeof plainRoute>[2] = async (_, call) => ok(inFull(newest(call)))
const showOldest: Parameters<typeof plainRoute>[2] = async (_, call) => ok(inFull(oldest(call)))

export const versionRoutes: ComputeRoute[] = [
  plainRoute('GET', '/', index, open),
  plainRoute('GET', '/v2.1', showNewest, open),
  plainRoute('GET', '/v2', showOldest, open),
]
