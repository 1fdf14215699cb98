/**
 * A person for whom a customer buys asks to be forgotten: name, address, occasions and words about that person leave the
 * customer's events and all that was made of them. The orders stay the customer's, for somebody who has no name any more.
 */
import { createHmac } from 'node:crypto'
import { type Erased, type ErasureOrder, erasureDone, nameHasher, recordErasure } from '../consent/erasure.ts'
import { deleteByKeys, inChunks, selectByKeys } from '../db/batch.ts'
import type { Handler, Reader, Tx } from '../db/database.ts'
import type { Holder } from '../db/personal.ts'
import { secretKey } from '../db/secret.ts'
import { HabitueError } from '../errors.ts'
import { rewriteEvents } from '../events/redact.ts'
import type { Identifier } from '../identity/identity.ts'
import { subjectOf, subjectToErase } from '../identity/personal.ts'
import { touchCustomers } from '../identity/touch.ts'
import { erasedLabel, erasedNumber } from './erased-recipient.ts'
import { speaksOfFacts } from './fact-events.ts'
import { foldFacts } from './facts-fold.ts'
import { lockNumbers } from './order-store.ts'
import { decodeParts, encodeParts } from './orders.ts'
import { type ErasedRecipient, sameName, unnamed, withoutRecipient } from './recipient-words.ts'

export interface RecipientOrder extends Omit<ErasureOrder, 'refuse' | 'notices'> {
  /** The name under which the customer buys for that person; in any case. */
  readonly recipient: string
}

export interface RecipientErasureNeeds {
  /** What others hold of customers: the name goes out of what people wrote there. */
  readonly holders: readonly Holder[]
  readonly audit: (tx: Tx, customer: number, order: RecipientOrder) => Promise<void>
}

const idsAtOnce = 500

/** The handler `memory.eraseRecipient`. @throws HabitueError not_found, where nothing is known of such a person */
export function eraseRecipientHandler({ audit, holders }: RecipientErasureNeeds): Handler<RecipientOrder, Erased> {
  return async (tx, order) => {
    const done = await erasureDone(tx, order.id)
    if (done) return done
    const hashOf = await nameHasher(tx)
    const names = new Set<string>()
    const rows: Record<string, number> = {}
    for (const who of order.who) {
      const subject = await subjectToErase(tx, who)
      if (!subject) continue
      for (const name of subject.names) names.add(hashOf(name))
      const { identifiers } = subject
      const labels = await labelsFor(tx, identifiers, order.recipient)
      const erased = { name: order.recipient, label: (spelling: string) => labels.get(spelling) ?? 'someone' }
      const words = await rewriteWords(tx, identifiers, erased)
      const counts = {
        events: words.events,
        facts: words.facts + (await dropFacts(tx, identifiers, order.recipient)),
        orders: await rewriteOrders(tx, identifiers, order.recipient, labels),
        ...(await relabelRows(tx, identifiers, labels)),
      }
      for (const [table, count] of Object.entries(counts)) rows[table] = (rows[table] ?? 0) + count
      const nameless = (text: string) => unnamed(text, order.recipient)
      for (const { table, unname } of holders)
        rows[table] = (rows[table] ?? 0) + ((await unname?.(tx, subject, nameless)) ?? 0)
      await audit(tx, subject.customers[0], order)
      await touchCustomers(tx, subject.customers.slice(0, 1))
      for (const customer of subject.customers) tx.changed('customers', customer)
    }
    const isNothing = Object.values(rows).every((count) => count === 0)
    if (isNothing && !order.again) throw noRecipient()
    return recordErasure(tx, { ...order, refuse: false }, rows, [...names])
  }
}

export function noRecipient(): HabitueError {
  return new HabitueError('not_found', 'This customer is not known to buy for anybody of that name.')
}

/** By spelling of the name the label that comes in its place: none that this customer's rows have already. */
async function labelsFor(tx: Tx, identifiers: readonly number[], name: string): Promise<Map<string, string>> {
  const all = await recipientNames(tx, identifiers)
  const used = Math.max(0, ...all.map((one) => erasedNumber(one) ?? 0))
  const spellings = all.filter((one) => sameName(one, name)).sort()
  return new Map(spellings.map((spelling, i) => [spelling, erasedLabel(used + 1 + i)]))
}

const recipientTables = ['order_lines', 'interactions', 'interactions_checkpoint'] as const

async function recipientNames(reader: Reader, identifiers: readonly number[]): Promise<string[]> {
  const found = new Set<string>()
  for (const table of recipientTables) {
    for (const ids of inChunks(identifiers, idsAtOnce)) {
      const query = reader.k.selectFrom(table).select('recipient').distinct().where('identifier', 'in', ids)
      for (const { recipient } of await query.where('recipient', '!=', '').execute()) found.add(recipient)
    }
  }
  return [...found]
}

/** Facts are made anew from what the events say now, so a rebuild finds them as they are. */
async function rewriteWords(tx: Tx, identifiers: readonly number[], erased: ErasedRecipient) {
  const counts = { events: 0, facts: 0 }
  const key = ['identifier', 'message'] as const
  for await (const events of rewriteEvents(tx, identifiers, (event) => withoutRecipient(event, erased))) {
    counts.events += events.length
    const speaking = events.filter(({ name }) => speaksOfFacts(name))
    const keys = speaking.map(({ identifier, messageId }) => [identifier, messageId])
    counts.facts += (await selectByKeys(tx, 'facts', key, keys, key)).length
    await deleteByKeys(tx, 'facts', key, keys)
    await foldFacts(tx, speaking)
  }
  return counts
}

/** Facts of events whose words said it otherwise. */
async function dropFacts(tx: Tx, identifiers: readonly number[], name: string): Promise<number> {
  let count = 0
  for (const ids of inChunks(identifiers, idsAtOnce)) {
    const rows = await tx.k
      .selectFrom('facts')
      .select(['identifier', 'kind', 'fact', 'subject', 'recipient'])
      .where('identifier', 'in', ids)
      .execute()
    const theirs = rows.filter(
      ({ kind, subject, recipient }) => sameName(recipient, name) || (kind === 'recipient' && sameName(subject, name)),
    )
    const keys = theirs.map(({ identifier, kind, fact }) => [identifier, kind, fact])
    await deleteByKeys(tx, 'facts', ['identifier', 'kind', 'fact'], keys)
    count += theirs.length
  }
  return count
}

/** Each spelling becomes one label, so no two rows become one, and the rows are those of the events as they are now. */
async function relabelRows(tx: Tx, identifiers: readonly number[], labels: ReadonlyMap<string, string>) {
  const counts = { order_lines: 0, interactions: 0, interactions_checkpoint: 0 }
  for (const ids of inChunks(identifiers, idsAtOnce)) {
    for (const table of recipientTables) {
      for (const [spelling, label] of labels) {
        const query = tx.k.updateTable(table).set({ recipient: label }).where('identifier', 'in', ids)
        const { numUpdatedRows } = await query.where('recipient', '=', spelling).executeTakeFirst()
        counts[table] += Number(numUpdatedRows)
      }
    }
  }
  return counts
}

/** The digests of orders, with the words of returns. */
async function rewriteOrders(
  tx: Tx,
  identifiers: readonly number[],
  name: string,
  labels: ReadonlyMap<string, string>,
): Promise<number> {
  let count = 0
  for (const ids of inChunks(identifiers, idsAtOnce)) {
    const query = tx.k.selectFrom('orders').select(['identifier', 'number']).where('identifier', 'in', ids)
    const numbers = await query.execute()
    await lockNumbers(tx, [...new Set(numbers.map(({ number }) => number))].sort())
    for (const { identifier, number } of numbers) {
      const own = tx.k.selectFrom('orders').select('parts').where('identifier', '=', identifier)
      const row = await own.where('number', '=', number).executeTakeFirst()
      if (!row) continue
      const parts = rewrittenParts(row.parts, name, labels)
      if (parts === row.parts) continue
      const update = tx.k.updateTable('orders').set({ parts }).where('identifier', '=', identifier)
      await update.where('number', '=', number).execute()
      count++
    }
  }
  return count
}

function rewrittenParts(json: string, name: string, labels: ReadonlyMap<string, string>): string {
  const parts = decodeParts(json).map((part) => ({
    ...part,
    reason: part.reason === null ? null : unnamed(part.reason, name),
    lines: part.lines.map((line) => ({ ...line, recipient: labels.get(line.recipient) ?? line.recipient })),
  }))
  return encodeParts(parts)
}

/** Keyed hash of a recipient's name, for the journal: of use only to this database and its backups. */
export async function recipientHasher(reader: Reader): Promise<(name: string) => string> {
  const key = await secretKey(reader, 'erased recipients')
  return (name) => createHmac('sha256', key).update(name.normalize('NFC').trim().toLowerCase()).digest('hex')
}

/** Names of all for whom the customer buys, or of whom he told; empty where nobody is known by `who`. */
export async function recipientsOf(reader: Reader, who: Identifier): Promise<string[]> {
  const subject = await subjectOf(reader, who)
  if (!subject) return []
  const found = new Set(await recipientNames(reader, subject.identifiers))
  for (const ids of inChunks(subject.identifiers, idsAtOnce)) {
    const facts = reader.k.selectFrom('facts').select(['kind', 'subject', 'recipient']).where('identifier', 'in', ids)
    for (const { kind, subject: name, recipient } of await facts.execute()) {
      if (recipient !== '') found.add(recipient)
      if (kind === 'recipient') found.add(name)
    }
  }
  return [...found].filter((name) => erasedNumber(name) === null)
}
