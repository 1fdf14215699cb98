/** What of moments is written: a look's outcome and the rows that asked for it, in one transaction. */
import type { Handler, Handlers, Tx } from '../db/database.ts'
import type { IncomingEvent, IngestAnswer, IngestRequest } from '../events/event.ts'
import { derivedSource } from './derived.ts'
import { type Moment, nameOf, settleMoments, unchanged } from './due.ts'
import { endNews, type News, newsAgain, writeNews } from './item-watch.ts'
import type { Look } from './look.ts'
import { retainWaits, type Wait, writeWaits } from './waits.ts'

export interface SettleMoments {
  readonly now: number
  readonly looks: readonly (Look & { readonly moment: Moment })[]
}

export interface SettleNews {
  readonly now: number
  readonly news: News
  readonly events: readonly IncomingEvent[]
  readonly over: readonly Wait[]
  readonly told: number | null
}

/** What became of derived events; null = there were none. */
export interface Derived {
  readonly events: readonly IncomingEvent[]
  readonly answer: IngestAnswer | null
}

type Ingest = Handler<IngestRequest, IngestAnswer>

export function momentsHandlers(ingest: Ingest): Handlers {
  return {
    'moments.settle': (tx, request: SettleMoments) => settle(tx, request, ingest),
    'moments.tell': (tx, request: SettleNews) => tell(tx, request, ingest),
    'moments.retainWaits': retainWaits,
  }
}

/** What happened between the look and now asks for another look: its row stays, and its events are not. */
async function settle(tx: Tx, { now, looks }: SettleMoments, ingest: Ingest): Promise<Derived> {
  const standing = await unchanged(
    tx,
    looks.map(({ moment }) => moment),
  )
  const valid = looks.filter(({ moment }) => standing.has(nameOf(moment)))
  const done = await ingestDerived(
    tx,
    valid.flatMap(({ events }) => events),
    now,
    ingest,
  )
  await settleMoments(tx, valid)
  return done
}

async function tell(tx: Tx, { now, news, events, over, told }: SettleNews, ingest: Ingest): Promise<Derived> {
  if ((await newsAgain(tx, news)) === null) return { events: [], answer: null }
  const done = await ingestDerived(tx, events, now, ingest)
  const message = `~${news.kind}`
  await writeWaits(
    tx,
    over.map((wait) => ({ ...wait, waits: 0, time: now, message })),
  )
  if (told === null) await endNews(tx, news)
  else await writeNews(tx, [{ ...news, told }])
  return done
}

/** Through the same door as all others; consent is asked there once more. */
async function ingestDerived(tx: Tx, events: readonly IncomingEvent[], now: number, ingest: Ingest): Promise<Derived> {
  if (events.length === 0) return { events, answer: null }
  const request = { source: derivedSource, received: now, trust: 'verified', historical: false, events } as const
  return { events, answer: await ingest(tx, request) }
}
