/**
 * Once a day all who have orders are compared, in pieces: what the best tenth brought, how soon people order again. Those
 * whose place that changes are due; where the shop's intervals changed, everybody is looked at again.
 */
import { setImmediate as breath } from 'node:timers/promises'
import type { Policy } from '../consent/policy.ts'
import { heldQuery, upsertRows } from '../db/batch.ts'
import type { Database, Handlers, Reader, Tx } from '../db/database.ts'
import { customersAfter } from '../identity/population.ts'
import { identifiersWith } from '../identity/store.ts'
import { customerViews, subjectsOf, type Wanted } from './customer-view.ts'
import { markCustomers } from './fold.ts'
import { type CountedOrder, type Levels, Survey, unknownLevels } from './levels.ts'
import { startSweep } from './settle.ts'
import { sizes } from './store.ts'

const day = 86_400_000
/** A survey that another process began and did not finish is begun anew after this time. */
const patience = 3_600_000
/** Customers at a time. */
const piece = 100
const wanted: Wanted = { roots: new Set(['orders']), customer: new Set(), events: null, lines: false, margin: true }

interface StateRow {
  readonly levels: string | null
  readonly computed: number
  readonly surveying: number
}

const stateQuery = 'select levels, computed, surveying from segment_state where id = 1'

/** What the survey found; what is usual before there was one. */
export async function levelsOf(reader: Reader): Promise<Levels> {
  const [row] = await heldQuery<StateRow>(reader, stateQuery, [])
  return row?.levels ? (JSON.parse(row.levels) as Levels) : unknownLevels
}

/** When the next survey is due, milliseconds. */
export async function surveyDue(reader: Reader): Promise<number> {
  const [row] = await heldQuery<StateRow>(reader, stateQuery, [])
  if (!row) return 0
  const { computed, surveying } = row
  return Math.max(
    computed === 0 ? 0 : Number(computed) + day,
    Number(surveying) === 0 ? 0 : Number(surveying) + patience,
  )
}

export interface SurveyNeeds {
  readonly db: Database
  readonly policy: Policy
  readonly currency: string
}

/** Compares all customers at `now`; false where another process does it. */
export async function runSurvey({ db, policy, currency }: SurveyNeeds, now: number): Promise<boolean> {
  if (!(await db.write<boolean>('segments.beginSurvey', { now }))) return false
  const survey = new Survey()
  for (let after = 0; ; ) {
    const customers = await customersAfter(db, after, piece)
    const subjects = await subjectsOf(db, policy, customers, 'personalisation', now)
    const views = await customerViews(db, subjects, wanted, { currency, now })
    for (const [customer, { orders }] of views) survey.add(customer, orders as readonly CountedOrder[], now)
    if (customers.length < piece) break
    after = customers[customers.length - 1]
    // Requests go first.
    await breath()
  }
  await db.write('segments.putLevels', { ...survey.result(), now })
  return true
}

interface PutLevels {
  readonly levels: Levels
  /** Customers. */
  readonly best: readonly number[]
  readonly now: number
}

export const surveyHandlers: Handlers = {
  async 'segments.beginSurvey'(tx, { now }: { now: number }): Promise<boolean> {
    const { numUpdatedRows } = await tx.k
      .updateTable('segment_state')
      .set({ surveying: now })
      .where('id', '=', 1)
      .where('surveying', '<=', now - patience)
      .where((row) => row.or([row('computed', '=', 0), row('computed', '<=', now - day)]))
      .executeTakeFirst()
    return numUpdatedRows > 0n
  },
  'segments.putLevels': putLevels,
}

async function putLevels(tx: Tx, { levels, best, now }: PutLevels): Promise<void> {
  const [row] = await heldQuery<StateRow>(tx, stateQuery, [])
  const before = row?.levels ? (JSON.parse(row.levels) as Levels) : null
  await tx.k
    .updateTable('segment_state')
    .set({ levels: JSON.stringify(levels), computed: now, surveying: 0 })
    .where('id', '=', 1)
    .execute()
  const isOther =
    before?.interval !== levels.interval || before.second !== levels.second || before.measure !== levels.measure
  // A first survey is no news about anybody.
  if (isOther) await startSweep(tx, before === null)
  else await markChanged(tx, best, now)
  const today = Math.floor(now / day)
  const rows = [...(await sizes(tx))].map(([segment, size]) => [segment, today, size])
  if (rows.length > 0) await upsertRows(tx, 'segment_days', ['segment', 'day'], ['segment', 'day', 'size'], rows)
}

/** Who is of the best tenth and not in the segment, and who is in it and no more of the best. */
async function markChanged(tx: Tx, best: readonly number[], now: number): Promise<void> {
  const rows = await tx.k
    .selectFrom('segment_members')
    .select('identifier')
    .where('segment', '=', 'best-tenth')
    .execute()
  const known = await identifiersWith(
    tx,
    rows.map(({ identifier }) => identifier),
  )
  const isIn = new Set(known.map(({ customer }) => customer))
  const isBest = new Set(best)
  const changed = [...best.filter((customer) => !isIn.has(customer)), ...[...isIn].filter((one) => !isBest.has(one))]
  if (changed.length > 0) await markCustomers(tx, changed, { received: now, historical: false })
}
