/** Whether an item may stand in a list of one placement at all: before scores, and whatever a rule pins. */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Setting } from './placements.ts'
import type { RepeatPolicies } from './repeat.ts'
import type { PlacementName } from './request.ts'
import { admits, type CompiledRule, repeatPolicyOf } from './rules.ts'

export interface AllowanceNeeds {
  readonly name: PlacementName
  readonly setting: Setting
  readonly now: number
  /** Internal ids that are shown elsewhere in this answer, on a page before, or that the request excludes. */
  readonly taken: ReadonlySet<number>
  /** The request's own conditions. */
  readonly filter: (id: number) => boolean
  readonly rules: readonly CompiledRule[]
  readonly repeats: RepeatPolicies
  /** Receives the items that nothing but their audience rating keeps out. */
  readonly withheld: Set<number>
}

/** Nobody's age is known yet: only what is rated for everyone is shown. */
const knownAge = 0

/** A predicate over internal ids. The rating is asked last, so that `withheld` has only what it alone keeps out. */
export function allowance({
  name,
  setting,
  now,
  taken,
  filter,
  rules,
  repeats,
  withheld,
}: AllowanceNeeds): (id: number) => boolean {
  const { catalogue, customer, serving } = setting
  const repeatable = name === 'recent' || name === 'items'
  const barred = barredBy(name, setting)
  const owned = customer && !repeatable && customer.owned.size > 0 ? customer.owned : null
  const refused = customer && customer.refused.size > 0 ? customer.refused : null
  return (id) => {
    if (taken.has(id) || !catalogue.sellable(id, now)) return false
    if (refused && isAmong(refused, id, catalogue)) return false
    if (owned && isAmong(owned, id, catalogue) && !repeats.allows(id, repeatPolicyOf(rules, id), serving)) return false
    if (barred?.(id) || !filter(id) || !admits(rules, id)) return false
    if (catalogue.leastAge(id) <= knownAge) return true
    withheld.add(id)
    return false
  }
}

/** Whether `items` has the item or another variant of it: a list shows variants as one thing, so they are had as one. */
function isAmong(items: ReadonlySet<number>, id: number, catalogue: Catalogue): boolean {
  if (items.has(id)) return true
  const group = catalogue.group(id)
  if (group < 0) return false
  for (const member of catalogue.members(group)) if (items.has(member)) return true
  return false
}

/** What a placement cannot show for what it is: the item looked at, the cart itself, anything but the items given. */
function barredBy(name: PlacementName, { seed, cart, asked, customer, catalogue }: Setting) {
  switch (name) {
    case 'item': {
      const lookedAt = new Set(seed === null ? [] : [seed])
      return (id: number) => isAmong(lookedAt, id, catalogue)
    }
    case 'unavailable':
      return (id: number) => id === seed
    case 'cart': {
      const inCart = new Set(cart)
      return (id: number) => isAmong(inCart, id, catalogue)
    }
    case 'items': {
      const given = new Set(asked)
      return (id: number) => !given.has(id)
    }
    case 'recent': {
      const seen = new Set(customer?.recent)
      return (id: number) => !seen.has(id)
    }
    default:
      return null
  }
}
