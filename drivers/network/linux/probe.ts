// Finds out before anything is touched whether this host can carry networks, and names what is missing in words.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { CommandFailed, run, toolPath } from './commands.ts'
import { listConnections } from './connection-table.ts'

export interface Findings {
  traits: string[]
  notes: string[]
  /** What makes it impossible; empty where everything needed is there. */
  missing: string[]
}

const [netAdmin, netRaw, sysAdmin] = [12n, 13n, 21n]
const packages: Record<string, string> = { ip: 'iproute2', bridge: 'iproute2', nft: 'nftables' }

/** Looks at privileges, tools and the kernel. `table` is a name for a trial table that is never committed. */
export async function probeHost(table: string): Promise<Findings> {
  const findings: Findings = { traits: [], notes: [], missing: [] }
  const { missing } = findings
  for (const [tool, name] of Object.entries(packages))
    if (!findTool(tool)) missing.push(`the command "${tool}" (Debian package ${name})`)
  if (!existsSync('/dev/net/tun')) missing.push('/dev/net/tun (kernel module tun: run "modprobe tun")')
  if (!existsSync('/proc/sys/net/bridge'))
    missing.push('the kernel module br_netfilter (run "modprobe br_netfilter" and list it in /etc/modules-load.d)')
  const lacking = lackingCapabilities()
  if (lacking.length > 0)
    missing.push(`the privileges ${lacking.join(', ')} (run as root, or give the process these capabilities)`)
  if (missing.length > 0) return findings
  await tryRules(table, findings)
  await listConnections(4).catch((error: Error) =>
    missing.push(`connection tracking over netlink (kernel module nf_conntrack_netlink): ${error.message}`),
  )
  findings.traits.push('tenant-networks', 'security-groups', 'routers', 'floating-ips', 'dhcp', 'metadata')
  noteForwardPolicy(findings, await run('nft', ['list', 'chains']))
  return findings
}

function findTool(tool: string): boolean {
  return toolPath.split(':').some((folder) => {
    try {
      accessSync(`${folder}/${tool}`, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function lackingCapabilities(): string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`)
  const needed: [string, bigint][] = [
    ['CAP_NET_ADMIN', netAdmin],
    ['CAP_NET_RAW', netRaw],
    ['CAP_SYS_ADMIN', sysAdmin],
  ]
  return needed.filter(([, bit]) => ((effective >> bit) & 1n) === 0n).map(([name]) => name)
}

/** The kernel checks rules as it would when they are meant, without keeping them. */
async function tryRules(table: string, { missing }: Findings): Promise<void> {
  const trials: Record<string, string> = {
    'nftables filters for bridges (kernel module nf_tables_bridge)': `table bridge ${table} {
      map m { type ifname : verdict
      }
      chain c { type filter hook prerouting priority dstnat; iifname vmap @m
      }
    }`,
    'connection tracking zones and NAT in nftables (kernel modules nft_ct, nft_nat, nft_masq)': `table inet ${table} {
      map z { typeof iifname : ct zone
      }
      chain c { type filter hook prerouting priority raw; ct zone set iifname map @z
      }
      chain n { type nat hook postrouting priority srcnat; masquerade
      }
    }`,
  }
  for (const [what, script] of Object.entries(trials)) {
    try {
      await run('nft', ['-c', '-f', '-'], script)
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error
      missing.push(`${what}: ${error.message}`)
    }
  }
}

/** Somebody else's firewall also sees bridged frames; a closed forward chain of theirs would silence every guest. */
function noteForwardPolicy({ notes }: Findings, chains: string): void {
  if (/hook forward priority [^;]*; policy drop;/.test(chains))
    notes.push(
      'A firewall on this host drops forwarded packets by default. Guests talk only as far as it lets the interfaces of this program pass.',
    )
}
