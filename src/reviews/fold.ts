/**
 * Reviews and votes in the transaction of their events: one review for an identifier and an item, the latest by (time,
 * message); one vote for an identifier and a review. Only events about reviews cost anything here.
 */
import { createHash } from 'node:crypto'
import { deleteByKeys, type FoldSpec, inChunks, selectByKeys, upsertFold } from '../db/batch.ts'
import type { Tx } from '../db/database.ts'
import type { ReviewRow, ReviewVoteRow } from '../db/tables-reviews.ts'
import type { AdmittedEvent, Fold } from '../events/event.ts'
import { redactAbout } from '../events/redact.ts'
import { ratingOf } from '../memory/interactions.ts'
import { printOf } from './words.ts'

const reviewKey = ['identifier', 'item'] as const
const reviewSpec: FoldSpec = {
  key: reviewKey,
  set: ['review'],
  latest: { columns: ['stars', 'title', 'text', 'author', 'print', 'helpful', 'votes'], by: ['time', 'message'] },
}
const voteSpec: FoldSpec = {
  key: ['identifier', 'review'],
  latest: { columns: ['helpful'], by: ['time', 'message'] },
}

const [longestTitle, longestText, longestAuthor, longestId] = [500, 10_000, 100, 255]

export const reviewsFold: Fold = {
  name: 'reviews',
  async apply(tx, events) {
    await countReviews(tx, events)
    const withdrawn = events.filter(
      ({ name, items, identifier }) => name === 'Review Withdrawn' && identifier !== null && items.length > 0,
    )
    if (withdrawn.length > 0) await forgetWords(tx, withdrawn)
  },
  async forget(tx, identifiers) {
    for (const ids of inChunks(identifiers, 500))
      for (const table of ['reviews', 'review_votes', 'review_states'] as const)
        await tx.k.deleteFrom(table).where('identifier', 'in', ids).execute()
  },
}

/** The rows of what was said: nothing but them. */
export async function countReviews(tx: Tx, events: readonly AdmittedEvent[]): Promise<void> {
  const about = events.filter(({ name, identifier }) => identifier !== null && speaksOfReviews(name))
  if (about.length === 0) return
  const reviews = about.filter(({ name, items }) => name !== 'Review Voted' && items.length > 0)
  if (reviews.length > 0) await writeReviews(tx, reviews)
  const votes = about.filter(({ name }) => name === 'Review Voted').flatMap(voteOf)
  if (votes.length > 0) await upsertFold(tx, 'review_votes', voteSpec, votes)
}

function speaksOfReviews(name: string): boolean {
  return name === 'Product Reviewed' || name === 'Review Voted' || name === 'Review Withdrawn'
}

async function writeReviews(tx: Tx, events: readonly AdmittedEvent[]): Promise<void> {
  const names = await reviewNames(tx, events)
  const rows = events.map((event) => ({ ...rowOf(event), review: names.get(keyOf(event)) as string }))
  await upsertFold(tx, 'reviews', reviewSpec, rows)
}

const keyOf = ({ identifier, items }: AdmittedEvent) => `${identifier} ${items[0]}`

/** By what each review is named: as before, else by the shop's id where no other review has it, else by one made here. */
async function reviewNames(tx: Tx, events: readonly AdmittedEvent[]): Promise<Map<string, string>> {
  const keys = events.map(({ identifier, items }) => [identifier, items[0]])
  const columns = ['identifier', 'item', 'review']
  type Named = Pick<ReviewRow, 'identifier' | 'item' | 'review'>
  const known = await selectByKeys<Named>(tx, 'reviews', reviewKey, keys, columns)
  const names = new Map(known.map(({ identifier, item, review }) => [`${identifier} ${item}`, review]))
  const wanted = events.flatMap((event) => (names.has(keyOf(event)) ? [] : (idOf(event) ?? [])))
  const inUse = await selectByKeys<Named>(
    tx,
    'reviews',
    ['review'],
    wanted.map((id) => [id]),
    columns,
  )
  const taken = new Set(inUse.map(({ review }) => review))
  for (const event of events) {
    const key = keyOf(event)
    if (names.has(key)) continue
    const id = idOf(event)
    const name = id !== null && !taken.has(id) ? id : madeName(key)
    taken.add(name)
    names.set(key, name)
  }
  return names
}

const madeName = (key: string) => `r-${createHash('sha256').update(`review ${key}`).digest('hex').slice(0, 20)}`

const idOf = ({ properties }: AdmittedEvent) => cut(properties.review_id, longestId)

/** A text of at most `length` characters; null for anything else, and for none. */
function cut(given: unknown, length: number): string | null {
  const text = typeof given === 'number' ? String(given) : typeof given === 'string' ? given.trim() : ''
  return text === '' ? null : text.slice(0, length).toWellFormed()
}

function rowOf(event: AdmittedEvent): Omit<ReviewRow, 'review'> {
  const { identifier, items, properties, time, messageId: message, historical } = event
  const head = { identifier: identifier as number, item: items[0], time, message }
  const blank = { stars: null, title: null, text: null, author: null, print: '', helpful: 0, votes: 0 }
  if (event.name === 'Review Withdrawn') return { ...head, ...blank }
  const title = cut(properties.review_title ?? properties.title, longestTitle)
  const text = cut(properties.review_body ?? properties.body ?? properties.text, longestText)
  const stars = ratingOf(event)
  // What a page claims of votes is nobody's vote; a file that the shop brings along may count what it had.
  const count = (given: unknown) => (historical ? Math.min(1e6, Math.max(0, Math.floor(Number(given)) || 0)) : 0)
  const votes = count(properties.votes)
  return {
    ...head,
    stars: stars !== null && stars > 0 && stars <= 5 ? Math.max(1, stars) : null,
    title,
    text,
    author: cut(properties.author ?? properties.reviewer_name, longestAuthor),
    print: printOf(`${title ?? ''} ${text ?? ''}`),
    votes,
    helpful: Math.min(votes, count(properties.helpful_votes)),
  }
}

function voteOf({ identifier, properties, time, messageId }: AdmittedEvent): ReviewVoteRow[] {
  const review = cut(properties.review_id, longestId)
  const said = helpfulOf(properties.helpful)
  if (review === null || said === undefined) return []
  return [{ identifier: identifier as number, review, helpful: said, time, message: messageId }]
}

/** 1, 0, null = taken back; undefined where it cannot be understood. */
function helpfulOf(given: unknown): number | null | undefined {
  if (given === true || given === 'true' || given === 1 || given === 'yes') return 1
  if (given === false || given === 'false' || given === 0 || given === 'no') return 0
  return given === null ? null : undefined
}

/** The words of what was withdrawn go out of the stored events too, with what was decided about them. */
async function forgetWords(tx: Tx, events: readonly AdmittedEvent[]): Promise<void> {
  const keys = events.map(({ identifier, items }) => [identifier, items[0]])
  const now = await selectByKeys<ReviewRow>(tx, 'reviews', reviewKey, keys, [...reviewKey, 'stars', 'title', 'text'])
  const gone = now.filter(({ stars, title, text }) => stars === null && title === null && text === null)
  if (gone.length === 0) return
  await deleteByKeys(
    tx,
    'review_states',
    reviewKey,
    gone.map(({ identifier, item }) => [identifier, item]),
  )
  await redactAbout(tx, 'Product Reviewed', gone)
}
