// Which hosts a change concerns: those named in it, and those that carry what it names. Pure.
import type { Change } from '../../../eden/changes/change.ts'
import { isNetworkDevice, type Port } from '../ports/port.ts'

export interface Concern {
  hosts: string[]
  /** Ids of networks, groups and routers. */
  ids: string[]
}

/** What of a row hosts do not care for. */
const idle = new Set(['status', 'name', 'description', 'tags', 'updatedAt', 'revisionNumber', 'profile', 'createdAt'])

export function concernOf({ type, before, after, resourceId }: Change): Concern | undefined {
  if (before && after && !differs(before, after)) return undefined
  const sides = [before, after].filter((side) => side !== null)
  const texts = (field: string) => sides.flatMap((side) => (side[field] ? [String(side[field])] : []))
  switch (type) {
    case 'network':
      return { hosts: [], ids: [resourceId] }
    case 'subnet':
      return { hosts: [], ids: texts('networkId') }
    case 'port': {
      const ports = sides as unknown as Port[]
      if (ports.every(({ host, deviceOwner }) => host === '' && !isNetworkDevice(deviceOwner))) return undefined
      return {
        hosts: texts('host'),
        ids: ports.flatMap((one) => [one.networkId, one.deviceId, ...one.securityGroups]),
      }
    }
    case 'router':
      return { hosts: texts('host'), ids: [resourceId, ...texts('gatewayNetworkId')] }
    case 'floatingip':
      return { hosts: [], ids: texts('routerId') }
    case 'security-group':
      return { hosts: [], ids: [resourceId] }
    case 'security-group-rule':
      return { hosts: [], ids: texts('securityGroupId') }
    default:
      return undefined
  }
}

const differs = (before: Record<string, unknown>, after: Record<string, unknown>) =>
  Object.keys(after).some((field) => !idle.has(field) && JSON.stringify(before[field]) !== JSON.stringify(after[field]))
