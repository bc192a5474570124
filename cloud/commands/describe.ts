// `cloudos describe`: what the services consist of, printed from their own tables, as text or as Markdown pages.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pageOf, referencePages } from '../reference.ts'
import { services } from '../services.ts'

const help = () => `cloudos describe SERVICE
cloudos describe --all --out FOLDER

Prints the routes, rules, jobs, reconcilers and settings of a service as Markdown, or writes a page for each service.
SERVICE is one of: ${services.map(({ name }) => name).join(', ')}.`

export async function run(parameters: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: parameters,
    allowPositionals: true,
    options: {
      all: { type: 'boolean', default: false },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.all) return writeAll(values.out)
  const [name] = positionals
  const service = services.find((one) => one.name === name)
  if (!service) {
    if (name !== undefined && !values.help) console.error(`There is no service '${name}'.\n`)
    console[values.help ? 'log' : 'error'](help())
    return values.help ? 0 : 2
  }
  console.log(pageOf(service))
  return 0
}

function writeAll(folder: string | undefined): number {
  if (!folder) throw new Error('--all writes files, so it needs --out FOLDER')
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of referencePages(services)) writeFileSync(join(folder, name), text)
  console.log(`The reference is in ${folder}.`)
  return 0
}
