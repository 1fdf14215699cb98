/**
 * Whether an item that the customer already has may be shown again. Coffee is bought again, a novel is not: the shop
 * says so by rule, or this shop's customers have shown it.
 */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { RepeatPolicy } from './rules.ts'

/** A category in which at least this share of (customer, item) pairs was bought more than once is bought again. */
const boughtAgain = 0.15
/** Fewer pairs than this say nothing of a category. */
export const fewestPairs = 20
/** Stands for the shelf of items without a category. */
const noCategory = ''

/** Of the pairs of a customer and an item that he bought for himself. */
export interface RepeatShare {
  readonly pairs: number
  /** How many of them in more than one order, 0 to 1. */
  readonly share: number
}

export interface RepeatPolicies {
  /** `learned` = the models that serve, with what they learned of repetition. */
  allows(id: number, policy: RepeatPolicy | null, learned: Learned | null): boolean
}

export interface Learned {
  /** By category. */
  readonly repeatShares: Readonly<Record<string, RepeatShare>>
}

/** What is learned of an item is what is learned of the narrowest of its categories of which enough is known. */
export function repeatPolicies(catalogue: Catalogue): RepeatPolicies {
  return {
    allows(id, policy, learned) {
      if (policy === 'always') return true
      if (policy === 'never' || !learned) return false
      const categories = catalogue.categoryIds(id)
      let narrowest: RepeatShare | undefined = categories.length === 0 ? learned.repeatShares[noCategory] : undefined
      for (const category of categories) {
        const known = learned.repeatShares[catalogue.categoryName(category)]
        if (known && (!narrowest || known.pairs < narrowest.pairs)) narrowest = known
      }
      return narrowest !== undefined && narrowest.share >= boughtAgain
    },
  }
}

/** By category; those with few pairs are left out. `pairs` with no order do not count. */
export function repeatShares(
  pairs: Iterable<{ readonly item: number; readonly orders: number }>,
  categoriesOf: (item: number) => readonly string[],
): Record<string, RepeatShare> {
  const counts = new Map<string, { pairs: number; again: number }>()
  for (const { item, orders } of pairs) {
    if (orders < 1) continue
    const categories = categoriesOf(item)
    for (const category of categories.length > 0 ? categories : [noCategory]) {
      const count = counts.get(category) ?? { pairs: 0, again: 0 }
      counts.set(category, count)
      count.pairs++
      if (orders > 1) count.again++
    }
  }
  const enough = [...counts].filter(([, count]) => count.pairs >= fewestPairs)
  return Object.fromEntries(enough.map(([category, { pairs, again }]) => [category, { pairs, share: again / pairs }]))
}
