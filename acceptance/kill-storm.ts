// `node acceptance/kill-storm.ts`: kills a cloud under load again and again, and says which of its promises it broke.
import { parseArgs } from 'node:util'
import { startTestPostgres } from '../cloud/test-postgres.ts'
import { storm } from './storm/storm.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    real: { type: 'boolean', default: false },
    split: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    clients: { type: 'string' },
    'check-every': { type: 'string' },
    delay: { type: 'string', default: '40' },
    database: { type: 'string' },
    postgres: { type: 'boolean', default: false },
    prefix: { type: 'string', default: 'kst' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(`node acceptance/kill-storm.ts [options]

  --kills N        how often the cloud is killed (200)
  --real           this machine's guests, networks and disks instead of simulated ones; needs root
  --split          with --real: hosts in a process of their own, which is killed as well
  --seed N         the same seed kills at the same moments
  --clients N      parallel clients (6; 3 with --real)
  --check-every N  everything is checked after so many kills (20; 10 with --real)
  --delay MS       how long each call of a simulated host takes (40)
  --database URL   PostgreSQL instead of the embedded database
  --postgres       a PostgreSQL of its own for as long as this runs
  --prefix P       first letters of real networks' names (kst)
  --keep           keep the folder; it is kept anyway where something is wrong`)
  process.exit(0)
}
const postgres = values.postgres ? await startTestPostgres() : undefined
const database = values.database ?? postgres?.url
const started = performance.now()
const result = await storm({
  kills: Number(values.kills),
  isReal: values.real,
  isSplit: values.split,
  seed: Number(values.seed),
  clients: Number(values.clients ?? (values.real ? 3 : 6)),
  checkEvery: Number(values['check-every'] ?? (values.real ? 10 : 20)),
  prefix: values.prefix,
  publicCidr: '172.24.99.0/24',
  delayMs: Number(values.delay),
  pauseMs: values.real ? 12_000 : 3000,
  say: (line) => console.log(line),
  keep: values.keep,
  ...(database && { database }),
})
await postgres?.stop()
console.log(`
${result.kills} kills (${result.hostKills} of hosts) in ${((performance.now() - started) / 1000).toFixed(0)} s
${result.acknowledged} writes acknowledged, ${result.unanswered} unanswered
${result.guestsThatLived} times a guest kept its process over a kill
${result.late.length} differences that only the next start repaired
${result.violations.length} violations`)
for (const what of result.late) console.log(`late: ${what}`)
for (const what of result.violations) console.log(`VIOLATION: ${what}`)
for (const [what, times] of [...result.refused].sort((a, b) => b[1] - a[1]).slice(0, 15))
  console.log(`refused ${times}×: ${what}`)
process.exitCode = result.violations.length === 0 ? 0 : 1
