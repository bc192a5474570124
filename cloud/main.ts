// The command line: one word, one file in `commands/`, loaded only when it is asked for.
import { messageOf } from '../eden/errors.ts'

interface Command {
  says: string
  load: () => Promise<{ run(parameters: string[]): Promise<number> }>
}

const commands: Record<string, Command> = {
  up: { says: 'start the cloud on this machine (installs what is missing)', load: () => import('./commands/up.ts') },
  down: { says: 'stop it; guests keep running unless --guests', load: () => import('./commands/down.ts') },
  destroy: {
    says: 'remove the cloud and every trace of it from this machine',
    load: () => import('./commands/destroy.ts'),
  },
  status: { says: 'is it running, and how to reach it', load: () => import('./commands/status.ts') },
  try: {
    says: 'a disposable cloud in memory; `try -- COMMAND` runs a command in it',
    load: () => import('./commands/try.ts'),
  },
  image: { says: '`image build-test` makes the small guest image', load: () => import('./commands/image.ts') },
  describe: {
    says: '`describe SERVICE` prints its routes, rules, jobs and settings; `--all` writes pages',
    load: () => import('./commands/describe.ts'),
  },
  host: { says: 'run host roles for a controller elsewhere', load: () => import('./commands/host.ts') },
  test: { says: 'run every check and test', load: () => import('./commands/test.ts') },
  serve: { says: 'run the cloud in the foreground (what `up` starts)', load: () => import('./commands/serve.ts') },
}

const usage = () =>
  [
    'Cloud OS: one program that turns this machine into a self-service cloud.',
    '',
    ...Object.entries(commands).map(([name, { says }]) => `  ./cloudos ${name.padEnd(9)} ${says}`),
    '',
    'Each command explains itself with --help.',
  ].join('\n')

const [name, ...parameters] = process.argv.slice(2)
const command = commands[name ?? '']
if (!command) {
  const isHelp = name === undefined || name === '--help' || name === 'help'
  if (!isHelp) console.error(`There is no command '${name}'.\n`)
  console[isHelp ? 'log' : 'error'](usage())
  process.exit(isHelp ? 0 : 2)
}
try {
  const { run } = await command.load()
  process.exitCode = await run(parameters)
} catch (error) {
  console.error(`cloudos ${name}: ${messageOf(error)}`)
  if (process.env.CLOUDOS_DEBUG) console.error(error)
  process.exitCode = 1
}
