// Asks a simulated host what it holds, beside its controller; and reads the rows beside the cloud.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { Readable } from 'node:stream'
import pg from 'pg'
import type { CloudUnderFire } from './cloud-under-fire.ts'
import type { Observed, Rows, SqlRow } from './rows.ts'

/** The rows as they are at this moment; a table is read once. */
export async function withRows<T>(cloud: CloudUnderFire, work: (rows: Rows) => Promise<T>): Promise<T> {
  const seen = new Map<string, Promise<SqlRow[]>>()
  const remembered = (read: Rows): Rows => {
    return (table) => {
      if (!seen.has(table)) seen.set(table, read(table))
      return seen.get(table)!
    }
  }
  if (cloud.settings.database) {
    const client = new pg.Client({ connectionString: cloud.settings.database })
    await client.connect()
    try {
      return await work(remembered(async (table) => (await client.query(`select * from "${table}"`)).rows as SqlRow[]))
    } finally {
      await client.end()
    }
  }
  const database = new DatabaseSync(join(cloud.state, 'cloud.db'), { readOnly: true })
  try {
    return await work(remembered(async (table) => database.prepare(`select * from "${table}"`).all() as SqlRow[]))
  } finally {
    database.close()
  }
}

export async function observeAgent(cloud: CloudUnderFire): Promise<Observed> {
  const key = Buffer.from(readFileSync(join(cloud.folder, 'host.key'), 'utf8'), 'base64').toString('base64url')
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const hangUp = new AbortController()
  const events = await fetch(`${cloud.agentUrl}/host/1/events`, { headers, signal: hangUp.signal })
  const waiting = new Map<string, (result: unknown) => void>()
  const heard = (async () => {
    for await (const line of createInterface({ input: Readable.fromWeb(events.body as never) })) {
      const news = JSON.parse(line) as { kind: string; id?: string; result?: unknown }
      if (news.kind === 'done' && news.id) waiting.get(news.id)?.(news.result)
    }
  })().catch(() => {})
  const observe = async (service: string) => {
    const id = randomUUID()
    const result = new Promise<unknown>((resolve) => waiting.set(id, resolve))
    const body = JSON.stringify({ id, input: {} })
    const reply = await fetch(`${cloud.agentUrl}/host/1/${service}/observe`, { method: 'POST', headers, body })
    if (!reply.ok) throw new Error(`the host does not say what it has: ${reply.status}`)
    return result
  }
  try {
    const compute = (await observe('compute')) as { guests: Observed['guests'] }
    const networks = (await observe('network')) as Observed['networks']
    const volumes = (await observe('volume')) as Observed['volumes']
    return { guests: compute.guests, networks, volumes }
  } finally {
    hangUp.abort()
    await heard
  }
}
