// The legs of a router: its ports in tenants' subnets, with the subnets they stand in.
import type { Reads } from '../api/kind.ts'
import { everyPort, owners, type Port, port } from '../ports/port.ts'
import { everySubnet, type Subnet, subnet } from '../subnets/subnet.ts'

export interface Leg {
  port: Port
  subnet: Subnet
  address: string
}

export async function legsOf(reads: Reads, routerId: string): Promise<Leg[]> {
  const ports = await reads.rows(port, everyPort).list({ where: { deviceId: routerId, deviceOwner: owners.interface } })
  const ids = [...new Set(ports.flatMap(({ fixedIps }) => fixedIps.map((one) => one.subnet_id)))]
  const subnets = ids.length > 0 ? await reads.rows(subnet, everySubnet).list({ where: { id: ids } }) : []
  return ports.flatMap((one) =>
    one.fixedIps.flatMap(({ subnet_id, ip_address }) => {
      const found = subnets.find(({ id }) => id === subnet_id)
      return found ? [{ port: one, subnet: found, address: ip_address }] : []
    }),
  )
}
