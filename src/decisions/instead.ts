/** What to offer instead of an item, or beside one that the models do not know: alike by description, shelf and price. */
import type { Catalogue } from '../catalog/catalogue.ts'
import { neighbourhood } from './neighbourhood.ts'
import { named, type Proposal, proposeSorted, type Setting } from './proposal.ts'
import { type Allowance, best } from './rank.ts'
import type { Reason } from './request.ts'
import type { Candidate } from './rules.ts'
import type { Serving } from './serving.ts'

/**
 * Instead of an item that is out of stock: alike by description, of its own category, at a like price, ranked for this
 * customer.
 */
export function proposeInstead(setting: Setting, pool: number, allowed: Allowance): Proposal {
  const { serving, seed, catalogue, customer } = setting
  const index = serving && seed !== null ? serving.indexOf(seed) : -1
  if (!serving || seed === null || index < 0) return proposeShelf(setting, pool, allowed, 'instead')
  const purposes = new Set(catalogue.categoryIds(seed))
  const [scores, taste] = setting.scratch
  neighbourhood(serving, [index], scores, taste, 0.2)
  const personal = customer !== null && customer.history.items.length > 0
  if (personal) serving.tasteIn('unavailable').score(customer.history, taste)
  const nearest = best(scores, serving.ids, Math.max(pool, 100), allowed)
  if (nearest.length === 0) return proposeShelf(setting, pool, allowed, 'instead')
  const range = personal ? spread(nearest, serving, taste) : null
  for (const candidate of nearest) {
    const alike = purposes.size === 0 || catalogue.categoryIds(candidate.id).some((one) => purposes.has(one))
    const liking = range ? range(candidate.id) : 0
    candidate.score *= priceCloseness(catalogue, candidate.id, seed) * (alike ? 1 : 0.1) * (1 + 0.5 * liking)
  }
  nearest.sort((a, b) => b.score - a.score || a.id - b.id)
  const because = named(catalogue, [seed])
  return { candidates: nearest.slice(0, pool), personalised: personal, reasonOf: () => ({ kind: 'instead', because }) }
}

/** exp(-|ln(price / price of the other)|): twice as dear is half as near, as is what has no price to compare. */
function priceCloseness(catalogue: Catalogue, id: number, other: number): number {
  const a = catalogue.card(id)
  const b = catalogue.card(other)
  return a.price && b.price && a.currency === b.currency ? Math.exp(-Math.abs(Math.log(a.price / b.price))) : 0.5
}

/** Before any model knows an item: what stands on the same shelf (shares categories), the nearest in price first. */
export function proposeShelf(
  setting: Setting,
  pool: number,
  allowed: Allowance,
  kind: 'similar' | 'instead',
): Proposal {
  const { catalogue, trends } = setting
  const seed = setting.seed as number
  const shelf = new Set(catalogue.categoryIds(seed))
  const sorted: Candidate[] = []
  for (const id of shelf.size > 0 ? catalogue.ids() : []) {
    const shared = catalogue.categoryIds(id).filter((category) => shelf.has(category)).length
    if (shared > 0) sorted.push({ id, score: (shared / shelf.size) * priceCloseness(catalogue, id, seed) })
  }
  sorted.sort((a, b) => b.score - a.score || a.id - b.id)
  const reason: Reason = { kind, because: named(catalogue, [seed]) }
  const proposal = proposeSorted(sorted, reason, pool, allowed)
  const note = 'the models do not know the item'
  if (proposal.candidates.length > 0) return { ...proposal, note }
  return { ...proposeSorted(trends.popular, { kind: 'popular' }, pool, allowed), note }
}

/** Scores of `taste` among the candidates, spread over 0..1. */
function spread(candidates: readonly Candidate[], serving: Serving, taste: Float32Array): (id: number) => number {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const { id } of candidates) {
    const value = taste[serving.indexOf(id)]
    if (!Number.isFinite(value)) continue
    if (value < low) low = value
    if (value > high) high = value
  }
  return (id) => {
    const value = taste[serving.indexOf(id)]
    return Number.isFinite(value) && high > low ? (value - low) / (high - low) : 0
  }
}
