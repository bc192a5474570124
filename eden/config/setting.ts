// A service declares its settings here: name, type, default, meaning. Files, environment and documentation follow.

import type { Secret } from './secret.ts'

type Described = {
  /** One sentence: what it does. */
  readonly says: string
  /** What a number counts; durations and sizes carry their own. */
  readonly unit?: string
  /** Name of the environment variable, where it is not `CLOUDOS_<SERVICE>_<NAME>`. */
  readonly env?: string
  /** Without a default and without a value, loading fails; otherwise a setting without default is undefined. */
  readonly required?: boolean
}

type Text = Described & { readonly type: 'text' | 'path' | 'url'; readonly default?: string }
type Hidden = Described & { readonly type: 'secret'; readonly default?: string }
type Whole = Described & {
  readonly type: 'integer' | 'port'
  readonly default?: number
  readonly min?: number
  readonly max?: number
}
type Flag = Described & { readonly type: 'flag'; readonly default?: boolean }
type Measured = Described & {
  /** Durations become milliseconds, sizes become bytes; default and bounds are written with a unit. */
  readonly type: 'duration' | 'size'
  readonly default?: string
  readonly min?: string
  readonly max?: string
}
type List = Described & { readonly type: 'list'; readonly default?: readonly string[] }
type OneOf = Described & { readonly type: 'oneOf'; readonly values: readonly string[]; readonly default?: string }

export type Setting = Text | Hidden | Whole | Flag | Measured | List | OneOf

type Plain<S extends Setting> = S extends { readonly type: 'oneOf'; readonly values: readonly (infer V)[] }
  ? V
  : S extends Hidden
    ? Secret
    : S extends Whole | Measured
      ? number
      : S extends Flag
        ? boolean
        : S extends List
          ? readonly string[]
          : string

/** What code receives for a setting: undefined is possible only without default and `required`. */
export type SettingValue<S extends Setting> = S extends { readonly default: NonNullable<unknown> }
  ? Plain<S>
  : S extends { readonly required: true }
    ? Plain<S>
    : Plain<S> | undefined

export type SettingGroup<Table extends Readonly<Record<string, Setting>> = Readonly<Record<string, Setting>>> = {
  readonly service: string
  readonly settings: Table
}

/** The typed values of a group: `ValuesOf<typeof computeSettings>`. */
export type ValuesOf<Group> =
  Group extends SettingGroup<infer Table> ? { readonly [Name in keyof Table]: SettingValue<Table[Name]> } : never

/** Declares one setting; its name is its key in the group. */
export function setting<const S extends Setting>(declared: S): S {
  return declared
}

/** Declares the settings of one service, by name: `settings('compute', { quotaCores: setting({ … }) })`. */
export function settings<const Table extends Readonly<Record<string, Setting>>>(
  service: string,
  table: Table,
): SettingGroup<Table> {
  return { service, settings: table }
}

/** The environment variable of a setting: `CLOUDOS_COMPUTE_QUOTA_CORES` unless it declares its own. */
export function envName(service: string, name: string, declared?: Setting): string {
  if (declared?.env) return declared.env
  const words = `${service}_${name}`.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[^A-Za-z0-9]+/g, '_')
  return `CLOUDOS_${words.toUpperCase()}`
}
