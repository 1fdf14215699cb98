/**
 * The transaction that remembers. Events of one request are admitted, told from duplicates, given their customers and items,
 * appended, and folded into memory, all or nothing; whoever was answered "accepted" will find them, whatever dies next.
 */
import { hash } from 'node:crypto'
import { resolveProducts } from '../catalog/products.ts'
import { admit, Person } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { insertNew, insertRows } from '../db/batch.ts'
import type { Handler, Reader, Tx } from '../db/database.ts'
import { secretKey } from '../db/secret.ts'
import { HabitueError } from '../errors.ts'
import { createResolver, type Resolved, type Resolver } from '../identity/resolve.ts'
import { touchCustomers } from '../identity/touch.ts'
import type { World } from '../world.ts'
import { StoredEvent } from './admitted.ts'
import type { EventBody, EventRefusal, Fold, IncomingEvent, IngestAnswer, IngestRequest } from './event.ts'
import { purposeOf } from './kinds.ts'
import { type Believed, believe } from './party.ts'

export interface IngestOptions {
  readonly policy: Policy
  readonly world: World
}

/** An event that may be stored, unless it was before. */
interface Candidate {
  readonly index: number
  readonly event: IncomingEvent
  readonly believed: Believed
  readonly basis: string
}

const columns = ['source', 'message', 'type', 'name', 'time', 'received', 'identifier', 'basis', 'body'] as const

/**
 * The handler `events.ingest`, for one database. What is wrong with one event refuses that one.
 * @throws HabitueError of storage
 */
export function ingestHandler(
  folds: readonly Fold[],
  { policy, world }: IngestOptions,
): Handler<IngestRequest, IngestAnswer> {
  const secretOf = heldSecret()
  const resolve = createResolver(world)
  return async (tx, request) => {
    const { candidates, refused } = admitAll(request, policy)
    const isNew = await insertNew(tx, 'seen', 'key', seenKeys(await secretOf(tx), request.source, candidates))
    const fresh = candidates.filter((_, i) => isNew[i])
    const duplicateAt = candidates.filter((_, i) => !isNew[i]).map(({ index }) => index)
    if (fresh.length > 0) await remember(tx, request, fresh, { folds, world, resolve })
    return { accepted: fresh.length, duplicates: duplicateAt.length, refused, duplicateAt }
  }
}

/** Whom each event is believed to be from, and whether consent lets it in. Nothing is stored yet. */
function admitAll(request: IngestRequest, policy: Policy): { candidates: Candidate[]; refused: EventRefusal[] } {
  const candidates: Candidate[] = []
  const refused: EventRefusal[] = []
  for (const [index, event] of request.events.entries()) {
    const { time, type, name } = event
    const person = new Person(policy, null, [], request.received)
    const admission = admit(policy, person, { purpose: purposeOf(type, name), time })
    if (admission.refused !== undefined) {
      refused.push({ index, code: admission.refused, message: admission.message })
      continue
    }
    try {
      candidates.push({ index, event, believed: believe(event, request), basis: admission.basis })
    } catch (error) {
      if (!(error instanceof HabitueError)) throw error
      refused.push({ index, code: error.code, message: error.message })
    }
  }
  return { candidates, refused }
}

async function remember(
  tx: Tx,
  request: IngestRequest,
  fresh: readonly Candidate[],
  { folds, world, resolve }: { folds: readonly Fold[]; world: World; resolve: Resolver },
): Promise<void> {
  const { resolved, touched } = await resolveSenders(tx, request, fresh, resolve)
  const products = fresh.flatMap(({ event }) => event.products)
  const items = products.length > 0 ? await resolveProducts(tx, products, world) : []
  const rows: unknown[][] = []
  const events: StoredEvent[] = []
  let next = 0
  for (const [i, { event, believed, basis }] of fresh.entries()) {
    const own = items.slice(next, next + event.products.length)
    next += own.length
    const body = completeBody(event.body, own, believed.mark)
    const { source, received, historical } = request
    const identifier = resolved[i]?.identifier ?? null
    const customer = resolved[i]?.customer ?? null
    const claimed = believed.mark
    const arrival = { source, received, identifier, customer, items: own, historical, body, claimed }
    events.push(new StoredEvent(event, arrival))
    const { messageId, type, name, time } = event
    rows.push([source, messageId, type, name, time, received, identifier, basis, body])
  }
  await insertRows(tx, 'events', columns, rows)
  for (const fold of folds) await fold.apply(tx, events)
  await touchCustomers(tx, touched)
}

/** The customer of each event; null for one of nobody. */
async function resolveSenders(
  tx: Tx,
  { source }: IngestRequest,
  fresh: readonly Candidate[],
  resolve: Resolver,
): Promise<{ resolved: (Resolved | null)[]; touched: readonly number[] }> {
  const named = fresh.filter(({ believed }) => believed.trusted.length > 0)
  const parties = named.map(({ event, believed: { trusted, claimed, previous } }) => ({
    trusted,
    claimed,
    previous,
    time: event.time,
    cause: `${source}/${event.messageId}`,
  }))
  const resolution = await resolve(tx, parties)
  const byIndex = new Map(named.map(({ index }, i) => [index, resolution.parties[i]]))
  return { resolved: fresh.map(({ index }) => byIndex.get(index) ?? null), touched: resolution.touched }
}

/** Puts what only the writer knows before the fields that the door wrote; the text need not be parsed for that. */
function completeBody(body: string, items: readonly number[], claimed: EventBody['claimed']): string {
  const added = [
    ...(items.length > 0 ? [`"items":[${items.join()}]`] : []),
    ...(claimed ? [`"claimed":"${claimed}"`] : []),
  ]
  if (added.length === 0) return body
  return `{${added.join()}${body === '{}' ? '' : ','}${body.slice(1)}`
}

/**
 * Of (source, messageId), keyed, so that it names nobody: it stays when the event itself is dropped or erased. 16 of
 * SHA-256's 32 bytes: with 10^12 events the chance of one collision is 10^-15.
 */
function seenKeys(secret: string, source: string, candidates: readonly Candidate[]): Uint8Array[] {
  const prefix = `${secret}${source}\0`
  return candidates.map(({ event }) => hash('sha256', prefix + event.messageId, 'buffer').subarray(0, 16))
}

/** A migration drew the secret, and nothing changes it, so it is read once. */
function heldSecret(): (reader: Reader) => Promise<string> {
  let held: string | undefined
  return async (reader) => {
    held ??= Buffer.from(await secretKey(reader, 'seen')).toString('hex')
    return held
  }
}
