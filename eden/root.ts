// The folder of the project: where files that are no code are found, from sources and from the packed program alike.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

function find(from: string): string {
  const file = join(from, 'package.json')
  if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === 'cloudos') return from
  const parent = dirname(from)
  if (parent === from) throw new Error('the folder of Cloud OS was not found: its package.json is missing')
  return find(parent)
}

export const projectRoot = find(dirname(fileURLToPath(import.meta.url)))
