/**
 * Whether an item that the customer already has may be shown again. Coffee is bought again, a novel is not: the shop
 * says so by rule, or this shop's customers have shown it.
 */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { RepeatPolicy } from './rules.ts'
import type { Serving } from './serving.ts'

/** A category in which at least this share of (customer, item) pairs was bought more than once is bought again. */
const boughtAgain = 0.15
/** Fewer pairs than this say nothing; the category counts as not bought again. */
export const fewestPairs = 20

export interface RepeatPolicies {
  allows(id: number, policy: RepeatPolicy | null, serving: Serving | null): boolean
}

export function repeatPolicies(catalogue: Catalogue): RepeatPolicies {
  return {
    allows(id, policy, serving) {
      if (policy === 'always') return true
      if (policy === 'never' || !serving) return false
      for (const category of catalogue.categoryIds(id)) {
        if ((serving.repeatShares[catalogue.categoryName(category)] ?? 0) >= boughtAgain) return true
      }
      return false
    },
  }
}

/** category -> share of its (customer, item) pairs with more than one order; categories with few pairs are left out. */
export function repeatShares(
  pairs: Iterable<{ readonly item: number; readonly orders: number }>,
  categoriesOf: (item: number) => readonly string[],
): Record<string, number> {
  const counts = new Map<string, { pairs: number; again: number }>()
  for (const { item, orders } of pairs) {
    if (orders < 1) continue
    for (const category of categoriesOf(item)) {
      const count = counts.get(category) ?? { pairs: 0, again: 0 }
      counts.set(category, count)
      count.pairs++
      if (orders > 1) count.again++
    }
  }
  const shares = [...counts].filter(([, count]) => count.pairs >= fewestPairs)
  return Object.fromEntries(shares.map(([category, { pairs, again }]) => [category, again / pairs]))
}
