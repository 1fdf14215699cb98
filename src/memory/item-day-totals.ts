/** Counts of items over everybody, for what is popular and what is rising: recent days one by one, older ones by 30. */
import { sql } from 'kysely'
import type { Reader } from '../db/database.ts'
import { dayOf } from './item-days.ts'

export interface ItemDayTotal {
  readonly item: number
  /** Days since 1970; of older counts the first day of their 30. */
  readonly day: number
  readonly views: number
  readonly carts: number
  readonly bought: number
}

const singleDays = 35
const reachDays = 365

/** The counts of the year that ends with the newest day that has any (not later than `now`): an imported past has its own. */
export async function itemDayTotals(reader: Reader, now: number): Promise<ItemDayTotal[]> {
  const newest = await reader.k
    .selectFrom('item_days')
    .select((eb) => eb.fn.max('day').as('day'))
    .where('day', '<=', dayOf(now) + 1)
    .executeTakeFirst()
  if (newest?.day == null) return []
  const last = newest.day
  const day = sql<number>`case when day > ${sql.lit(last - singleDays)} then day else (day / 30) * 30 end`
  const rows = await reader.k
    .selectFrom('item_days')
    .select(['item', day.as('bucket')])
    .select((eb) => [
      eb.fn.sum<number>('views').as('views'),
      eb.fn.sum<number>('carts').as('carts'),
      eb.fn.sum<number>('bought').as('bought'),
    ])
    .where('day', '>', last - reachDays)
    .where('day', '<=', last)
    .groupBy(['item', day])
    .execute()
  return rows.map(({ item, bucket, views, carts, bought }) => ({
    item,
    day: bucket,
    views: +views,
    carts: +carts,
    bought: +bought,
  }))
}
