// Every service of the cloud, in the order of the ladder: who is asked comes before who asks.
import { existsSync } from 'node:fs'
import { edenService } from '../eden/api/service.ts'
import type { AnyService } from '../eden/service.ts'

const found: AnyService[] = [edenService]
for (const name of ['identity', 'image', 'network', 'volume', 'compute']) {
  const url = new URL(`../kernel/${name}/service.ts`, import.meta.url)
  if (!existsSync(url)) continue
  const module = (await import(url.href)) as Record<string, AnyService>
  found.push(module[`${name}Service`]!)
}

export const services: AnyService[] = found
