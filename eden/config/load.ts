// Puts a cloud's settings together: defaults, then the file, then the environment, then flags; the later one wins.

import { readFileSync } from 'node:fs'
import { LineCounter, parseDocument } from 'yaml'
import { nearest } from './nearest.ts'
import { envName, type Setting, type SettingGroup, type ValuesOf } from './setting.ts'
import { readValue, showValue, type Value } from './value.ts'

export type SettingSources = {
  /** A YAML file nested by service (`cloudos.yaml`). Unless `fileMayBeMissing`, it must exist. */
  readonly file?: string
  readonly fileMayBeMissing?: boolean
  /** What the plan says, nested by service; above the file. */
  readonly plan?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** `process.env`, or a part of it. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What followed each `--set`: `compute.quotaCores=20`. */
  readonly set?: readonly string[]
}

/** All that is wrong with the settings at once, each problem naming its source. */
export class SettingsError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.length === 1 ? problems[0] : `${problems.length} settings are wrong:\n  ${problems.join('\n  ')}`)
    this.name = 'SettingsError'
    this.problems = problems
  }
}

/** One setting as it is in force. `value` is masked for secrets, written with units, and safe to print. */
export type SettingInForce = {
  readonly name: string
  readonly value: string
  readonly source: string
  readonly isDefault: boolean
}

type Found = { readonly value: Value; readonly source: string }

export class Settings {
  readonly #groups: readonly SettingGroup[]
  readonly #found: ReadonlyMap<string, Found>
  readonly #values = new Map<string, Readonly<Record<string, Value | undefined>>>()

  constructor(groups: readonly SettingGroup[], found: ReadonlyMap<string, Found>) {
    this.#groups = groups
    this.#found = found
    for (const { service, settings } of groups) {
      const values = Object.keys(settings).map((name) => [name, found.get(`${service}.${name}`)?.value])
      this.#values.set(service, Object.freeze(Object.fromEntries(values)))
    }
  }

  /** The typed, frozen values of one group. */
  of<Group extends SettingGroup>(group: Group): ValuesOf<Group> {
    const values = this.#values.get(group.service)
    if (!values) throw new Error(`the settings of "${group.service}" were not loaded; add them to loadSettings`)
    return values as ValuesOf<Group>
  }

  /** Every setting with its value and where it came from, for "show me the configuration". */
  inForce(): SettingInForce[] {
    return this.#groups.flatMap(({ service, settings }) =>
      Object.entries(settings).map(([name, declared]) => {
        const found = this.#found.get(`${service}.${name}`)
        const source = found?.source ?? 'default'
        const value = showValue(declared, found?.value)
        return { name: `${service}.${name}`, value, source, isDefault: source === 'default' }
      }),
    )
  }
}

/**
 * Loads the settings of all groups.
 * @throws SettingsError listing every unknown name, wrong type and missing value.
 */
export function loadSettings(groups: readonly SettingGroup[], sources: SettingSources = {}): Settings {
  const loading = new Loading(groups)
  loading.defaults()
  if (sources.file !== undefined) loading.file(sources.file, sources.fileMayBeMissing ?? false)
  if (sources.plan) loading.plan(sources.plan)
  if (sources.env) loading.environment(sources.env)
  for (const flag of sources.set ?? []) loading.flag(flag)
  return loading.settled()
}

/** Takes every `--set name=value` (or `--set=name=value`) out of a command line. */
export function takeSetFlags(args: readonly string[]): { set: string[]; rest: string[] } {
  const set: string[] = []
  const rest: string[] = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === '--') return { set, rest: [...rest, ...args.slice(i)] }
    if (arg === '--set') set.push(args[++i] ?? '')
    else if (arg.startsWith('--set=')) set.push(arg.slice('--set='.length))
    else rest.push(arg)
  }
  return { set, rest }
}

class Loading {
  readonly #groups: readonly SettingGroup[]
  readonly #declared = new Map<string, Setting>()
  readonly #services = new Set<string>()
  readonly #found = new Map<string, Found>()
  readonly #problems: string[] = []
  /** A setting with a wrong value is not reported as missing as well. */
  readonly #failed = new Set<string>()

  constructor(groups: readonly SettingGroup[]) {
    this.#groups = groups
    for (const { service, settings } of groups) {
      if (this.#services.has(service)) throw new Error(`the settings of "${service}" are declared twice`)
      this.#services.add(service)
      for (const [name, declared] of Object.entries(settings)) this.#declared.set(`${service}.${name}`, declared)
    }
  }

  defaults(): void {
    for (const [name, declared] of this.#declared) {
      if (declared.default === undefined) continue
      try {
        this.#found.set(name, { value: readValue(declared, declared.default), source: 'default' })
      } catch (error) {
        throw new Error(`the declared default of ${name} is wrong: ${(error as Error).message}`)
      }
    }
  }

  file(path: string, mayBeMissing: boolean): void {
    let text: string
    try {
      text = readFileSync(path, 'utf8')
    } catch (error) {
      if (mayBeMissing && (error as NodeJS.ErrnoException).code === 'ENOENT') return
      this.#problems.push(`${path} cannot be read: ${(error as Error).message}`)
      return
    }
    const lines = new LineCounter()
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
    for (const error of document.errors) {
      this.#problems.push(`${path}, line ${lines.linePos(error.pos[0]).line}: ${error.message}`)
    }
    if (document.errors.length) return
    const lineOf = (keys: readonly string[]) => {
      const node: unknown = document.getIn(keys, true)
      const range = node && typeof node === 'object' && 'range' in node ? (node.range as [number]) : undefined
      return range ? `${path}, line ${lines.linePos(range[0]).line}` : path
    }
    const top: unknown = document.toJS()
    if (top === null || top === undefined) return
    if (!isTable(top)) {
      this.#problems.push(`${path}: settings are nested by service, like "compute:" and below it "  quotaCores: 20"`)
      return
    }
    for (const [service, table] of Object.entries(top)) {
      if (!this.#services.has(service)) this.#unknown(service, [...this.#services], lineOf([service]), 'service')
      else if (isTable(table)) {
        for (const [name, raw] of Object.entries(table)) this.#take(service, name, raw, lineOf([service, name]))
      } else if (table !== null) {
        this.#problems.push(`${lineOf([service])}: below "${service}:" its settings are expected, like "  name: value"`)
      }
    }
  }

  plan(plan: Readonly<Record<string, Readonly<Record<string, unknown>>>>): void {
    for (const [service, table] of Object.entries(plan)) {
      if (!this.#services.has(service)) this.#unknown(service, [...this.#services], 'plan', 'service')
      else for (const [name, raw] of Object.entries(table)) this.#take(service, name, raw, 'plan')
    }
  }

  environment(env: Readonly<Record<string, string | undefined>>): void {
    const byVariable = new Map([...this.#declared].map(([name, declared]) => [envNameOf(name, declared), name]))
    const prefixes = [...this.#services].map((service) => `${envName(service, '').replace(/_+$/, '')}_`)
    for (const [variable, raw] of Object.entries(env)) {
      if (raw === undefined) continue
      const name = byVariable.get(variable)
      if (name) {
        const [service, own] = split(name)
        this.#take(service, own, raw, `environment variable ${variable}`)
      } else if (prefixes.some((prefix) => variable.startsWith(prefix))) {
        this.#unknown(variable, [...byVariable.keys()], 'environment', 'setting')
      }
    }
  }

  flag(flag: string): void {
    const equals = flag.indexOf('=')
    const dot = flag.indexOf('.')
    if (equals < 0 || dot < 0 || dot > equals) {
      this.#problems.push(`--set ${flag}: write --set service.name=value`)
      return
    }
    this.#take(
      flag.slice(0, dot),
      flag.slice(dot + 1, equals),
      flag.slice(equals + 1),
      `--set ${flag.slice(0, equals)}`,
    )
  }

  settled(): Settings {
    for (const [name, declared] of this.#declared) {
      if (!declared.required || this.#found.has(name) || this.#failed.has(name)) continue
      const variable = envNameOf(name, declared)
      this.#problems.push(`${name} has no value and needs one: set it in cloudos.yaml, as ${variable} or with --set`)
    }
    if (this.#problems.length) throw new SettingsError(this.#problems)
    return new Settings(this.#groups, this.#found)
  }

  #take(service: string, own: string, raw: unknown, source: string): void {
    const name = `${service}.${own}`
    const declared = this.#declared.get(name)
    if (!declared) {
      this.#unknown(name, [...this.#declared.keys()], source, 'setting')
      return
    }
    // `name:` with nothing behind it means "as if it were not written".
    if (raw === null) return
    try {
      this.#found.set(name, { value: readValue(declared, raw), source })
    } catch (error) {
      this.#failed.add(name)
      this.#problems.push(`${source}: ${name} should be ${article(declared.type)}: ${(error as Error).message}`)
    }
  }

  #unknown(name: string, known: readonly string[], source: string, what: string): void {
    const hint = nearest(name, known)
    this.#problems.push(`${source}: there is no ${what} "${name}"${hint ? `; did you mean "${hint}"?` : ''}`)
  }
}

function article(type: Setting['type']): string {
  if (type === 'oneOf') return 'one of a list'
  return type === 'integer' ? 'an integer' : `a ${type}`
}

function envNameOf(name: string, declared: Setting): string {
  const [service, own] = split(name)
  return envName(service, own, declared)
}

function split(name: string): [service: string, own: string] {
  const dot = name.indexOf('.')
  return [name.slice(0, dot), name.slice(dot + 1)]
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
