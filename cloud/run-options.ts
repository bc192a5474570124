// The flags that `up` and `serve` share, and the cloud that they describe.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ParseArgsOptionsConfig } from 'node:util'
import { settingsFrom } from './commands/try.ts'
import { type Plan, readPlan, realPlan, simulatedPlan, unprivilegedPlan, usualNetworkPrefix } from './plan.ts'
import { defaultStateDir } from './state.ts'

export const runFlags = {
  plan: { type: 'string' },
  simulated: { type: 'boolean', default: false },
  database: { type: 'string' },
  address: { type: 'string', default: '127.0.0.1' },
  ports: { type: 'string', default: 'classic' },
  'front-port': { type: 'string', default: '9000' },
  'network-prefix': { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  policy: { type: 'string' },
  cors: { type: 'string', multiple: true, default: [] },
  set: { type: 'string', multiple: true, default: [] },
  state: { type: 'string', default: defaultStateDir() },
  log: { type: 'string', default: 'info' },
  help: { type: 'boolean', default: false },
} as const satisfies ParseArgsOptionsConfig

export const runHelp = `
  --simulated        simulated guests, networks and disks: nothing of this machine is touched
  --plan FILE        which node has which roles and drivers (YAML); default: this machine, everything
  --database URL     PostgreSQL instead of the embedded database
  --address ADDRESS  listen there instead of on loopback only (give --tls-cert and --tls-key too)
  --ports free       any free ports instead of the usual ones
  --front-port N     port of the front door (9000)
  --network-prefix P first letters of everything on the host's network (cos): one for each cloud of a machine
  --policy FILE      rules that override the defaults (oslo.policy's YAML)
  --cors ORIGIN      let pages of that origin call (repeatable)
  --set S.NAME=V     a setting (repeatable; 'cloudos describe SERVICE' lists them)
  --state DIR        where the cloud keeps everything (${defaultStateDir()})
  --log LEVEL        debug, info, warn or error
`

export interface RunValues {
  plan?: string
  simulated: boolean
  set: string[]
  state: string
  'network-prefix'?: string
}

/** The plan: the given one, else the one that the cloud was started with before, else what this user can do. */
export function planFor(values: RunValues): Plan {
  const real = process.getuid?.() === 0 ? realPlan : unprivilegedPlan
  const kept = join(values.state, 'plan.yaml')
  const base = values.simulated ? simulatedPlan : real
  const path = values.plan ?? (existsSync(kept) ? kept : undefined)
  const plan = path ? readPlan(path, base) : base
  const networkPrefix = values['network-prefix'] ?? plan.networkPrefix
  const usedPrefix = existsSync(kept) ? (readPlan(kept, base).networkPrefix ?? usualNetworkPrefix) : undefined
  if (usedPrefix && (networkPrefix ?? usualNetworkPrefix) !== usedPrefix)
    throw new Error(
      `This cloud's networks begin with '${usedPrefix}' and keep that name; leave --network-prefix and the plan's networkPrefix out, or destroy the cloud first.`,
    )
  const settings = { ...plan.settings }
  for (const [service, given] of Object.entries(settingsFrom(values.set)))
    settings[service] = { ...settings[service], ...given }
  return { ...plan, settings, ...(networkPrefix && { networkPrefix }) }
}
