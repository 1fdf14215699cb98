/**
 * The transaction that remembers. Events of one request are admitted, told from duplicates, given their customers and items,
 * appended, and folded into memory, all or nothing; whoever was answered "accepted" will find them, whatever dies next.
 */
import { hash } from 'node:crypto'
import { type ResolvedProducts, resolveProducts } from '../catalog/products.ts'
import type { Policy } from '../consent/policy.ts'
import { insertNew, insertRows } from '../db/batch.ts'
import type { Handler, Reader, Tx } from '../db/database.ts'
import { secretKey } from '../db/secret.ts'
import { createResolver, type Resolution, type Resolved, type Resolver } from '../identity/resolve.ts'
import { touchCustomers } from '../identity/touch.ts'
import type { World } from '../world.ts'
import { StoredEvent } from './admitted.ts'
import { answersFold } from './answers-fold.ts'
import { answerMarks, checkUnchanged, settleAnswers } from './answers-settled.ts'
import type { AnswerMark, EventBody, Fold, IngestAnswer, IngestRequest } from './event.ts'
import { type Admitted, candidatesOf, nextRun } from './gate.ts'
import { People } from './people.ts'

export interface IngestOptions {
  readonly policy: Policy
  readonly world: World
}

/** What one database's handler holds. */
interface Means extends IngestOptions {
  readonly folds: readonly Fold[]
  readonly resolve: Resolver
  readonly people: People
}

const columns = ['source', 'message', 'type', 'name', 'time', 'received', 'identifier', 'basis', 'body'] as const

const fewestAhead = 16
const none: readonly never[] = []
const noProducts: ResolvedProducts = { ids: [], soldOut: new Set() }

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
  const people = new People(policy, resolve.named)
  const means: Means = { folds: [answersFold, ...folds], policy, world, resolve, people }
  return async (tx, request) => {
    const { candidates, refused } = candidatesOf(request, policy)
    const secret = await secretOf(tx)
    const duplicateAt: number[] = []
    const session: number[] = []
    let accepted = 0
    // Senders are looked up as far ahead as runs have been long, so that many short runs do not look up the rest each time.
    let ahead = candidates.length
    for (let rest: typeof candidates = candidates; rest.length > 0; ) {
      const run = await nextRun(tx, rest.slice(0, ahead), { people, policy, request })
      const isNew = await insertNew(tx, 'seen', 'key', seenKeys(secret, request.source, run.admitted))
      const fresh = run.admitted.filter((_, i) => isNew[i])
      for (const [i, { index, derived }] of run.admitted.entries()) if (!isNew[i] && !derived) duplicateAt.push(index)
      if (fresh.length > 0) await remember(tx, request, fresh, means)
      accepted += fresh.filter(({ derived }) => !derived).length
      refused.push(...run.refused)
      session.push(...run.session)
      const isCut = run.rest.length > 0
      rest = [...run.rest, ...rest.slice(ahead)]
      ahead = isCut ? Math.max(fewestAhead, 2 * run.admitted.length) : 2 * ahead
    }
    const answer = { accepted, duplicates: duplicateAt.length, refused, duplicateAt }
    return session.length > 0 ? { ...answer, session } : answer
  }
}

async function remember(tx: Tx, request: IngestRequest, fresh: readonly Admitted[], means: Means): Promise<void> {
  const { world, folds } = means
  const { resolved, touched, joined, made } = await resolveSenders(tx, request, fresh, means.resolve)
  await checkUnchanged(tx, fresh, resolved)
  const marks = await answerMarks(tx, fresh, resolved)
  const products = fresh.flatMap(({ event }) => event.products)
  const { ids: items, soldOut } = products.length > 0 ? await resolveProducts(tx, products, world) : noProducts
  const rows: unknown[][] = []
  const events: StoredEvent[] = []
  let next = 0
  for (const [i, { event, believed, basis }] of fresh.entries()) {
    const own = items.slice(next, next + event.products.length)
    next += own.length
    const claimed = believed.mark
    const answer = marks.get(i)
    const body = completeBody(event.body, own, claimed, answer)
    const { source, received, historical } = request
    const identifier = resolved[i]?.identifier ?? null
    const customer = resolved[i]?.customer ?? null
    const missing = soldOut.size === 0 ? none : own.filter((item) => soldOut.has(item))
    const arrival = { source, received, identifier, customer, items: own, missing, historical, body, claimed, answer }
    events.push(new StoredEvent(event, arrival))
    const { messageId, type, name, time } = event
    rows.push([source, messageId, type, name, time, received, identifier, basis, body])
  }
  await insertRows(tx, 'events', columns, rows)
  for (const fold of folds) await fold.apply(tx, events)
  if (joined.length + made.length > 0) {
    const { received, historical } = request
    for (const fold of folds) await fold.linked?.(tx, { joined, made, received, historical })
  }
  if (marks.size > 0)
    await settleAnswers(
      tx,
      events.filter(({ answer }) => answer),
      request.received,
      means,
    )
  await touchCustomers(tx, touched)
}

/** The customer of each event; null for one of nobody. */
async function resolveSenders(
  tx: Tx,
  { source }: IngestRequest,
  fresh: readonly Admitted[],
  resolve: Resolver,
): Promise<{ resolved: (Resolved | null)[] } & Omit<Resolution, 'parties'>> {
  const named = fresh.filter(({ believed }) => believed.trusted.length > 0)
  const parties = named.map(({ event, believed: { trusted, claimed, previous } }) => ({
    trusted,
    claimed,
    previous,
    time: event.time,
    cause: `${source}/${event.messageId}`,
  }))
  const resolution = await resolve(tx, parties)
  const byCandidate = new Map(named.map((candidate, i) => [candidate, resolution.parties[i]]))
  return { ...resolution, resolved: fresh.map((candidate) => byCandidate.get(candidate) ?? null) }
}

/** Puts what only the writer knows before the fields that the door wrote; the text need not be parsed for that. */
function completeBody(
  body: string,
  items: readonly number[],
  claimed: EventBody['claimed'],
  answer: AnswerMark | undefined,
): string {
  const added = [
    ...(items.length > 0 ? [`"items":[${items.join()}]`] : []),
    ...(claimed ? [`"claimed":"${claimed}"`] : []),
    ...(answer ? [`"answer":${JSON.stringify(answer)}`] : []),
  ]
  if (added.length === 0) return body
  return `{${added.join()}${body === '{}' ? '' : ','}${body.slice(1)}`
}

/**
 * Of (source, messageId), keyed, so that it names nobody: it stays when the event itself is dropped or erased. 16 of
 * SHA-256's 32 bytes: with 10^12 events the chance of one collision is 10^-15.
 */
function seenKeys(secret: string, source: string, candidates: readonly Admitted[]): Uint8Array[] {
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
