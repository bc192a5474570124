// Microversions: read from the headers that clients send, answered in the headers that they expect.
import { notAcceptable } from '../errors.ts'

export interface VersionRange {
  /** Word in `OpenStack-API-Version: compute 2.1`. */
  type: string
  min: string
  max: string
  /** Version of callers that ask for none; `min` unless told. */
  unasked?: string
  /** Older header, e.g. `X-OpenStack-Nova-API-Version`. */
  legacyHeader?: string
}

/** `2.53` as a number that compares: 2053. */
export const versionNumber = (version: string): number => {
  const [major, minor] = version.split('.')
  return Number(major) * 1000 + Number(minor ?? 0)
}

export const versionText = (version: number) => `${Math.floor(version / 1000)}.${version % 1000}`

/** @throws 406 outside the range, 400 for what is no version. */
export function negotiate(range: VersionRange, headers: Record<string, string | undefined>): number {
  const asked = askedFor(range, headers)
  if (asked === undefined) return versionNumber(range.unasked ?? range.min)
  if (asked === 'latest') return versionNumber(range.max)
  if (!/^\d+\.\d+$/.test(asked))
    throw notAcceptable(`API Version String ${asked} is of invalid format. Must be of format MajorNum.MinorNum.`, {
      reason: { invalid: true },
    })
  const version = versionNumber(asked)
  if (version < versionNumber(range.min) || version > versionNumber(range.max))
    throw notAcceptable(
      `Version ${asked} is not supported by the API. Minimum is ${range.min} and maximum is ${range.max}.`,
      { reason: { min: range.min, max: range.max } },
    )
  return version
}

function askedFor(range: VersionRange, headers: Record<string, string | undefined>): string | undefined {
  for (const part of (headers['openstack-api-version'] ?? '').split(',')) {
    const [type, version] = part.trim().split(/\s+/)
    if (type?.toLowerCase() === range.type && version) return version.toLowerCase()
  }
  return range.legacyHeader ? headers[range.legacyHeader.toLowerCase()]?.trim().toLowerCase() : undefined
}

/** Headers of every reply of a service that has microversions. */
export function versionHeaders(range: VersionRange, version: number): Record<string, string> {
  const text = versionText(version)
  return {
    'openstack-api-version': `${range.type} ${text}`,
    vary: range.legacyHeader ? `OpenStack-API-Version, ${range.legacyHeader}` : 'OpenStack-API-Version',
    ...(range.legacyHeader && { [range.legacyHeader.toLowerCase()]: text }),
  }
}
