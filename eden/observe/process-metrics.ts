// What the process itself says: CPU, memory, event loop, open files. One set per registry, stopped with it.

import { readdirSync } from 'node:fs'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { Counter, Gauge, type Registry } from 'prom-client'

const resolutionMs = 10

/** Registers the process metrics; the function returned stops measuring. */
export function watchProcess(registry: Registry): () => void {
  const registers = [registry]
  let cpuBefore = { user: 0, system: 0 }
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time spent, by mode (user, system), in seconds',
    labelNames: ['mode'],
    registers,
    collect() {
      const cpu = process.cpuUsage()
      this.inc({ mode: 'user' }, (cpu.user - cpuBefore.user) / 1e6)
      this.inc({ mode: 'system' }, (cpu.system - cpuBefore.system) / 1e6)
      cpuBefore = cpu
    },
  })
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  gauge('process_start_time_seconds', 'When the process started, in seconds since 1970', () =>
    Math.round(performance.timeOrigin / 1000),
  )
  gauge('process_resident_memory_bytes', 'Memory held in RAM, in bytes', () => process.memoryUsage.rss())
  gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use, in bytes', () => process.memoryUsage().heapUsed)
  gauge('nodejs_external_memory_bytes', 'Memory outside the JavaScript heap, in bytes', () => {
    return process.memoryUsage().external
  })
  gauge(
    'nodejs_active_resources',
    'Things that keep the event loop alive',
    () => process.getActiveResourcesInfo().length,
  )
  if (process.platform === 'linux') {
    gauge('process_open_fds', 'Open files and sockets', () => readdirSync('/proc/self/fd').length)
  }

  const delay = monitorEventLoopDelay({ resolution: resolutionMs })
  delay.enable()
  watchEventLoop(registry, delay)
  return () => delay.disable()
}

function watchEventLoop(registry: Registry, delay: ReturnType<typeof monitorEventLoopDelay>): void {
  const registers = [registry]
  let before = performance.eventLoopUtilization()
  new Gauge({
    name: 'nodejs_eventloop_utilization',
    help: 'Share of the time since the last scrape in which the event loop was busy, 0 to 1',
    registers,
    collect() {
      const now = performance.eventLoopUtilization()
      this.set(performance.eventLoopUtilization(now, before).utilization)
      before = now
    },
  })
  new Gauge({
    name: 'nodejs_eventloop_lag_seconds',
    help: 'How late the event loop came to its timers since the last scrape (mean, 0.5, 0.99, max), in seconds',
    labelNames: ['quantile'],
    registers,
    collect() {
      // The monitor counts whole intervals; what exceeds its resolution is lag. Without a sample the mean is NaN.
      const lag = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1e3) || 0
      this.set({ quantile: 'mean' }, lag(delay.mean))
      this.set({ quantile: '0.5' }, lag(delay.percentile(50)))
      this.set({ quantile: '0.99' }, lag(delay.percentile(99)))
      this.set({ quantile: 'max' }, delay.count === 0 ? 0 : lag(delay.max))
      delay.reset()
    },
  })
}
