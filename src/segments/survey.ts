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

interface Due {
  /** Milliseconds. */
  readonly at: number
  /** Nobody was ever compared: what is found before would be found anew. */
  readonly first: boolean
}

/** When the next survey is due. */
async function surveyDue(reader: Reader): Promise<Due> {
  const [row] = await heldQuery<StateRow>(reader, stateQuery, [])
  const computed = Number(row?.computed ?? 0)
  const begun = Number(row?.surveying ?? 0)
  const at = Math.max(computed === 0 ? 0 : computed + day, begun === 0 ? 0 : begun + patience)
  return { at, first: computed === 0 }
}

export interface SurveyNeeds {
  readonly db: Database
  readonly policy: Policy
  readonly currency: string
}

export interface Surveyed {
  /** Customers that were looked at. */
  readonly done: number
  /** When there is more to do: not after `now` = at once. */
  readonly next: number
  readonly first: boolean
}

/** The comparison of all, a piece at each call; what it has seen is lost with the process, and it is begun anew. */
export class Surveyor {
  readonly #needs: SurveyNeeds
  #under: { readonly survey: Survey; readonly now: number; after: number } | null = null

  constructor(needs: SurveyNeeds) {
    this.#needs = needs
  }

  /** Looks at the next `limit` customers, where it is due at `now`. */
  async step(now: number, limit: number): Promise<Surveyed> {
    const { db } = this.#needs
    const { at, first } = await surveyDue(db)
    if (this.#under === null) {
      if (at > now) return { done: 0, next: at, first }
      if (!(await db.write<boolean>('segments.beginSurvey', { now }))) return { done: 0, next: now + 1000, first }
      this.#under = { survey: new Survey(), now, after: 0 }
    }
    const under = this.#under
    const done = await this.#look(under, limit)
    if (done === limit) return { done, next: now, first }
    this.#under = null
    await db.write('segments.putLevels', { ...under.survey.result(), now: under.now })
    return { done: done + 1, next: now, first: false }
  }

  async #look(under: { readonly survey: Survey; readonly now: number; after: number }, limit: number): Promise<number> {
    const { db, policy, currency } = this.#needs
    const { survey, now } = under
    let done = 0
    while (done < limit) {
      const customers = await customersAfter(db, under.after, Math.min(piece, limit - done))
      if (customers.length === 0) break
      const subjects = await subjectsOf(db, policy, customers, 'personalisation', now)
      const views = await customerViews(db, subjects, wanted, { currency, now })
      for (const [customer, { orders }] of views) survey.add(customer, orders as readonly CountedOrder[], now)
      done += customers.length
      under.after = customers[customers.length - 1]
      // Requests go first.
      await breath()
    }
    return done
  }
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
