// Refuses wishes that contradict themselves before anything is touched; the real driver and its twin refuse the same.
import type { HostNetworks } from '../../kernel/network/driver.ts'

/** Throws one error that names every contradiction. */
export function validateWanted(wanted: HostNetworks): void {
  const complaints: string[] = []
  const networks = uniqueIds('network', wanted.networks, complaints)
  const groups = uniqueIds('security group', wanted.securityGroups, complaints)
  uniqueIds('port', wanted.ports, complaints)
  uniqueIds('router', wanted.routers, complaints)
  const needNetwork = (who: string, id: string) => {
    if (!networks.has(id)) complaints.push(`${who} is on network ${id}, which is not among the networks`)
  }
  const needMac = (who: string, mac: string) => {
    if (!/^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/.test(mac)) complaints.push(`${who} has the MAC "${mac}"`)
  }
  for (const network of wanted.networks) {
    needMac(`network ${network.id}`, network.serviceMac)
    if (!(network.mtu >= 68 && network.mtu <= 65_535))
      complaints.push(`network ${network.id} has the MTU ${network.mtu}`)
    for (const port of network.remotePorts) needMac(`a remote port of network ${network.id}`, port.mac)
  }
  for (const port of wanted.ports) {
    needNetwork(`port ${port.id}`, port.networkId)
    needMac(`port ${port.id}`, port.mac)
    for (const { mac } of port.allowedPairs) if (mac !== undefined) needMac(`port ${port.id}`, mac)
    for (const group of port.securityGroups)
      if (!groups.has(group))
        complaints.push(`port ${port.id} is in security group ${group}, which is not among the groups`)
  }
  for (const group of wanted.securityGroups)
    for (const { remoteGroupId, remoteCidr } of group.rules) {
      if (remoteGroupId !== null && !groups.has(remoteGroupId))
        complaints.push(`security group ${group.id} refers to ${remoteGroupId}, which is not among the groups`)
      if (remoteGroupId !== null && remoteCidr !== null)
        complaints.push(`a rule of security group ${group.id} has both a remote group and a remote CIDR`)
    }
  for (const router of wanted.routers) {
    const legs = [...router.interfaces, ...(router.gateway ? [router.gateway] : [])]
    for (const leg of legs) {
      needNetwork(`router ${router.id}`, leg.networkId)
      needMac(`router ${router.id}`, leg.mac)
    }
    if (router.floatingIps.length > 0 && !router.gateway)
      complaints.push(`router ${router.id} has floating addresses but no gateway`)
  }
  if (complaints.length > 0) throw new Error(`These networks cannot be made: ${complaints.join('; ')}.`)
}

function uniqueIds(what: string, list: { id: string }[], complaints: string[]): Set<string> {
  const ids = new Set<string>()
  for (const { id } of list) {
    if (ids.has(id)) complaints.push(`${what} ${id} is given twice`)
    ids.add(id)
  }
  return ids
}
