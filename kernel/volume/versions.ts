// The version documents, from which clients learn where the API is and how new.
import { ok, reply } from '../../eden/http/request.ts'
import type { VersionRange } from '../../eden/http/versions.ts'
import type { ServiceOperation } from '../../eden/service.ts'
import type { VolumeContext } from './context.ts'

export const volumeVersions: VersionRange = { type: 'volume', min: '3.0', max: '3.70' }

const document = (origin: string) => ({
  versions: [
    {
      id: 'v3.0',
      status: 'CURRENT',
      version: volumeVersions.max,
      min_version: volumeVersions.min,
      updated: '2026-01-01T00:00:00Z',
      links: [{ rel: 'self', href: `${origin}/v3/` }],
      'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.volume+json;version=3' }],
    },
  ],
})

export const choices: ServiceOperation<VolumeContext> = async (_, call) => reply(300, document(call.origin))
export const showVersion: ServiceOperation<VolumeContext> = async (_, call) => ok(document(call.origin))
