// Keeps the hosts of one service together, wherever they run.
import { unavailable } from '../errors.ts'
import type { Host, HostDirectory, HostNews } from './host.ts'

export class Hosts implements HostDirectory {
  readonly #hosts = new Map<string, Host>()
  readonly #news = new Map<string, HostNews>()
  readonly #upListeners: ((host: string) => void)[] = []

  names() {
    return [...this.#hosts.keys()]
  }

  get(name: string): Host {
    const host = this.#hosts.get(name)
    if (!host) throw unavailable(`The host '${name}' is not part of this cloud.`)
    return host
  }

  on(event: string, news: HostNews) {
    this.#news.set(event, news)
  }

  onUp(listener: (host: string) => void) {
    this.#upListeners.push(listener)
  }

  add(host: Host) {
    this.#hosts.set(host.name, host)
  }

  up(name: string) {
    for (const listener of this.#upListeners) listener(name)
  }

  async hear(host: string, event: string, payload: unknown): Promise<unknown> {
    const news = this.#news.get(event)
    if (!news) throw unavailable(`Nobody listens for '${event}'.`)
    return news(host, payload as never)
  }
}
