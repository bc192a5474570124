// The trace header always travels; spans reach a collector when there is one, and memory stays bounded when it fails.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { OtlpExporter, type requestBody } from './otlp.ts'
import { Tracer } from './trace.ts'
import { formatTraceparent, newSpanId, newTraceId, parseTraceparent } from './traceparent.ts'

type Body = ReturnType<typeof requestBody>
type Received = { url: string | undefined; headers: Record<string, unknown>; body: Body }

async function collector(t: TestContext, answer: () => number = () => 200) {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Body
    received.push({ url: request.url, headers: request.headers, body })
    response.writeHead(answer(), { 'content-type': 'application/json' }).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

const incoming = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

test('the header is read as the standard says', () => {
  const context = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', isSampled: true }
  assert.deepEqual(parseTraceparent(incoming), context)
  assert.equal(formatTraceparent(context), incoming)
  assert.equal(parseTraceparent(incoming.replace(/01$/, '02'))?.isSampled, false)
  assert.deepEqual(parseTraceparent(`${incoming.replace(/^00/, '01')}-later`), context, 'a later version may be longer')
  for (const bad of [
    undefined,
    '',
    'x',
    incoming.toUpperCase(),
    incoming.replace(/^00/, 'ff'),
    `${incoming}-more`,
    incoming.replace(/4bf9\w+/, '0'.repeat(32)),
    incoming.replace(/00f0\w+/, '0'.repeat(16)),
    incoming.slice(0, -1),
  ]) {
    assert.equal(parseTraceparent(bad), undefined, String(bad))
  }
  assert.match(newTraceId(), /^[0-9a-f]{32}$/)
  assert.match(newSpanId(), /^[0-9a-f]{16}$/)
  assert.equal(new Set(Array.from({ length: 1000 }, () => newSpanId())).size, 1000)
})

test('without an exporter the caller’s context passes through, or one is made', () => {
  const tracer = new Tracer()
  assert.equal(tracer.isOn, false)
  const span = tracer.start('compute', 'GET /servers', incoming)
  assert.equal(span.traceparent, incoming)
  assert.equal(span.child('query'), span)
  assert.equal(span.isRecording, false)
  const own = tracer.start('compute', 'GET /servers')
  assert.ok(parseTraceparent(own.traceparent))
  assert.equal(own.traceparent, own.traceparent)
  assert.ok(parseTraceparent(tracer.start('compute', 'x', 'nonsense').traceparent))
})

test('spans arrive at the collector in the shape of OTLP', async (t) => {
  const { endpoint, received } = await collector(t)
  const exporter = new OtlpExporter({ endpoint: `${endpoint}/`, headers: 'api-key=a%20b, x=1' })
  let nowNs = 1_700_000_000_000_000_000n
  const tracer = new Tracer({ exporter, nowNs: () => nowNs++ })
  const root = tracer.start('compute', 'POST /servers', incoming)
  root.set('http.response.status_code', 202)
  root.set('url', 'http://u:hush@h/')
  root.set('ratio', 0.5)
  root.set('dry', false)
  const call = root.child('ports', 'client')
  assert.equal(parseTraceparent(call.traceparent)?.traceId, root.traceId)
  call.end(new Error('refused'))
  call.end()
  root.end()
  tracer.start('network', 'job', undefined, 'consumer').end()
  await exporter.close()
  assert.deepEqual(exporter.counts, { sent: 3, dropped: 0, queued: 0 })
  const [request] = received as [Received]
  assert.equal(request.url, '/v1/traces')
  assert.equal(request.headers['api-key'], 'a b')
  assert.equal(request.headers['content-type'], 'application/json')
  const [compute, network] = request.body.resourceSpans
  assert.deepEqual(compute!.resource.attributes[0], { key: 'service.name', value: { stringValue: 'compute' } })
  assert.equal(network!.scopeSpans[0]!.spans[0]!.kind, 5)
  const [child, parent] = compute!.scopeSpans[0]!.spans
  assert.equal(child!.parentSpanId, parent!.spanId)
  assert.deepEqual(child!.status, { code: 2, message: 'refused' })
  assert.equal(parent!.parentSpanId, '00f067aa0ba902b7')
  assert.equal(parent!.traceId, '4bf92f3577b34da6a3ce929d0e0e4736')
  assert.equal(parent!.startTimeUnixNano, '1700000000000000000')
  assert.equal(parent!.kind, 2)
  assert.deepEqual(parent!.attributes, [
    { key: 'http.response.status_code', value: { intValue: '202' } },
    { key: 'url', value: { stringValue: 'http://u:••••••@h/' } },
    { key: 'ratio', value: { doubleValue: 0.5 } },
    { key: 'dry', value: { boolValue: false } },
  ])
})

test('a caller that does not sample is respected', async (t) => {
  const { endpoint, received } = await collector(t)
  const exporter = new OtlpExporter({ endpoint })
  const unsampled = incoming.replace(/01$/, '00')
  const span = new Tracer({ exporter }).start('compute', 'x', unsampled)
  span.child('y').end()
  span.end()
  await exporter.close()
  assert.equal(span.traceparent, unsampled)
  assert.equal(received.length, 0)
})

test('a full batch goes at once; more than the queue holds is dropped and counted', async (t) => {
  const { endpoint, received } = await collector(t)
  const exporter = new OtlpExporter({ endpoint, batchSize: 2, mostQueued: 5, lingerMs: 3_600_000 })
  const tracer = new Tracer({ exporter })
  for (let i = 0; i < 8; i++) tracer.start('s', `span ${i}`).end()
  await exporter.flush()
  assert.deepEqual(exporter.counts, { sent: 5, dropped: 3, queued: 0 })
  assert.deepEqual(
    received.map(({ body }) => body.resourceSpans[0]!.scopeSpans[0]!.spans.length),
    [2, 2, 1],
  )
  await exporter.close()
  tracer.start('s', 'late').end()
  assert.equal(exporter.counts.dropped, 4)
})

test('spans outlive an outage of the collector; what it refuses for good is lost', async (t) => {
  const answers = [503, 503, 200, 400]
  const { endpoint } = await collector(t, () => answers.shift()!)
  const problems: string[] = []
  const exporter = new OtlpExporter({
    endpoint,
    lingerMs: 3_600_000,
    onProblem: (problem) => problems.push(problem.message),
  })
  const tracer = new Tracer({ exporter })
  tracer.start('s', 'a').end()
  await exporter.flush()
  await exporter.flush()
  assert.deepEqual(exporter.counts, { sent: 0, dropped: 0, queued: 1 })
  await exporter.flush()
  assert.deepEqual(exporter.counts, { sent: 1, dropped: 0, queued: 0 })
  tracer.start('s', 'b').end()
  await exporter.close()
  assert.deepEqual(exporter.counts, { sent: 1, dropped: 1, queued: 0 })
  assert.equal(problems.length, 2, 'an outage is reported once')
  assert.match(problems[0]!, /answered 503; they are kept/)
  assert.match(problems[1]!, /answered 400; they are lost/)
})

test('a collector that is not there does no harm', async () => {
  const problems: string[] = []
  const exporter = new OtlpExporter({
    endpoint: 'http://127.0.0.1:1',
    onProblem: (problem) => problems.push(problem.message),
  })
  new Tracer({ exporter }).start('s', 'a').end()
  await exporter.close()
  assert.deepEqual(exporter.counts, { sent: 0, dropped: 1, queued: 0 })
  assert.match(problems[0]!, /127\.0\.0\.1:1\/v1\/traces did not take 1 spans/)
})
