/**
 * Whose events may have changed in which segments he is, is marked as due in the transaction of the events: one small row
 * for an identifier a batch, and none where nothing that is defined looks at such events. Nothing is evaluated here.
 */
import { sql } from 'kysely'
import { heldQuery, inChunks, upsertFold } from '../db/batch.ts'
import type { Reader, Tx } from '../db/database.ts'
import type { Fold, LinkChange } from '../events/event.ts'
import { identifiersOfAll } from '../identity/store.ts'
import { builtIns } from './definition.ts'
import { leastWatch, matters, type Watch } from './watch.ts'

const watchQuery = 'select watch from segment_state where id = 1'
/**
 * Why somebody is due, the one that counts first: an event; an import, which triggers nothing; the passing of time, which
 * an import comes before, or else it would trigger what it changes.
 */
export const causes = { event: 0, imported: 1, time: 2 } as const
export const dueSpec = { key: ['identifier'], min: ['due', 'cause'] }
const idsAtOnce = 500

/** The fold of one database; what it watches is read with each batch, and parsed when it is another. */
export function dueFold(): Fold {
  const held = heldWatch()
  return {
    name: 'segments',
    async apply(tx, events) {
      const { watch, names } = await held(tx)
      const due = new Map<number, { due: number; cause: number }>()
      for (const event of events) {
        if (event.identifier === null || !matters(watch, names, event)) continue
        const known = due.get(event.identifier)
        const cause = event.historical ? causes.imported : causes.event
        due.set(event.identifier, { due: event.received, cause: Math.min(cause, known?.cause ?? cause) })
      }
      if (due.size > 0)
        await upsertFold(
          tx,
          'segment_due',
          dueSpec,
          [...due].sort(([a], [b]) => a - b).map(([identifier, row]) => ({ identifier, ...row })),
        )
    },
    async linked(tx, change) {
      const { watch } = await held(tx)
      const customers = watch.newcomers ? [...change.joined, ...change.made] : change.joined
      if (customers.length > 0) await markCustomers(tx, customers, change)
    },
    forget,
  }
}

function heldWatch() {
  let text: string | null = null
  let watch: Watch = leastWatch
  let names: ReadonlySet<string> = new Set()
  return async (reader: Reader) => {
    const [row] = await heldQuery<{ watch: string | null }>(reader, watchQuery, [])
    const now = row?.watch ?? null
    if (now !== text) {
      watch = now === null ? leastWatch : (JSON.parse(now) as Watch)
      names = new Set(watch.names)
      text = now
    }
    return { watch, names }
  }
}

/** All identifiers of these customers are due. */
export async function markCustomers(
  tx: Tx,
  customers: readonly number[],
  { received, historical }: Pick<LinkChange, 'received' | 'historical'>,
): Promise<void> {
  const linked = await identifiersOfAll(
    tx,
    [...new Set(customers)].sort((a, b) => a - b),
  )
  const one = new Map(linked.map(({ id, customer }) => [customer, id]))
  const rows = [...one.values()].sort((a, b) => a - b)
  const cause = historical ? causes.imported : causes.event
  await upsertFold(
    tx,
    'segment_due',
    dueSpec,
    rows.map((identifier) => ({ identifier, due: received, cause })),
  )
}

/** Who refused personalisation, or is a minor, is in no segment that is made up of what he did. */
async function forget(tx: Tx, identifiers: readonly number[]): Promise<void> {
  const kept = builtIns.flatMap(({ name, purpose }) => (purpose === 'service' ? [name] : []))
  for (const ids of inChunks(identifiers, idsAtOnce))
    await tx.k
      .deleteFrom('segment_members')
      .where('identifier', 'in', ids)
      .where(kept.length > 0 ? sql<boolean>`segment not in (${sql.join(kept)})` : sql<boolean>`1 = 1`)
      .execute()
}
