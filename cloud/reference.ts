// The reference pages in `docs/reference`: one of each service, printed from its routes, rules, jobs and settings.
import { describeSettings } from '../eden/config/describe.ts'
import type { AnyService } from '../eden/service.ts'

/** File name and text of every page. */
export function referencePages(services: AnyService[]): Map<string, string> {
  const pages = new Map(services.map((service) => [`${service.name}.md`, `${pageOf(service)}\n`]))
  return pages.set('README.md', `${indexOf(services)}\n`)
}

const origin = '<!-- Printed by `./cloudos describe --all --out docs/reference`; change the code, not this page. -->'

const indexOf = (services: AnyService[]) =>
  [
    '# Reference',
    '',
    origin,
    '',
    ...table(
      ['Service', 'Ports', 'Front door', 'Versions', 'Routes', 'Rules', 'Jobs', 'Settings'],
      services.map((one) => [
        `[${one.name}](${one.name}.md)`,
        one.ports.join(', '),
        `\`${one.prefix}\``,
        versionsOf(one),
        routesOf(one).length,
        Object.keys(one.policy.rules).length,
        one.jobs.length,
        Object.keys(one.settings?.settings ?? {}).length,
      ]),
    ),
  ].join('\n')

/** One service as Markdown. */
export function pageOf(service: AnyService): string {
  return [
    `# ${service.name}`,
    '',
    origin,
    '',
    `Ports ${service.ports.join(', ') || 'none'}; front door \`${service.prefix}\`${service.versions ? `; microversions ${versionsOf(service)}` : ''}.`,
    ...section(
      'Routes',
      ['Method', 'Path', 'Rule', 'Versions', 'Good to know'],
      routesOf(service).map((route) => [
        route.method,
        code(route.path),
        route.rule ? code(route.rule) : '',
        [route.since && `from ${route.since}`, route.until && `to ${route.until}`].filter(Boolean).join(' '),
        [
          route.says,
          route.token === 'none' && 'no token needed',
          route.token === 'optional' && 'works without a token',
          route.body === 'stream' && 'the body is bytes',
          route.actions && `actions: ${route.actions.map(code).join(', ')}`,
        ]
          .filter(Boolean)
          .join('; '),
      ]),
    ),
    ...section(
      'Rules',
      ['Rule', 'Default', 'What it guards'],
      Object.entries(service.policy.rules).map(([rule, { check, says }]) => [
        code(rule),
        check === '' ? 'everybody' : code(check),
        says,
      ]),
    ),
    ...section(
      'Jobs',
      ['Job', 'Steps', 'Gives up after'],
      service.jobs.map((job) => [
        code(job.name),
        job.steps.map(({ name }) => name).join(' → '),
        minutes(job.deadlineMs),
      ]),
    ),
    ...section(
      'Reconcilers',
      ['Reconciler', 'Every'],
      service.reconcilers.map(({ name, every }) => [code(name), every]),
    ),
    ...settingsOf(service),
  ].join('\n')
}

const versionsOf = ({ versions }: AnyService) => (versions ? `${versions.min} to ${versions.max}` : '–')

function routesOf(service: AnyService) {
  const seen = new Set<string>()
  return service.routes.filter(({ method, path, since }) => {
    const key = `${method} ${path} ${since ?? ''}`
    return !seen.has(key) && seen.add(key)
  })
}

function settingsOf({ settings }: AnyService): string[] {
  if (!settings || Object.keys(settings.settings).length === 0) return []
  const [, , head, , ...rows] = describeSettings([settings]).trimEnd().split('\n')
  const cells = (line: string) =>
    line
      .slice(2, -2)
      .split(/ (?<!\\)\| /)
      .map((cell) => cell.replaceAll('\\|', '|'))
  return section('Settings', cells(head!), rows.map(cells))
}

const section = (title: string, head: string[], rows: (string | number)[][]) =>
  rows.length === 0 ? [] : ['', `## ${title}`, '', ...table(head, rows)]

/** Columns are padded, as the formatter has it. */
function table(head: string[], rows: (string | number)[][]): string[] {
  const cells = [head, ...rows].map((row) => row.map((cell) => String(cell).replaceAll('|', '\\|')))
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]!.length)))
  const line = (row: string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  const [first, ...rest] = cells.map(line)
  return [first!, line(widths.map((width) => '-'.repeat(width))), ...rest]
}

const minutes = (ms: number) => `${ms / 60_000} min`

const code = (text: string) => `\`${text}\``
