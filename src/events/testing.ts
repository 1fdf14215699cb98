/** For tests: a database that takes messages of the tracking API as an engine would. */
import { defaultConfig } from '../config.ts'
import { Person } from '../consent/permit.ts'
import { type Policy, policyOf } from '../consent/policy.ts'
import type { Database } from '../db/database.ts'
import type { Open, TestDatabase } from '../db/testing.ts'
import type { Identity } from '../identity/identity.ts'
import { undoMerge } from '../identity/merges.ts'
import { simulatedWorld } from '../world.ts'
import { allRefused, type DoorOptions, parseEvents } from './door.ts'
import type { AdmittedEvent, Fold, IngestAnswer, IngestRequest } from './event.ts'
import { ingestHandler } from './ingest.ts'
import { dropViews } from './store.ts'

export const exampleNow = Date.UTC(2025, 0, 10, 12)
export const statedPolicy: Policy = policyOf({ ...defaultConfig, legalBasis: 'contract' })

const none = {
  service: 'none',
  personalisation: 'none',
  marketing: 'none',
  training: 'none',
  research: 'none',
} as const
/** Of an operator who states nothing. */
export const noPolicy: Policy = policyOf({ ...defaultConfig, consent: { ...defaultConfig.consent, bases: none } })

/** Somebody who never answered anything. */
export function unanswered(identity: Identity): Person {
  return new Person(statedPolicy, identity, [], exampleNow)
}

export interface Sent extends Partial<Pick<IngestRequest, 'trust' | 'subject' | 'historical' | 'source'>> {
  readonly received?: number
}

export interface ExampleIngest {
  readonly db: TestDatabase
  /** What the folds were given, in order. */
  readonly folded: AdmittedEvent[]
  /** Sends messages as one batch from a server, or as `as` says. */
  send(messages: readonly unknown[], as?: Sent): Promise<IngestAnswer>
}

/** A door for tests: a track's defaults are those of a verified server. */
export function doorOptions(overrides: Partial<DoorOptions> = {}): DoorOptions {
  return { received: exampleNow, world: simulatedWorld(7), currency: 'EUR', ...overrides }
}

/** `further` folds run after the one that fills `folded`. */
export async function openIngest(
  open: Open,
  policy: Policy = statedPolicy,
  further: readonly Fold[] = [],
): Promise<ExampleIngest> {
  const world = simulatedWorld(3, exampleNow)
  const folded: AdmittedEvent[] = []
  const fold: Fold = {
    name: 'kept for the test',
    async apply(_tx, events) {
      folded.push(...events)
    },
  }
  const db = await open({
    'events.ingest': ingestHandler([fold, ...further], { policy, world }),
    'identity.undoMerge': (tx, { id, now }: { id: number; now: number }) => undoMerge(tx, id, now),
    'test.dropViews': async (tx, { before, limit, seq }: { before: number; limit: number; seq: number }) => {
      const { events, next } = await dropViews(tx, before, limit, seq)
      return { messages: events.map(({ messageId }) => messageId), next }
    },
  })
  return { db, folded, send: (messages, as) => sendTo(db, messages, as) }
}

export async function sendTo(db: Database, messages: readonly unknown[], as: Sent = {}): Promise<IngestAnswer> {
  const { trust = 'verified', subject = null, historical = false, source = 'test', received = exampleNow } = as
  const parsed = parseEvents({ batch: messages }, doorOptions({ historical, received }))
  const request: IngestRequest = { source, received, trust, subject, historical, events: parsed.events }
  const answer = await db.write<IngestAnswer>('events.ingest', request)
  return { ...answer, refused: allRefused(parsed, answer.refused) }
}

let messages = 0

/** A track with a message id of its own. */
export function track(event: string, who: Readonly<Record<string, unknown>>, properties: object = {}) {
  return { type: 'track', event, messageId: `example-${messages++}`, properties, ...who }
}
