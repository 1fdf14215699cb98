/** What was decided for a customer and what became of it, for export and erasure. The counts of days name nobody and stay. */
import { inChunks } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import { type DataSubject, type HeldRow, type Holder, heldRows } from '../db/personal.ts'
import { admittedOf } from '../events/personal.ts'
import { countDays, type DecisionOfDay } from './retention.ts'

const decisions = heldRows({
  table: 'decisions',
  title: 'What was shown to you, and why',
  identifier: 'identifier',
  shown: ['id', 'time', 'placement', 'model', 'items', 'detail'],
  orderBy: ['time', 'id'],
  times: ['time'],
  json: ['items', 'detail'],
})

const exposures = heldRows({
  table: 'exposures',
  title: 'Which of several ways to choose lists you were shown',
  identifier: 'identifier',
  shown: ['experiment', 'arm', 'time'],
  orderBy: ['time', 'experiment'],
  times: ['time'],
})

/** Rows counted at once. */
const piece = 500

/** His decisions without what they say of him. */
async function decidedFor(reader: Reader, person: DataSubject): Promise<DecisionOfDay[]> {
  const found: DecisionOfDay[] = []
  for (const identifiers of inChunks(person.identifiers, piece)) {
    const query = reader.k.selectFrom('decisions').select(['id', 'placement', 'model', 'time', 'items'])
    found.push(...(await query.where('identifier', 'in', identifiers).execute()))
  }
  return found
}

const outcomes: Holder = {
  table: 'outcomes',
  about: ['decision', 'message'],
  title: 'What you did after that',
  shown: ['decision', 'item', 'kind', 'time', 'value'],
  columns: { times: ['time'], items: ['item'] },
  async *read(reader, person): AsyncGenerator<HeldRow> {
    for (const ids of inChunks(idsOf(await decidedFor(reader, person)), piece)) {
      yield* await reader.k
        .selectFrom('outcomes')
        .select(['decision', 'item', 'kind', 'time', 'value'])
        .where('decision', 'in', ids)
        .orderBy('time')
        .execute()
    }
  },
  /** Those of his own decisions, which become counts; and those of decisions that others got and he followed (a shared link). */
  async erase(tx, person) {
    let count = 0
    const decided = await decidedFor(tx, person)
    for (const chunk of inChunks(decided, piece)) await countDays(tx, chunk)
    for (const ids of inChunks(idsOf(decided), piece)) {
      const { numDeletedRows } = await tx.k.deleteFrom('outcomes').where('decision', 'in', ids).executeTakeFirst()
      count += Number(numDeletedRows)
    }
    for await (const events of admittedOf(tx, person)) {
      for (const { decisionId, source, messageId } of events) {
        if (!decisionId) continue
        const { numDeletedRows } = await tx.k
          .deleteFrom('outcomes')
          .where('decision', '=', decisionId)
          .where('message', '=', `${source}/${messageId}`)
          .executeTakeFirst()
        count += Number(numDeletedRows)
      }
    }
    return count
  },
}

function idsOf(decided: readonly DecisionOfDay[]): string[] {
  return [...new Set(decided.map(({ id }) => id))]
}

/** Outcomes before decisions: to be counted they need them. */
export const decisionsData: readonly Holder[] = [exposures, outcomes, decisions]
