// How long one observation and one untraced span take. Run: node bench/metrics.ts

import { Metrics } from '../eden/observe/metrics.ts'
import { Tracer } from '../eden/observe/trace.ts'

const route = new Metrics({ withProcess: false }).route('compute', '/servers', 'GET')
const tracer = new Tracer()
const rounds = 5_000_000

function best(what: string, work: () => void): void {
  const runs = [1, 2, 3, 4].map(() => {
    const started = performance.now()
    for (let i = 0; i < rounds; i++) work()
    return ((performance.now() - started) * 1e6) / rounds
  })
  console.log(`${what.padEnd(32)} ${Math.min(...runs).toFixed(0)} ns`)
}

best('observe a request', () => route.observe(200, 0.003))
best('start and end a span, tracing off', () => tracer.start('compute', 'GET /servers').end())
