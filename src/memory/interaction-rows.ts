/** Reads rows of interactions, of one identifier or of many: the statement that every decision waits for. */
import { heldQuery, selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { InteractionRow } from '../db/tables.ts'
import { interactionColumns } from './interactions.ts'

const [, ...columns] = interactionColumns

/**
 * `node:sqlite` makes each value one by one; for 100 rows one JSON text of them all and `JSON.parse` take 60 µs where objects
 * took 123 and arrays 87 (the bare scan takes 7).
 */
const jsonQuery = `select json_group_array(json_array(${columns.join(', ')})) as rows from interactions where identifier = ?`

/** The rows of `identifiers`, each once; of one identifier by ascending (recipient, item) on SQLite. */
export async function interactionRows(reader: Reader, identifiers: readonly number[]): Promise<InteractionRow[]> {
  if (reader.engine !== 'sqlite') {
    const keys = identifiers.map((identifier) => [identifier])
    return selectByKeys<InteractionRow>(reader, 'interactions', ['identifier'], keys, interactionColumns)
  }
  const rows: InteractionRow[] = []
  for (const identifier of identifiers) {
    const [{ rows: json }] = await heldQuery<{ rows: string }>(reader, jsonQuery, [identifier])
    if (json === '[]') continue
    for (const values of JSON.parse(json) as StoredValues[]) rows.push(rowFrom(identifier, values))
  }
  return rows
}

/** In the order of `columns`. */
type StoredValues = [
  recipient: string,
  item: number,
  views: number,
  carts: number,
  bought: number,
  orders: number,
  returned: number,
  wished: number,
  refused: number,
  excused: number,
  boughtFirst: number,
  viewLast: number,
  cartLast: number,
  boughtLast: number,
  returnLast: number,
  wishLast: number,
  refusedLast: number,
  rating: number | null,
  ratingTime: number,
  ratingMessage: string,
]

function rowFrom(identifier: number, v: StoredValues): InteractionRow {
  return {
    identifier,
    recipient: v[0],
    item: v[1],
    views: v[2],
    carts: v[3],
    bought: v[4],
    orders: v[5],
    returned: v[6],
    wished: v[7],
    refused: v[8],
    excused: v[9],
    bought_first: v[10],
    view_last: v[11],
    cart_last: v[12],
    bought_last: v[13],
    return_last: v[14],
    wish_last: v[15],
    refused_last: v[16],
    rating: v[17],
    rating_time: v[18],
    rating_message: v[19],
  }
}
