/**
 * What a change of the catalogue is to those who wait for the item: it is there again, or costs less. Noted in the
 * transaction of the change, and only where somebody waits; who is told comes later, a piece at a time (item-news.ts).
 */
import { aliasesOf } from '../catalog/aliases.ts'
import { type ItemChange, type ItemWatch, lowestPrices } from '../catalog/prices.ts'
import { type ItemFacts, itemFacts } from '../catalog/read.ts'
import type { Config } from '../config.ts'
import { inChunks, selectByKeys, upsertRows } from '../db/batch.ts'
import type { Reader, Tx } from '../db/database.ts'
import { type Wait, waitedFor } from './waits.ts'

const day = 86_400_000

export type NewsKind = 'stock' | 'price'

/** Of a fall of the price; minor units of `currency`. */
export interface PriceFall {
  readonly price: number
  readonly currency: string | null
  readonly before: number
  /** The lowest of the days before; the law calls a price reduced by this. */
  readonly lowest: number
  /** Is it far enough below it to be told to who asked for no price of his own? */
  readonly counts: boolean
}

export interface News {
  readonly kind: NewsKind
  readonly item: number
  readonly time: number
  /** The identifier up to which it has been told. */
  readonly told: number
  /** Of `price`. */
  readonly fall: PriceFall | null
}

const key = ['kind', 'item'] as const
const columns = [...key, 'time', 'told', 'detail'] as const

export function itemWatch({ moments }: Pick<Config, 'moments'>): ItemWatch {
  return async (tx, changes, now) => {
    const back = changes.filter(({ before, after }) => before !== null && !isThere(before) && isThere(after))
    const fallen = changes.filter(fell)
    const touched = new Set([...back, ...fallen].map(({ item }) => item))
    if (touched.size === 0) return
    const wanted = await wantedOf(tx, [...touched])
    const news: News[] = back.map(({ item }) => ({ kind: 'stock', item, time: now, told: 0, fall: null }))
    news.push(
      ...(await fallsOf(
        tx,
        fallen.filter(({ item }) => wanted.has(item)),
        now,
        moments,
      )),
    )
    await writeNews(
      tx,
      news.filter(({ item }) => wanted.has(item)),
    )
  }
}

const isThere = ({ stock, hidden }: ItemChange['after']) => hidden === 0 && (stock === null || stock > 0)

function fell({ before, after }: ItemChange): boolean {
  if (before === null || before.price === null || after.price === null) return false
  return after.price < before.price && after.currency === before.currency
}

/** Those of the items (or whose other names) somebody waits for. */
async function wantedOf(tx: Tx, items: readonly number[]): Promise<Set<number>> {
  const wanted = new Set<number>()
  for (const chunk of inChunks(items, 500)) {
    const names = await aliasesOf(tx, chunk)
    const ids = [...chunk, ...names.keys()]
    for (const id of await waitedFor(tx, ids)) wanted.add(names.get(id) ?? id)
  }
  return wanted
}

async function fallsOf(
  tx: Tx,
  fallen: readonly ItemChange[],
  now: number,
  { priceDays, priceDrop }: Config['moments'],
): Promise<News[]> {
  if (fallen.length === 0) return []
  const asked = fallen.map(({ item, after: { currency } }) => ({ item, currency }))
  const known = await lowestPrices(tx, asked, now - priceDays * day, now)
  return fallen.map(({ item, before, after }) => {
    const [price, was] = [after.price as number, before?.price as number]
    const lowest = Math.min(was, known.get(item) ?? was)
    // To the cent: 8.99 after 9.99 is 10.01 per cent less.
    const counts = price <= lowest * (1 - priceDrop) + 1e-6
    const fall: PriceFall = { price, currency: after.currency, before: was, lowest, counts }
    return { kind: 'price', item, time: now, told: 0, fall }
  })
}

/** Who asks to be told of a price that is there already is told at once, as if it had just come to it. */
export async function noteReached(tx: Tx, waits: readonly Wait[], now: number): Promise<void> {
  const named = waits.filter(({ reason, waits: on, below }) => reason === 'watch' && on === 1 && below !== null)
  if (named.length === 0) return
  const items = await itemFacts(tx, [...new Set(named.map(({ item }) => item))])
  const reached = named.filter(({ item, below, currency }) => {
    const { price = null, currency: own = null } = items.get(item) ?? {}
    return price !== null && price < (below as number) && (own ?? currency) === currency
  })
  for (const item of new Set(reached.map((wait) => wait.item))) {
    const { price, currency } = items.get(item) as ItemFacts
    const [row] = await selectByKeys<NewsRow>(tx, 'item_news', key, [['price', item]], columns)
    // What is being told of it already is told from the beginning: nobody hears it twice, for its events are the same.
    const standing = row === undefined ? null : newsOf(row)
    const fall: PriceFall = {
      price: price as number,
      currency,
      before: price as number,
      lowest: price as number,
      counts: false,
    }
    await writeNews(tx, [standing ? { ...standing, told: 0 } : { kind: 'price', item, time: now, told: 0, fall }])
  }
}

/** Newer news of an item takes the place of what is still being told. */
export async function writeNews(tx: Tx, news: readonly News[]): Promise<void> {
  const rows = news.map(({ kind, item, time, told, fall }) => [kind, item, time, told, JSON.stringify(fall)])
  if (rows.length > 0) await upsertRows(tx, 'item_news', key, columns, rows)
}

/** The oldest news that is still being told; null = there is none. */
export async function oldestNews(reader: Reader): Promise<News | null> {
  const row = await reader.k
    .selectFrom('item_news')
    .select(columns)
    .orderBy('time')
    .orderBy('item')
    .orderBy('kind')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? null : newsOf(row)
}

/** The same news as it stands now; null = it is over, or there is newer. */
export async function newsAgain(reader: Reader, { kind, item, time, told }: News): Promise<News | null> {
  const rows = await selectByKeys<NewsRow>(reader, 'item_news', key, [[kind, item]], columns)
  const same = rows.find((row) => row.time === time && row.told === told)
  return same ? newsOf(same) : null
}

type NewsRow = { kind: string; item: number; time: number; told: number; detail: string }

function newsOf({ kind, item, time, told, detail }: NewsRow): News {
  return { kind: kind as NewsKind, item, time, told, fall: JSON.parse(detail) as PriceFall | null }
}

export async function endNews(tx: Tx, { kind, item }: Pick<News, 'kind' | 'item'>): Promise<void> {
  await tx.k.deleteFrom('item_news').where('kind', '=', kind).where('item', '=', item).execute()
}
