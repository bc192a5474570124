// The microversions that are spoken.
import type { VersionRange } from '../../../eden/http/versions.ts'

export const range: VersionRange = {
  type: 'compute',
  min: '2.1',
  max: '2.96',
  legacyHeader: 'X-OpenStack-Nova-API-Version',
}
