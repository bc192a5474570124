// The text that Prometheus reads, and that clouds in one process do not mix.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metrics } from './metrics.ts'

test('requests, steps and queries appear with their labels and cumulated buckets', async (t) => {
  const metrics = new Metrics({ cloud: 'test', withProcess: false })
  t.after(() => metrics.close())
  const route = metrics.route('compute', '/servers/:id', 'GET')
  route.observe(200, 0.004)
  route.observe(204, 0.03)
  route.observe(404, 20)
  metrics.jobStep('volume.create', 'place').observe('done', 0.2)
  metrics.query('volumes.list').observe(0.00002)
  const lines = (await metrics.scrape()).split('\n')
  const labels = 'service="compute",route="/servers/:id",method="GET"'
  for (const line of [
    '# TYPE cloudos_http_request_seconds histogram',
    `cloudos_http_request_seconds_bucket{le="0.0025",${labels},status="2xx",cloud="test"} 0`,
    `cloudos_http_request_seconds_bucket{le="0.005",${labels},status="2xx",cloud="test"} 1`,
    `cloudos_http_request_seconds_bucket{le="0.05",${labels},status="2xx",cloud="test"} 2`,
    `cloudos_http_request_seconds_bucket{le="+Inf",${labels},status="2xx",cloud="test"} 2`,
    `cloudos_http_request_seconds_sum{${labels},status="2xx",cloud="test"} 0.034`,
    `cloudos_http_request_seconds_count{${labels},status="2xx",cloud="test"} 2`,
    `cloudos_http_request_seconds_bucket{le="10",${labels},status="4xx",cloud="test"} 0`,
    `cloudos_http_request_seconds_count{${labels},status="4xx",cloud="test"} 1`,
    'cloudos_job_step_seconds_count{job="volume.create",step="place",outcome="done",cloud="test"} 1',
    'cloudos_query_seconds_bucket{le="0.000025",query="volumes.list",cloud="test"} 1',
  ]) {
    assert.ok(lines.includes(line), `${line}\nis not in\n${lines.join('\n')}`)
  }
})

test('the same labels give the same series', () => {
  const metrics = new Metrics({ withProcess: false })
  assert.equal(metrics.route('a', '/x', 'GET'), metrics.route('a', '/x', 'GET'))
  assert.notEqual(metrics.route('a', '/x', 'GET'), metrics.route('a', '/x', 'PUT'))
  assert.equal(metrics.query('q'), metrics.query('q'))
  assert.equal(metrics.jobStep('j', 's'), metrics.jobStep('j', 's'))
})

test('two clouds count apart, and a service adds its own gauges', async (t) => {
  const [one, two] = [new Metrics({ withProcess: false }), new Metrics({ withProcess: false })]
  t.after(() => [one, two].map((metrics) => metrics.close()))
  one.query('q').observe(1)
  one.gauge({ name: 'servers', help: 'Servers' }).set(3)
  two.gauge({ name: 'servers', help: 'Servers' }).set(4)
  assert.match(await one.scrape(), /query="q"[\s\S]*servers 3/)
  const other = await two.scrape()
  assert.match(other, /servers 4/)
  assert.doesNotMatch(other, /query="q"/)
})

test('the process is measured', async (t) => {
  const metrics = new Metrics()
  t.after(() => metrics.close())
  const text = await metrics.scrape()
  for (const name of [
    'process_cpu_seconds_total{mode="user"}',
    'process_resident_memory_bytes',
    'nodejs_heap_size_used_bytes',
    'nodejs_eventloop_utilization',
    'nodejs_eventloop_lag_seconds{quantile="0.99"}',
  ]) {
    const line = text.split('\n').find((each) => each.startsWith(`${name} `))
    assert.ok(line && Number.isFinite(Number(line.split(' ')[1])), `${name}: ${line}`)
  }
})
