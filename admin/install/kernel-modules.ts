// Kernel modules that networks need and that stock systems load on demand only.
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'

const exec = promisify(execFile)
const modules = ['br_netfilter', 'tun', 'vxlan', 'nf_conntrack_netlink']
const listFile = '/etc/modules-load.d/cloudos.conf'
const switches = ['iptables', 'ip6tables', 'arptables'].map((table) => `/proc/sys/net/bridge/bridge-nf-call-${table}`)

/**
 * Loads what is missing, now and at each boot. Loading br_netfilter switches it on for every bridge of the host, so it
 * is switched off again: ours ask for it one by one. A module that is built in, or that the machine lacks, is passed over:
 * the network driver then names what it misses.
 */
export async function loadKernelModules(): Promise<void> {
  const wasFiltering = existsSync(switches[0]!)
  for (const module of modules) await exec('modprobe', [module]).catch(() => {})
  if (!wasFiltering) for (const path of switches) if (existsSync(path)) writeFileSync(path, '0')
  if (existsSync('/etc/modules-load.d') && !existsSync(listFile))
    writeFileSync(listFile, `# Made by Cloud OS; 'cloudos destroy' removes it.\n${modules.join('\n')}\n`)
}

export function forgetKernelModules(): void {
  if (existsSync(listFile) && readFileSync(listFile, 'utf8').startsWith('# Made by Cloud OS')) rmSync(listFile)
}
