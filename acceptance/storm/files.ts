// Files below the cloud's folders, held against the rows.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { CloudUnderFire } from './cloud-under-fire.ts'
import type { Rows } from './rows.ts'

export const filesBelow = (dir: string): string[] =>
  existsSync(dir)
    ? readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => entry.name)
    : []

export const namesIn = (dir: string): string[] => (existsSync(dir) ? readdirSync(dir) : [])

/** In words, which are there and should not be, or the other way round. */
export function compared(what: string, wanted: Iterable<unknown>, found: Iterable<string>): string[] {
  const [should, does] = [new Set([...wanted].map(String)), new Set(found)]
  return [
    ...[...does].filter((one) => !should.has(one)).map((one) => `${what} ${one} is there, which no row wants`),
    ...[...should].filter((one) => !does.has(one)).map((one) => `${what} ${one} is missing`),
  ]
}

/** The store holds the bytes of active images, and no more. */
export async function imageFiles(cloud: CloudUnderFire, rows: Rows): Promise<string[]> {
  const keys = (await rows('image_images')).flatMap(({ store_key }) => store_key ?? [])
  return compared('image file', keys, filesBelow(join(cloud.state, 'images')))
}
