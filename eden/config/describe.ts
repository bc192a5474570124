// The reference page of all settings, printed from their declarations.

import { envName, type Setting, type SettingGroup } from './setting.ts'
import { readValue, showValue } from './value.ts'

/** Markdown: for each service a table of name, type, default, unit, meaning and environment variable. */
export function describeSettings(groups: readonly SettingGroup[]): string {
  return groups.map(describeGroup).join('\n')
}

function describeGroup({ service, settings }: SettingGroup): string {
  const rows = Object.entries(settings).map(([name, declared]) => {
    const cells = [
      `\`${service}.${name}\``,
      typeOf(declared),
      defaultOf(declared),
      unitOf(declared),
      declared.says,
      `\`${envName(service, name, declared)}\``,
    ]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  })
  const head = ['| Setting | Type | Default | Unit | Meaning | Environment |', '|---|---|---|---|---|---|']
  return [`## ${service}`, '', ...head, ...rows, ''].join('\n')
}

function typeOf(declared: Setting): string {
  if (declared.type === 'oneOf') return declared.values.map((value) => `\`${value}\``).join(' or ')
  if (!('min' in declared) && !('max' in declared)) return declared.type
  const { min, max } = declared as { min?: string | number; max?: string | number }
  if (min !== undefined && max !== undefined) return `${declared.type}, ${min} to ${max}`
  return min === undefined ? `${declared.type}, at most ${max}` : `${declared.type}, at least ${min}`
}

function defaultOf(declared: Setting): string {
  if (declared.default === undefined) return declared.required ? 'required' : '–'
  const text = showValue(declared, readValue(declared, declared.default))
  return text === '' ? 'empty' : `\`${text}\``
}

function unitOf(declared: Setting): string {
  return declared.unit ?? { duration: 'ms, s, m, h, d', size: 'B, KiB, MiB, GiB, TiB' }[declared.type as string] ?? '–'
}
