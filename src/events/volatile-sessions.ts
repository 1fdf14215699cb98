/**
 * What visitors do before they log in, as long as their session lasts: in the memory of this process, and nowhere else. A
 * session ends when it was idle for half an hour, when too many others are more recent, or with the process. Whoever reaches
 * another process is a stranger there.
 */
import type { World } from '../world.ts'
import type { IncomingEvent, IngestRequest } from './event.ts'

export interface SessionLimits {
  readonly sessions: number
  /** Of one session; the oldest go first. */
  readonly events: number
  /** Of all events together, about; the session that was idle for the longest goes first. */
  readonly bytes: number
  readonly idleMs: number
}

export const sessionLimits: SessionLimits = {
  sessions: 50_000,
  events: 200,
  bytes: 256 * 1024 * 1024,
  idleMs: 30 * 60_000,
}

/** How the request was believed with which an event came. */
export type CameWith = Pick<IngestRequest, 'source' | 'trust' | 'gpc'>

export interface PassingEvent {
  readonly event: IncomingEvent
  readonly cameWith: CameWith
}

export interface VisitorSession {
  /** In order of arrival. */
  readonly events: readonly PassingEvent[]
  /** When its last event arrived. */
  readonly last: number
}

interface Held extends VisitorSession {
  readonly events: PassingEvent[]
  last: number
  bytes: number
}

export class VolatileSessions {
  readonly #world: Pick<World, 'now'>
  readonly #limits: SessionLimits
  /** By id of the visitor; a Map keeps insertion order, so the first was idle for the longest. */
  readonly #held = new Map<string, Held>()
  #bytes = 0

  constructor(world: Pick<World, 'now'>, limits: Partial<SessionLimits> = {}) {
    this.#world = world
    this.#limits = { ...sessionLimits, ...limits }
  }

  get size(): number {
    return this.#held.size
  }

  /** The session of a visitor that is under way; null = none is. */
  of(visitor: string): VisitorSession | null {
    if (this.#held.size === 0) return null
    this.sweep()
    return this.#held.get(visitor) ?? null
  }

  /** Takes an event into the visitor's session; one that it holds already changes nothing. */
  add(visitor: string, event: IncomingEvent, cameWith: CameWith): void {
    this.sweep()
    const held = this.#held.get(visitor) ?? { events: [], last: 0, bytes: sessionBytes }
    if (!this.#held.has(visitor)) this.#bytes += held.bytes
    this.#held.delete(visitor)
    this.#held.set(visitor, held)
    held.last = this.#world.now()
    const { source } = cameWith
    if (held.events.some((one) => one.event.messageId === event.messageId && one.cameWith.source === source)) return
    held.events.push({ event, cameWith })
    this.#weigh(held, bytesOf(event))
    while (held.events.length > this.#limits.events) {
      const oldest = held.events.shift() as PassingEvent
      this.#weigh(held, -bytesOf(oldest.event))
    }
    while (this.#held.size > this.#limits.sessions || (this.#bytes > this.#limits.bytes && this.#held.size > 1))
      this.forget(this.#held.keys().next().value as string)
  }

  /** Ends a session. */
  forget(visitor: string): void {
    const held = this.#held.get(visitor)
    if (held === undefined) return
    this.#held.delete(visitor)
    this.#bytes -= held.bytes
  }

  /** Ends those that were idle for too long. */
  sweep(): void {
    const before = this.#world.now() - this.#limits.idleMs
    for (const [visitor, { last }] of this.#held) {
      if (last > before) return
      this.forget(visitor)
    }
  }

  clear(): void {
    this.#held.clear()
    this.#bytes = 0
  }

  #weigh(held: Held, bytes: number): void {
    held.bytes += bytes
    this.#bytes += bytes
  }
}

/** What a session and an event take beside the text, about. */
const sessionBytes = 300
const eventBytes = 700

function bytesOf({ body }: IncomingEvent): number {
  return eventBytes + body.length
}
