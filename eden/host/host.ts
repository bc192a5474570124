// The machines that run a service's host role. Beside the controller or across the network, they are asked alike.
import type { Duplex, Readable } from 'node:stream'

/** What a service runs beside the disks, bridges and hypervisors: named operations on plain JSON values. */
export interface HostRole {
  service: string
  /** What a controller may ask. Every operation can be repeated. */
  operations: Record<string, (input: never, signal: AbortSignal) => Promise<unknown>>
  /** Operations that answer with bytes. */
  streams?: Record<string, (input: never) => Promise<Readable>>
  /** Operations that answer with a connection, such as a console. */
  connections?: Record<string, (input: never) => Promise<Duplex>>
  /** Opens the driver. `tell` carries news to the service, whose answer comes back. */
  start(tell: Tell): Promise<void>
  /** Lets go without disturbing what runs. */
  stop(): Promise<void>
}

export type Tell = <T = unknown>(event: string, payload: unknown) => Promise<T>

/** A host as the controller sees it. Calls throw Problems; 503 where the host cannot be reached. */
export interface Host {
  readonly name: string
  ask<T = unknown>(operation: string, input: unknown, options?: { signal?: AbortSignal; withinMs?: number }): Promise<T>
  stream(operation: string, input: unknown): Promise<Readable>
  connect(operation: string, input: unknown): Promise<Duplex>
  /** Does it answer? */
  readonly isUp: boolean
  /** Since when a host that did answer does so no more, in milliseconds since 1970. */
  readonly awaySince?: number | undefined
}

/** News from a host: which one, and what it says. */
export type HostNews = (host: string, payload: never) => Promise<unknown>

/** The hosts of one service. */
export interface HostDirectory {
  names(): string[]
  /** @throws 503 for a name that is not there. */
  get(name: string): Host
  /** Answers a kind of news. */
  on(event: string, news: HostNews): void
  /** Called when a host comes up (again): what it missed must be sent to it. */
  onUp(listener: (host: string) => void): void
}
