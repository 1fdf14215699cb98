/** What customers came to through which placement: the outcomes of the log, as far as they say that somebody cared. */
import { inChunks } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import { identifiersWith } from '../identity/store.ts'
import { caring } from './feedback.ts'

const reachMs = 90 * 86_400_000
const mostOutcomes = 200_000
const atOnce = 500

/** By customer and internal item id (`ledKey`), the placement of the latest list that led him there. */
export async function ledThere(
  reader: Reader,
  canonical: (item: number) => number,
  now: number,
): Promise<Map<string, string>> {
  const outcomes = await reader.k
    .selectFrom('outcomes')
    .select(['decision', 'item', 'time'])
    .where('kind', 'in', [...caring])
    .where('time', '>=', now - reachMs)
    .orderBy('time', 'desc')
    .limit(mostOutcomes)
    .execute()
  const found = new Map<string, string>()
  const byDecision = Map.groupBy(outcomes, ({ decision }) => decision)
  // The latest decisions first, so the first that is found holds.
  for (const ids of inChunks([...byDecision.keys()], atOnce)) {
    const decisions = await reader.k
      .selectFrom('decisions')
      .select(['id', 'placement', 'identifier', 'items'])
      .where('id', 'in', ids)
      .where('identifier', 'is not', null)
      .execute()
    const linked = await identifiersWith(reader, [...new Set(decisions.map(({ identifier }) => identifier as number))])
    const customerOf = new Map(linked.map(({ id, customer }) => [id, customer]))
    const rows = Map.groupBy(decisions, ({ id }) => id)
    for (const { id, placement, identifier, items } of ids.flatMap((one) => rows.get(one) ?? [])) {
      const customer = customerOf.get(identifier as number)
      const shown = new Set((JSON.parse(items) as [number][]).map(([item]) => item))
      for (const { item } of byDecision.get(id) ?? []) {
        const key = customer === undefined ? '' : ledKey(customer, canonical(item))
        if (customer !== undefined && shown.has(item) && !found.has(key)) found.set(key, placement)
      }
    }
  }
  return found
}

export const ledKey = (customer: number, item: number): string => `${customer} ${item}`
