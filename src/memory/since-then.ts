/** What became of an item between a customer and the shop, for who is about to be told of it. */
import type { Permit } from '../consent/permit.ts'
import { selectByKeys } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'

export interface ItemFate {
  /** When he last bought it for himself; 0 = never. */
  readonly bought: number
  /** He does not want to see it. */
  readonly refused: boolean
}

/** By customer, for one item under all its internal ids. */
export async function fateOf(
  reader: Reader,
  permits: readonly Permit[],
  items: readonly number[],
): Promise<Map<number, ItemFate>> {
  type Row = { identifier: number; bought_last: number; refused: number; refused_last: number }
  const keys = permits.flatMap(({ identifiers }) =>
    identifiers.flatMap((identifier) => items.map((item) => [identifier, '', item])),
  )
  const columns = ['identifier', 'bought_last', 'refused', 'refused_last'] as const
  const rows = await selectByKeys<Row>(reader, 'interactions', ['identifier', 'recipient', 'item'], keys, columns)
  const byIdentifier = Map.groupBy(rows, ({ identifier }) => identifier)
  return new Map(
    permits.map(({ customer, identifiers }) => {
      const own = identifiers.flatMap((identifier) => byIdentifier.get(identifier) ?? [])
      const bought = Math.max(0, ...own.map(({ bought_last }) => bought_last))
      const refused = own.some((row) => row.refused > 0 && row.refused_last >= bought)
      return [customer, { bought, refused }]
    }),
  )
}
