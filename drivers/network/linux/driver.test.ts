import { runNetworkDriverContract } from '../../../kernel/network/driver.contract.ts'
import { LinuxNetworkDriver } from './driver.ts'
import { probeHost } from './probe.ts'

const prefix = `c${(process.pid % 1000).toString(36)}`.padEnd(3, '0')

runNetworkDriverContract(
  'linux',
  () => new LinuxNetworkDriver({ prefix }),
  async () => {
    const { missing } = await probeHost(`${prefix}trial`)
    return missing.length === 0 ? null : `needs ${missing.join('; ')}`
  },
)
