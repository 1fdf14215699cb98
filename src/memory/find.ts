/**
 * Finding customers by what a service agent has at hand: an order's number, a name. (By identifier: `customersNamed` of
 * identity.) Answers customer ids alone; what is remembered of them takes a permit for each.
 */
import { sql } from 'kysely'
import type { Reader } from '../db/database.ts'
import { identifiersWith } from '../identity/store.ts'
import { NOBODY } from './order-changes.ts'

/** The customers who have an order of this number, who completed it first first; several, where several claim it. */
export async function findByOrder(reader: Reader, number: string, limit: number): Promise<number[]> {
  const rows = await reader.k
    .selectFrom('orders')
    .select('identifier')
    .where('number', '=', number.trim())
    .where('identifier', '<>', NOBODY)
    .orderBy('rank')
    .orderBy('identifier')
    // A customer may have it under several identifiers.
    .limit(limit * 4)
    .execute()
  const identifiers = rows.map(({ identifier }) => identifier)
  return (await customersOf(reader, identifiers)).slice(0, limit)
}

/** The customers in one of whose names `part` occurs, in any case; whose name begins with it come first. */
export async function findByName(reader: Reader, part: string, limit: number): Promise<number[]> {
  const asked = part.trim().toLowerCase()
  if (asked === '') return []
  const text = asked.replace(/[\\%_]/g, '\\$&')
  const begins = sql<number>`case when search like ${`${text}%`} escape '\\' then 0 else 1 end`
  const rows = await reader.k
    .selectFrom('traits')
    .select('identifier')
    .where('search', 'is not', null)
    .where(sql<boolean>`search like ${`%${text}%`} escape '\\'`)
    .orderBy(begins)
    .orderBy('search')
    .orderBy('identifier')
    // A customer may be found by several of his names.
    .limit(limit * 4)
    .execute()
  const identifiers = rows.map(({ identifier }) => identifier)
  return (await customersOf(reader, identifiers)).slice(0, limit)
}

async function customersOf(reader: Reader, identifiers: readonly number[]): Promise<number[]> {
  const ids = [...new Set(identifiers)]
  const customers = new Map((await identifiersWith(reader, ids)).map(({ id, customer }) => [id, customer]))
  return [...new Set(ids.flatMap((id) => customers.get(id) ?? []))]
}
