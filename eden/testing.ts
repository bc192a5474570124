// A small cloud for service tests: an own database, callers by persona, requests without sockets.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import pino from 'pino'
import { Assembly, type AssemblyOptions } from './assembly.ts'
import type { HostRole } from './host/host.ts'
import { startLocalHost } from './host/local.ts'
import type { Reply } from './http/request.ts'
import type { Credentials } from './policy/credentials.ts'

export const testProject = '11111111111111111111111111111111'
export const otherProject = '22222222222222222222222222222222'

/** Tokens of a test cloud that has no identity service. */
export const testPersonas: Record<string, Credentials> = {
  admin: person('admin', testProject, ['admin', 'manager', 'member', 'reader']),
  manager: person('manager', testProject, ['manager', 'member', 'reader']),
  member: person('member', testProject, ['member', 'reader']),
  reader: person('reader', testProject, ['reader']),
  stranger: person('stranger', otherProject, ['member', 'reader']),
  service: { ...person('service', testProject, ['service', 'admin', 'manager', 'member', 'reader']) },
}

function person(userId: string, projectId: string, roles: string[]): Credentials {
  return { userId, projectId, roles, userDomainId: 'default', projectDomainId: 'default' }
}

export interface TestCloudOptions extends Partial<AssemblyOptions> {
  services: AssemblyOptions['services']
  /** Host roles by service; the host is named `host1`. */
  roles?: HostRole[]
}

export interface TestCloud {
  assembly: Assembly
  /** Asks a service as a persona (a key of `testPersonas`, or any token). `body` is JSON, text, bytes or a stream. */
  ask(
    service: string,
    persona: string,
    method: string,
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply & { json: Record<string, unknown> }>
  /** Waits until every job has ended. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** Set to a PostgreSQL URL, the same tests run there, each cloud in a schema of its own. */
const postgres = process.env.CLOUDOS_TEST_DATABASE

export async function testCloud(options: TestCloudOptions): Promise<TestCloud> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudos-test-'))
  const { database, dropDatabase } = postgres
    ? await ownSchema(postgres)
    : { database: join(folder, 'cloud.db'), dropDatabase: async () => {} }
  const assembly = await Assembly.open({
    database,
    durable: false,
    log: pino({ level: process.env.CLOUDOS_TEST_LOG ?? 'silent' }),
    cloudKey: Buffer.alloc(32, 1),
    authenticator: { credentialsOf: async (token) => testPersonas[token] },
    engine: { alone: true, everyMs: 50 },
    ...options,
  })
  const stops: (() => Promise<void>)[] = []
  for (const role of options.roles ?? [])
    stops.push(await startLocalHost('host1', role, assembly.hosts.get(role.service)!))
  await assembly.start()
  return {
    assembly,
    async ask(service, persona, method, url, body, headers = {}) {
      const isBytes = body instanceof Uint8Array || typeof body === 'string'
      const stream =
        body instanceof Readable ? body : isBytes ? Readable.from([Buffer.from(body as string)]) : undefined
      const reply = await assembly.pipelines.get(service)!.handle({
        method,
        url,
        headers: { 'x-auth-token': persona, ...headers },
        body: stream ? { stream } : body === undefined ? undefined : { json: body },
        origin: 'http://cloud.test',
        remoteAddress: '127.0.0.1',
      })
      return { ...reply, json: jsonOf(reply) }
    },
    settled: () => assembly.jobs.idle(),
    async close() {
      await assembly.stop()
      for (const stop of stops) await stop()
      await assembly.store.close()
      await dropDatabase()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Replies from the cache are text already. */
function jsonOf({ body, headers }: Reply): Record<string, unknown> {
  const isText = body instanceof Uint8Array && headers['content-type'] === 'application/json'
  return (isText ? JSON.parse(Buffer.from(body).toString('utf8')) : (body ?? {})) as Record<string, unknown>
}

async function ownSchema(url: string) {
  const { default: pg } = await import('pg')
  const schema = `t${process.pid}_${Math.random().toString(36).slice(2, 10)}`
  const run = async (sql: string) => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(sql)
    await client.end()
  }
  await run(`create schema ${schema}`)
  const address = new URL(url)
  address.searchParams.set('schema', schema)
  return { database: address.toString(), dropDatabase: () => run(`drop schema ${schema} cascade`) }
}
