// `cloudos describe SERVICE`: what a service consists of, printed from its own tables.
import type { AnyService } from '../../eden/service.ts'
import { services } from '../services.ts'

export async function run([name]: string[]): Promise<number> {
  const service = services.find((one) => one.name === name)
  if (!service) {
    console.log(`cloudos describe SERVICE, where SERVICE is one of: ${services.map((one) => one.name).join(', ')}`)
    return name === undefined || name === '--help' ? 0 : 2
  }
  console.log(description(service))
  return 0
}

function description(service: AnyService): string {
  const table = (title: string, lines: string[][]) => {
    if (lines.length === 0) return ''
    const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
    return `\n${title}\n${lines.map((line) => `  ${line.map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd(widths[column]!))).join('  ')}`.trimEnd()).join('\n')}\n`
  }
  const seen = new Set<string>()
  const routes = service.routes.filter(
    ({ method, path }) => !seen.has(`${method} ${path}`) && seen.add(`${method} ${path}`),
  )
  return [
    `${service.name}: ports ${service.ports.join(', ') || 'none'}, front door ${service.prefix}${service.versions ? `, versions ${service.versions.min} to ${service.versions.max}` : ''}`,
    table(
      'Routes',
      routes.map(({ method, path, rule, since }) => [method, path, rule ?? '', since ? `since ${since}` : '']),
    ),
    table(
      'Rules',
      Object.entries(service.policy.rules).map(([rule, { check, says }]) => [rule, check, says]),
    ),
    table(
      'Jobs',
      service.jobs.map((job) => [job.name, job.steps.map((step) => step.name).join(' → ')]),
    ),
    table(
      'Reconcilers',
      service.reconcilers.map(({ name, every }) => [name, `every ${every}`]),
    ),
    table(
      'Settings',
      Object.entries(service.settings?.settings ?? {}).map(([name, one]) => [
        `${service.name}.${name}`,
        String(one.default ?? ''),
        one.says,
      ]),
    ),
  ].join('')
}
