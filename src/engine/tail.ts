/** Who watches events as they arrive, and the totals of what arrived. Costs nothing while nobody watches. */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Database } from '../db/database.ts'
import type { Counters, Sender, TailLine } from '../engine-api.ts'
import type { ParsedEvents } from '../events/door.ts'
import type { IncomingEvent, IngestAnswer, IngestRequest } from '../events/event.ts'

export interface Watch {
  readonly totals: Totals & { refused: Record<string, number> }
  subscribe(listener: (line: TailLine) => void): () => void
  note(batch: readonly unknown[], sender: From, parsed: ParsedEvents, answer: IngestAnswer, now: number): void
  /** Events of a session that are stored now, because its visitor logged in. Those that were not are forgotten, not refused. */
  adopted(request: IngestRequest, answer: IngestAnswer): void
  /** Of events that the engine made itself; a null answer = there were none. */
  noteOwn(own: { events: readonly IncomingEvent[]; answer: IngestAnswer | null }, now: number): void
}

type From = Pick<Sender, 'source' | 'trust'>

type Totals = { -readonly [name in 'accepted' | 'adopted' | 'duplicates' | 'session']: Counters[name] }

/** Tells of an item whether the catalogue describes it. */
export function watch(catalogue: Catalogue, db: Database): Watch {
  const listeners = new Set<(line: TailLine) => void>()
  const totals = { accepted: 0, adopted: 0, duplicates: 0, session: 0, refused: {} as Record<string, number> }
  const known = (name: string) => {
    const id = catalogue.idOf(name)
    return id !== undefined && !catalogue.provisional(id)
  }
  const tell = (line: TailLine) => {
    for (const listener of listeners) listener(line)
  }
  const tellAll = (
    batch: readonly unknown[],
    sender: From,
    parsed: ParsedEvents,
    answer: IngestAnswer,
    now: number,
  ) => {
    const common = { time: now, source: sender.source, trust: sender.trust }
    for (const refusal of parsed.refused)
      tell({ ...common, ...named(batch[refusal.index]), result: 'refused', refusal })
    const refused = new Map(answer.refused.map((refusal) => [refusal.index, refusal]))
    const duplicate = new Set(answer.duplicateAt)
    const session = new Set(answer.session)
    parsed.events.forEach((event, i) => {
      const refusal = refused.get(i) ?? null
      const result = refusal ? 'refused' : duplicate.has(i) ? 'duplicate' : session.has(i) ? 'session' : 'accepted'
      tell({ ...common, ...lineOf(event, known), result, refusal })
    })
  }
  /** Lines come in the order of the requests. */
  let told: Promise<void> = Promise.resolve()
  const inOrder = (tellThem: () => void) => {
    if (listeners.size === 0) return
    // A catalogue that cannot be read now is no reason to say nothing.
    const ready = told.then(() => catalogue.upToDate(db)).catch(() => {})
    told = ready.then(tellThem)
  }
  const watched: Watch = {
    totals,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    note(batch, sender, parsed, answer, now) {
      totals.accepted += answer.accepted
      totals.duplicates += answer.duplicates
      totals.session += answer.session?.length ?? 0
      for (const { code } of [...parsed.refused, ...answer.refused])
        totals.refused[code] = (totals.refused[code] ?? 0) + 1
      inOrder(() => tellAll(batch, sender, parsed, answer, now))
    },
    adopted({ events, source, trust, received }, answer) {
      totals.accepted += answer.accepted
      totals.adopted += answer.accepted
      const left = new Set([
        ...answer.duplicateAt,
        ...(answer.session ?? []),
        ...answer.refused.map(({ index }) => index),
      ])
      const stored = events.filter((_, i) => !left.has(i))
      inOrder(() => {
        for (const event of stored)
          tell({ time: received, source, trust, ...lineOf(event, known), result: 'adopted', refusal: null })
      })
    },
    noteOwn({ events, answer }, now) {
      if (answer === null) return
      const positions = events.map((_, i) => i)
      watched.note([], { source: 'habitue', trust: 'verified' }, { events, positions, refused: [] }, answer, now)
    },
  }
  return watched
}

function lineOf(event: IncomingEvent, known: (name: string) => boolean) {
  const { type, name, messageId, products } = event
  return {
    type,
    name,
    messageId,
    customer: event.userId ? `user:${event.userId}` : event.anonymousId ? `anonymous:${event.anonymousId}` : null,
    items: products.length,
    recognised: products.filter(({ names }) => names.some(known)).length,
  }
}

/** What can be said of a message that did not pass the door. */
function named(message: unknown) {
  const fields = (typeof message === 'object' && message !== null ? message : {}) as Record<string, unknown>
  const text = (value: unknown) => (typeof value === 'string' ? value.slice(0, 200) : null)
  const user = text(fields.userId)
  const anonymous = text(fields.anonymousId)
  return {
    type: text(fields.type) ?? '?',
    name: text(fields.event) ?? '',
    messageId: text(fields.messageId),
    customer: user ? `user:${user}` : anonymous ? `anonymous:${anonymous}` : null,
    items: 0,
    recognised: 0,
  }
}
