// Runs the kernel's tools, many lines to one process, and says which line failed when one does.
import { spawn } from 'node:child_process'
import { inNamespace } from './namespaces.ts'

export class CommandFailed extends Error {
  readonly tool: string
  /** The line of the input at fault, where the tool named one. */
  readonly line: string | undefined

  constructor(tool: string, line: string | undefined, message: string) {
    super(message)
    this.name = 'CommandFailed'
    this.tool = tool
    this.line = line
  }
}

/** Where a command runs: the name of a network namespace; null is the host's own. */
export type Place = string | null

const longestOutputBytes = 256 * 1024 * 1024

/** Runs a tool to its end and returns what it printed. Throws CommandFailed when it reports failure. */
export async function run(tool: string, args: string[], input = '', place: Place = null): Promise<string> {
  const start = () => spawn(tool, args, { stdio: ['pipe', 'pipe', 'pipe'], env: toolEnvironment })
  const child = place === null ? start() : inNamespace(place, start)
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const output: Buffer[] = []
  const errors: Buffer[] = []
  let bytes = 0
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > longestOutputBytes) child.kill('SIGKILL')
    else output.push(chunk)
  })
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
  child.on('error', (error) => reject(new CommandFailed(tool, undefined, `Cannot run ${tool}: ${error.message}`)))
  // A tool that stops at a bad line closes its input early; its own message says more than our EPIPE.
  child.stdin.on('error', () => {})
  child.on('close', (code, signal) => {
    if (code === 0) return resolve(Buffer.concat(output).toString())
    const text = Buffer.concat(errors).toString().trim()
    const line = failingLine(text, input)
    const where = place === null ? '' : ` in namespace ${place}`
    const what = line === undefined ? '' : ` at "${line}"`
    const command = [tool, ...args].join(' ')
    reject(
      new CommandFailed(tool, line, `${command}${where} failed${what}: ${text || (signal ?? `exit code ${code}`)}`),
    )
  })
  child.stdin.end(input)
  return promise
}

/** `ip -batch`: lines without the word `ip`. */
export async function ipBatch(lines: string[], place: Place = null): Promise<void> {
  if (lines.length > 0) await run('ip', ['-batch', '-'], `${lines.join('\n')}\n`, place)
}

/** `bridge -batch`: lines without the word `bridge`. */
export async function bridgeBatch(lines: string[]): Promise<void> {
  if (lines.length > 0) await run('bridge', ['-batch', '-'], `${lines.join('\n')}\n`)
}

/** One atomic nftables transaction. */
export async function nftTransaction(script: string, place: Place = null): Promise<void> {
  if (script !== '') await run('nft', ['-f', '-'], script, place)
}

/** Runs an `-j` command; no output at all counts as an empty list. */
export async function readJson<T>(tool: string, args: string[], place: Place = null): Promise<T[]> {
  const text = await run(tool, args, '', place)
  return text.trim() === '' ? [] : (JSON.parse(text) as T[])
}

/** Both `Command failed -:3` of iproute2 and `-:3:1-5: Error` of nftables count from 1. */
export function failingLine(message: string, input: string): string | undefined {
  const match = /(?:Command failed -|^-|^\/dev\/stdin):(\d+)/m.exec(message)
  return match ? input.split('\n')[Number(match[1]) - 1]?.trim() : undefined
}

/** Where tools are looked for: many users have no sbin in their path. */
export const toolPath = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`
const toolEnvironment = { PATH: toolPath, LC_ALL: 'C' }
