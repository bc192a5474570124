// What the benches share: processor time and memory of a process, a steady load, medians.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createInterface } from 'node:readline'

/** Processor milliseconds (user and system) that a process has used. Clock ticks are 10 ms on Linux. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** Resident memory in MiB, and the share that is not shared with others. */
export function memoryMiB(pid: number): { rss: number; pss: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const read = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0) / 1024
  return { rss: read('Rss'), pss: read('Pss') }
}

export const median = (values: number[]) => quantile(values, 0.5)

export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export interface Load {
  requests: number
  perSecond: number
  medianMs: number
  p99Ms: number
  /** Of the server's process. */
  cpuMsPerRequest: number
  bytes: number
}

/** GETs a URL over `connections` kept-alive connections for `seconds`. */
export async function load(
  url: string,
  headers: Record<string, string>,
  { seconds, connections, pid }: { seconds: number; connections: number; pid: number },
): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const times: number[] = []
  let bytes = 0
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const from = performance.now()
      const asked = request(url, { agent, headers }, (response) => {
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
        })
        response.on('end', () => {
          if (response.statusCode !== 200) return reject(new Error(`${url} answered ${response.statusCode}`))
          times.push(performance.now() - from)
          bytes = size
          resolve()
        })
      })
      asked.on('error', reject)
      asked.end()
    })
  for (let warm = 0; warm < 300; warm += 1) await one()
  times.length = 0
  const cpu = cpuMs(pid)
  const from = performance.now()
  const end = from + seconds * 1000
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < end) await one()
    }),
  )
  const elapsed = (performance.now() - from) / 1000
  agent.destroy()
  return {
    requests: times.length,
    perSecond: times.length / elapsed,
    medianMs: median(times),
    p99Ms: quantile(times, 0.99),
    cpuMsPerRequest: (cpuMs(pid) - cpu) / times.length,
    bytes,
  }
}

/** Starts a program of ours and reads the first line that it prints as JSON. */
export async function startProgram<T>(
  file: string,
  parameters: string[],
): Promise<{ child: ChildProcess; pid: number; said: T }> {
  const child = spawn(process.execPath, [...process.execArgv, file, ...parameters], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout! })
  const [line] = (await once(lines, 'line')) as [string]
  return { child, pid: child.pid!, said: JSON.parse(line) as T }
}

export async function stopProgram(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

export const show = (title: string, rows: Record<string, string | number>[]) => {
  console.log(`\n${title}`)
  console.table(
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          typeof value === 'number' ? Number(value.toPrecision(3)) : value,
        ]),
      ),
    ),
  )
}
