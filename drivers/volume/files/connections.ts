// Remembers across crashes and reboots which volume is served to which attachment.
import { join } from 'node:path'
import { readIfThere, writeDurably } from '../../../eden/files/durable.ts'

export interface Connection {
  volumeId: string
  attachmentId: string
  readOnly: boolean
}

export class Connections {
  readonly #path: string
  #all = new Map<string, Connection>()

  constructor(dir: string) {
    this.#path = join(dir, 'connections.json')
  }

  async load(): Promise<void> {
    const text = await readIfThere(this.#path)
    const saved = text === undefined ? [] : (JSON.parse(text) as { connections: Connection[] }).connections
    this.#all = new Map(saved.map((connection) => [connection.attachmentId, connection]))
  }

  get(attachmentId: string): Connection | undefined {
    return this.#all.get(attachmentId)
  }

  all(): Connection[] {
    return [...this.#all.values()]
  }

  of(volumeId: string): Connection[] {
    return this.all().filter((connection) => connection.volumeId === volumeId)
  }

  /** On disk when it returns. The caller makes sure that changes come one after the other. */
  async put(connection: Connection): Promise<void> {
    await this.#save(new Map(this.#all).set(connection.attachmentId, connection))
  }

  async remove(attachmentId: string): Promise<void> {
    if (!this.#all.has(attachmentId)) return
    const rest = new Map(this.#all)
    rest.delete(attachmentId)
    await this.#save(rest)
  }

  async #save(next: Map<string, Connection>): Promise<void> {
    await writeDurably(this.#path, `${JSON.stringify({ connections: [...next.values()] }, null, 1)}\n`)
    this.#all = next
  }
}
