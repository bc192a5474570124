// The messages between a controller and an agent on another machine: one JSON line each, over one long reply.
export type AgentLine =
  | { kind: 'ready' }
  | { kind: 'beat' }
  /** News for the controller; it answers by POST to `/host/1/answers/<id>`. */
  | { kind: 'news'; id: string; service: string; event: string; payload: unknown }
  /** The slow answer to an operation that was asked with this id. */
  | { kind: 'done'; id: string; result?: unknown }
  | { kind: 'failed'; id: string; status: number; problem: string; message: string; reason?: Record<string, unknown> }

export const beatEveryMs = 5000
/** An agent that is silent for so long counts as down. */
export const silentAfterMs = 15_000
