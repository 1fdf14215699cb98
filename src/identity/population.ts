/** All identifiers and whose they are, for what reads everybody (training). */
import type { Reader } from '../db/database.ts'

/** Identifier `id` is linked to `customer`. */
export interface LinkedIdentifier {
  readonly id: number
  readonly customer: number
}

/** Rows read at once. */
const CHUNK = 1000

/** In chunks of whole customers, by ascending customer. */
export async function* identifiersByCustomer(reader: Reader): AsyncGenerator<LinkedIdentifier[]> {
  const links = reader.k.selectFrom('identifiers').select(['id', 'customer'])
  let after = 0
  for (;;) {
    const chunk = await links.where('customer', '>', after).orderBy('customer').orderBy('id').limit(CHUNK).execute()
    if (chunk.length === 0) return
    const last = chunk[chunk.length - 1].customer
    // The last customer of a full chunk may have more: all of his are read again.
    const rest = chunk.length < CHUNK ? [] : await links.where('customer', '=', last).orderBy('id').execute()
    yield rest.length === 0 ? chunk : [...chunk.filter(({ customer }) => customer !== last), ...rest]
    after = last
  }
}

/** Customers with an id above `after`, ascending, at most `limit`; one who was merged into another has no identifier. */
export async function customersAfter(reader: Reader, after: number, limit: number): Promise<number[]> {
  const rows = await reader.k
    .selectFrom('customers')
    .select('id')
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(({ id }) => id)
}

/** The highest id of a customer; 0 where there is none. */
export async function lastCustomer(reader: Reader): Promise<number> {
  const row = await reader.k
    .selectFrom('customers')
    .select((eb) => eb.fn.max('id').as('id'))
    .executeTakeFirst()
  return Number(row?.id ?? 0)
}

/** Every identifier by its name, in chunks by ascending id: for what must be found by a keyed hash. */
export async function* allIdentifiers(reader: Reader): AsyncGenerator<{ id: number; kind: string; value: string }[]> {
  const names = reader.k
    .selectFrom('identifiers')
    .select(['id', 'kind', 'value'])
    .orderBy('id')
    .limit(10 * CHUNK)
  for (let after = 0; ; ) {
    const chunk = await names.where('id', '>', after).execute()
    if (chunk.length > 0) yield chunk
    if (chunk.length < 10 * CHUNK) return
    after = chunk[chunk.length - 1].id
  }
}

/** Customers that have an identifier: one who was merged into another has none. */
export async function countCustomers(reader: Reader): Promise<number> {
  const { count } = await reader.k
    .selectFrom('identifiers')
    .select((row) => row.fn.count<number>('customer').distinct().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}
