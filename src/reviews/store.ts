/** Reading reviews with whose they are, what was decided about them, and their votes; and writing decisions. */
import { setImmediate } from 'node:timers/promises'
import type { PopulationPermit } from '../consent/permit.ts'
import { selectByKeys, upsertRows } from '../db/batch.ts'
import type { Handlers, Reader } from '../db/database.ts'
import type { ReviewRow, ReviewStateRow, ReviewVoteRow } from '../db/tables-reviews.ts'
import { HabitueError } from '../errors.ts'
import { boughtPairs, ownersOf } from '../memory/ratings-of-all.ts'
import { type RejectionReason, type ReviewState, rejectionReasons, type StateDecision } from './state.ts'

/** Gives the permit for what these identifiers said; null = nothing of it may be used. */
export type Permits = (identifiers: readonly number[]) => Promise<PopulationPermit | null>

/** A review with its writer's customer and what was decided. */
export interface StoredReview extends ReviewRow {
  readonly customer: number
  readonly decision: StateDecision | undefined
}

const columns = [
  ...['identifier', 'item', 'review', 'stars', 'title', 'text', 'author', 'print', 'helpful', 'votes'],
  ...['time', 'message'],
]
const piece = 1000

export function isWithdrawn({ stars, title, text }: Pick<ReviewRow, 'stars' | 'title' | 'text'>): boolean {
  return stars === null && title === null && text === null
}

/** What was said of these items, also what was withdrawn; of each customer and item the latest. */
export async function reviewsOfItems(
  reader: Reader,
  permits: Permits,
  items: readonly number[],
): Promise<StoredReview[]> {
  const keys = items.map((item) => [item])
  return withDecisions(reader, permits, await selectByKeys<ReviewRow>(reader, 'reviews', ['item'], keys, columns))
}

/** All of a shop, a piece at a time. */
export async function* allReviews(reader: Reader, permits: Permits): AsyncGenerator<StoredReview[]> {
  for (let after = { item: 0, identifier: 0 }; ; ) {
    const rows = await reader.k
      .selectFrom('reviews')
      .selectAll()
      .where((row) =>
        row.or([
          row('item', '>', after.item),
          row.and([row('item', '=', after.item), row('identifier', '>', after.identifier)]),
        ]),
      )
      .orderBy('item')
      .orderBy('identifier')
      .limit(piece)
      .execute()
    if (rows.length > 0) yield await withDecisions(reader, permits, rows)
    if (rows.length < piece) return
    after = rows[rows.length - 1]
    await setImmediate()
  }
}

async function withDecisions(reader: Reader, permits: Permits, rows: readonly ReviewRow[]): Promise<StoredReview[]> {
  const owners = await ownersOf(reader, [...new Set(rows.map(({ identifier }) => identifier))])
  const permit = await permits([...owners.keys()])
  const keys = rows.map(({ identifier, item }) => [identifier, item])
  const decided = await selectByKeys<ReviewStateRow>(reader, 'review_states', ['identifier', 'item'], keys, [
    ...['identifier', 'item', 'message', 'state', 'reason'],
  ])
  const decisions = new Map(decided.map((one) => [`${one.identifier} ${one.item}`, one]))
  return rows.flatMap((row) => {
    const owner = owners.get(row.identifier)
    if (owner === undefined || !permit?.of(owner.customer, owner.identifiers)) return []
    return [{ ...row, customer: owner.customer, decision: decisions.get(`${row.identifier} ${row.item}`) }]
  })
}

/** Of one customer several identifiers may have spoken of one item: the latest holds. */
export function latestOfEach(reviews: readonly StoredReview[], canonical: (item: number) => number): StoredReview[] {
  const latest = new Map<string, StoredReview>()
  for (const review of reviews) {
    const key = `${review.customer} ${canonical(review.item)}`
    const known = latest.get(key)
    const isLater = !known || review.time > known.time || (review.time === known.time && review.message > known.message)
    if (isLater) latest.set(key, review)
  }
  return [...latest.values()]
}

/** Which of these reviews are by somebody who bought the item: `review` of each. */
export async function verifiedReviews(reader: Reader, reviews: readonly StoredReview[]): Promise<Set<string>> {
  const owners = await ownersOf(reader, [...new Set(reviews.map(({ identifier }) => identifier))])
  const pairs = reviews.flatMap(({ identifier, item }) =>
    (owners.get(identifier)?.identifiers ?? []).map((own) => [own, item] as const),
  )
  const bought = new Set(
    (await boughtPairs(reader, pairs)).map(({ identifier, item }) => `${owners.get(identifier)?.customer} ${item}`),
  )
  return new Set(reviews.filter(({ customer, item }) => bought.has(`${customer} ${item}`)).map(({ review }) => review))
}

export interface VoteSum {
  helpful: number
  unhelpful: number
}

/** What a vote counts of somebody of whom no purchase of the item is known, and one that an import brought along. */
const unprovedVote = 0.5

/**
 * The votes of each review, one a customer: full of a customer who bought the item, half of anybody else; none of the writer
 * himself. With the votes that were brought along.
 */
export async function votesOf(
  reader: Reader,
  permits: Permits,
  reviews: readonly StoredReview[],
): Promise<Map<string, VoteSum>> {
  const byName = new Map(reviews.map((review) => [review.review, review]))
  const sums = new Map(
    reviews.map(({ review, helpful, votes }): [string, VoteSum] => [
      review,
      { helpful: unprovedVote * helpful, unhelpful: unprovedVote * (votes - helpful) },
    ]),
  )
  const names = [...byName.keys()]
  for (let start = 0; start < names.length; start += piece) {
    const keys = names.slice(start, start + piece).map((name) => [name])
    const rows = await selectByKeys<ReviewVoteRow>(reader, 'review_votes', ['review'], keys, [
      ...['identifier', 'review', 'helpful', 'time', 'message'],
    ])
    await addVotes(reader, permits, { rows, byName, sums })
  }
  return sums
}

interface Counting {
  readonly rows: readonly ReviewVoteRow[]
  readonly byName: ReadonlyMap<string, StoredReview>
  readonly sums: Map<string, VoteSum>
}

async function addVotes(reader: Reader, permits: Permits, { rows, byName, sums }: Counting): Promise<void> {
  const owners = await ownersOf(reader, [...new Set(rows.map(({ identifier }) => identifier))])
  const permit = await permits([...owners.keys()])
  const latest = new Map<string, ReviewVoteRow & { customer: number; item: number }>()
  for (const row of rows.toSorted((a, b) => a.time - b.time || (a.message < b.message ? -1 : 1))) {
    const owner = owners.get(row.identifier)
    const review = byName.get(row.review)
    if (!owner || !review || !permit?.of(owner.customer, owner.identifiers)) continue
    if (owner.customer === review.customer) continue
    latest.set(`${owner.customer} ${row.review}`, { ...row, customer: owner.customer, item: review.item })
  }
  const pairs = [...latest.values()].flatMap(({ identifier, item }) =>
    (owners.get(identifier)?.identifiers ?? []).map((own) => [own, item] as const),
  )
  const bought = new Set(
    (await boughtPairs(reader, pairs)).map(({ identifier, item }) => `${owners.get(identifier)?.customer} ${item}`),
  )
  for (const { customer, item, review, helpful } of latest.values()) {
    const sum = sums.get(review) as VoteSum
    const weight = bought.has(`${customer} ${item}`) ? 1 : unprovedVote
    if (helpful === 1) sum.helpful += weight
    else if (helpful === 0) sum.unhelpful += weight
  }
}

/** Votes of customers on each review, whoever they are, for what is usual. */
export async function voteCounts(reader: Reader): Promise<Map<string, VoteSum>> {
  const rows = await reader.k
    .selectFrom('review_votes')
    .select((row) => ['review', row.fn.sum<number>('helpful').as('helpful'), row.fn.count<number>('helpful').as('all')])
    .groupBy('review')
    .execute()
  return new Map(
    rows.map(({ review, helpful, all }) => [
      review,
      { helpful: Number(helpful ?? 0), unhelpful: Number(all) - Number(helpful ?? 0) },
    ]),
  )
}

/** The reviews of this name; mostly one. */
export async function reviewsNamed(reader: Reader, permits: Permits, review: string): Promise<StoredReview[]> {
  const rows = await selectByKeys<ReviewRow>(reader, 'reviews', ['review'], [[review]], columns)
  return withDecisions(reader, permits, rows)
}

export interface Moderation {
  readonly review: string
  readonly state: ReviewState
  readonly reason: RejectionReason | null
  readonly note: string | null
  readonly actor: string
  readonly now: number
}

/** @throws HabitueError invalid_review where a rejection has no reason of the list */
export function checkModeration(wanted: Pick<Moderation, 'state' | 'reason'>): void {
  const { state, reason } = wanted
  const isKnown = reason !== null && rejectionReasons.includes(reason)
  if (state === 'rejected' ? isKnown : reason === null) return
  const expected =
    state === 'rejected' ? `one of ${rejectionReasons.join(', ')}; that it is critical is none` : 'no reason'
  throw new HabitueError('invalid_review', `The reason is ${JSON.stringify(reason)}; expected ${expected}.`, {
    expected: rejectionReasons,
  })
}

export const reviewHandlers: Handlers = {
  /** Decides about a review as it is now. @throws HabitueError not_found, invalid_review */
  'reviews.moderate': async (tx, { review, state, reason, note, actor, now }: Moderation) => {
    checkModeration({ state, reason })
    const rows = await selectByKeys<ReviewRow>(tx, 'reviews', ['review'], [[review]], columns)
    if (rows.length === 0 || rows.every(isWithdrawn))
      throw new HabitueError('not_found', `There is no review ${JSON.stringify(review)}.`, { review })
    const fields = ['identifier', 'item', 'message', 'state', 'reason', 'note', 'time', 'actor']
    const decisions = rows.map(({ identifier, item, message }) => [
      ...[identifier, item, message, state, reason, note, now, actor],
    ])
    if (state !== 'pending') return upsertRows(tx, 'review_states', ['identifier', 'item'], fields, decisions)
    for (const { identifier, item } of rows)
      await tx.k.deleteFrom('review_states').where('identifier', '=', identifier).where('item', '=', item).execute()
  },
}
