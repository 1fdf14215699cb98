/**
 * The looking itself: what is due is read and judged here, beside the writer, and only its outcome is written. Two processes
 * that look at the same row write it once: the second finds it changed, or its event's id known.
 */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import type { Policy } from '../consent/policy.ts'
import type { Database } from '../db/database.ts'
import { lookAtCart } from './abandoned.ts'
import { peopleBehind } from './behind.ts'
import { dueMoments, type Moment, nextMoment } from './due.ts'
import type { Derived, SettleMoments, SettleNews } from './handlers.ts'
import { tellNews } from './item-news.ts'
import { oldestNews } from './item-watch.ts'
import type { Look, Looking } from './look.ts'
import { lookAtOccasions } from './occasions.ts'
import { lookAtMissing } from './unavailable.ts'

/** Rows looked at in one piece: some tens of milliseconds. */
const momentsAtOnce = 100
const waitsAtOnce = 300

export interface MomentsNeeds {
  readonly db: Database
  readonly catalogue: Catalogue
  readonly config: Config
  readonly policy: Policy
  /** Is told of what was derived. */
  readonly note: (derived: Derived, now: number) => void
}

/** As the engine's loop calls it (engine/loop.ts). */
export interface MomentsWork {
  readonly name: string
  settle(now: number): Promise<{ done: number; next: number | null }>
}

export function momentsWorks(needs: MomentsNeeds): MomentsWork[] {
  return [
    { name: 'moments', settle: (now) => settleMoments(needs, now) },
    { name: 'news of items', settle: (now) => settleNews(needs, now) },
  ]
}

async function settleMoments({ db, catalogue, config, policy, note }: MomentsNeeds, now: number) {
  await db.catchUp()
  const due = await dueMoments(db, now, momentsAtOnce)
  if (due.length > 0) {
    await catalogue.upToDate(db)
    const identifiers = due.map(({ identifier }) => identifier)
    const people = await peopleBehind(db, policy, identifiers, now)
    const looking: Looking = { catalogue, config, now }
    // All at once: what they read of the same table is one statement on PostgreSQL.
    const looks = await Promise.all(
      due.map(async (moment): Promise<Look & { moment: Moment }> => {
        const behind = people.get(moment.identifier)
        const look = behind === undefined ? nothing : await looksByKind[moment.kind](db, looking, behind, moment)
        // Even a clock that jumped back leaves no row that is due for ever.
        const next = look.next === null ? null : Math.max(look.next, now + 1)
        return { moment, events: look.events, next }
      }),
    )
    const request: SettleMoments = { now, looks }
    note(await db.write<Derived>('moments.settle', request), now)
  }
  return { done: due.length, next: await nextMoment(db) }
}

const nothing: Look = { events: [], next: null }

const looksByKind = {
  cart: lookAtCart,
  unavailable: lookAtMissing,
  blocked: lookAtMissing,
  occasion: lookAtOccasions,
} as const

async function settleNews({ db, catalogue, config, policy, note }: MomentsNeeds, now: number) {
  await db.catchUp()
  const news = await oldestNews(db)
  if (news === null) return { done: 0, next: null }
  await catalogue.upToDate(db)
  const outcome = await tellNews(db, news, { catalogue, config, policy, now, limit: waitsAtOnce })
  const request: SettleNews = { now, news, ...outcome }
  note(await db.write<Derived>('moments.tell', request), now)
  return { done: 1, next: now }
}
