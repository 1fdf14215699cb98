/**
 * Schedules: the Thursday letter. When one is due, its members are noted a piece at a time, each as if something had
 * happened to him; what follows is the same as for every event. One process notes a piece, whatever others do.
 */
import { insertRows, updateByKeys } from '../db/batch.ts'
import type { Handlers, Reader, Tx } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import { customersAfter } from '../identity/population.ts'
import { identifiersOfAll } from '../identity/store.ts'
import { memberPage, segmentNamed } from '../segments/store.ts'
import { nextOnSchedule } from './duration.ts'
import { type Noted, notedColumns } from './fold.ts'
import type { Journey } from './journey.ts'
import type { RunnerNeeds } from './needs.ts'
import { activeJourneys } from './shelf.ts'
import { scheduleEvent } from './trigger-form.ts'

/** Members noted together. */
const piece = 500
/** One that was missed while nothing ran is not made up for after so long. */
const latestMs = 6 * 3_600_000
/** Not under way. */
const idle = -1

/** As if it had been missed for too long: its next time is worked out anew. */
export function skippedSchedule(now: number): { due: number; after_id: number } {
  return { due: now - latestMs - 1, after_id: idle }
}

interface ScheduleRow {
  readonly journey: string
  readonly due: number
  readonly after_id: number
  readonly turn: number
}

interface Noting {
  readonly journey: string
  /** Of the row as it was read; null = there is none yet. */
  readonly turn: number | null
  readonly due: number
  readonly after_id: number
  readonly rows: readonly unknown[][]
}

export const scheduleHandlers: Handlers = {
  'journeys.note': (tx, noting: Noting) => note(tx, noting),
}

async function note(tx: Tx, { journey, turn, due, after_id, rows }: Noting): Promise<void> {
  if (turn === null) {
    const row = { journey, due, turn: 0, after_id }
    await tx.k
      .insertInto('journey_schedules')
      .values(row)
      .onConflict((conflict) => conflict.column('journey').doNothing())
      .execute()
    return
  }
  const values = [[journey, turn, due, after_id, turn + 1]]
  const columns = ['due', 'after_id', 'turn']
  const [isOurs] = await updateByKeys(tx, 'journey_schedules', ['journey', 'turn'], columns, values)
  if (isOurs && rows.length > 0) await insertRows(tx, 'journey_inbox', notedColumns, rows)
}

export class Schedules {
  readonly name = 'journeys: schedules'
  readonly #needs: RunnerNeeds

  constructor(needs: RunnerNeeds) {
    this.#needs = needs
  }

  async settle(now: number): Promise<{ done: number; next: number | null }> {
    const { db, shelf } = this.#needs
    const active = (await activeJourneys(db, shelf)).filter(({ trigger }) => trigger.kind === 'every')
    // Of two that are due at once, the more important lets its customers in first.
    const journeys = active.toSorted((a, b) => b.priority - a.priority)
    if (journeys.length === 0) return { done: 0, next: null }
    const rows = await db.k.selectFrom('journey_schedules').select(['journey', 'due', 'after_id', 'turn']).execute()
    const byJourney = new Map(rows.map((row) => [row.journey, row]))
    let done = 0
    let next: number | null = null
    for (const journey of journeys) {
      const noting = await this.#noting(journey, byJourney.get(journey.id), now)
      const row = noting ?? (byJourney.get(journey.id) as ScheduleRow)
      if (noting !== null) await db.write('journeys.note', noting)
      done += noting?.rows.length ?? 0
      const due = row.after_id === idle ? row.due : now
      next = next === null ? due : Math.min(next, due)
    }
    return { done, next }
  }

  /** What is to be written for a schedule now; null = nothing. */
  async #noting(journey: Journey, row: ScheduleRow | undefined, now: number): Promise<Noting | null> {
    const { trigger } = journey
    if (trigger.kind !== 'every') return null
    const { timeZone } = this.#needs.config
    const next = nextOnSchedule(now, trigger, timeZone)
    const begun = { journey: journey.id, turn: row?.turn ?? null, after_id: idle, rows: [] }
    if (row === undefined) return { ...begun, due: next }
    if (row.after_id === idle) {
      // Another version may have another time.
      if (row.due > now) return row.due === next ? null : { ...begun, due: next }
      if (row.due < now - latestMs) return { ...begun, due: next }
    }
    const { rows, last } = await this.#members(journey.id, trigger.segment, row, now)
    return { ...begun, rows, due: last === null ? next : row.due, after_id: last ?? idle }
  }

  /** The next piece of those whose turn it is; `last` = null where it was the last piece. */
  async #members(journey: string, segment: string, { due, after_id }: ScheduleRow, now: number) {
    const { db, policy } = this.#needs
    const after = Math.max(0, after_id)
    const { ids, last } =
      segment === '' ? await everybody(db, after) : await membersOf(db, segment, { after, policy, now })
    const name = scheduleEvent(journey)
    const rows = ids.map((identifier) => {
      const properties = segment === '' ? {} : { segment }
      const noted: Noted = { time: due, received: now, messageId: `${name}:${due}`, properties, items: [] }
      return [now, identifier, name, 0, JSON.stringify(noted)]
    })
    return { rows, last }
  }
}

interface Members {
  readonly ids: readonly number[]
  readonly last: number | null
}

async function everybody(reader: Reader, after: number): Promise<Members> {
  const customers = await customersAfter(reader, after, piece)
  const linked = Map.groupBy(await identifiersOfAll(reader, customers), ({ customer }) => customer)
  const ids = [...linked.values()].map(([first]) => first.id)
  return { ids, last: customers.length < piece ? null : (customers.at(-1) ?? null) }
}

type MembersAsked = Pick<RunnerNeeds, 'policy'> & { readonly after: number; readonly now: number }

/** A segment that is gone has nobody. */
async function membersOf(reader: Reader, segment: string, { after, policy, now }: MembersAsked): Promise<Members> {
  try {
    const found = await segmentNamed(reader, segment)
    const page = await memberPage(reader, found, { policy, now, after: String(after), limit: piece })
    return {
      ids: page.members.map(({ identifier }) => identifier),
      last: page.next === null ? null : Number(page.next),
    }
  } catch (error) {
    if (error instanceof HabitueError && error.code === 'not_found') return { ids: [], last: null }
    throw error
  }
}
