/** Whether an item may stand in a list of one placement at all: before scores, and whatever a rule pins. */
import type { Catalogue } from '../catalog/catalogue.ts'
import { momentOf } from '../memory/conditions.ts'
import type { CustomerState, Ids } from './customer-state.ts'
import type { Setting } from './proposal.ts'
import type { Allowance } from './rank.ts'
import type { RepeatPolicies } from './repeat.ts'
import type { DecisionRequest, PlacementName } from './request.ts'
import { admits, type CompiledRule, repeatPolicyOf } from './rules.ts'

export interface AllowanceNeeds {
  readonly name: PlacementName
  readonly request: Pick<DecisionRequest, 'context'>
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

/** Of whom nothing is known only what is rated for everyone is shown. */
const unknownAge = 0

/** The rating is asked last, so that `withheld` has only what it alone keeps out. */
export function allowance(needs: AllowanceNeeds): Allowance {
  const { name, request, setting, now, taken, filter, rules, repeats, withheld } = needs
  const { catalogue, customer, serving, seed } = setting
  const repeatable = name === 'recent' || name === 'items'
  const barred = barredBy(name, setting)
  // A page that is about something sensitive, or names it, may speak of it; nothing else does.
  const aboutSensitive = (name === 'item' || name === 'unavailable') && seed !== null && catalogue.sensitive(seed)
  const mayName = name === 'items' || aboutSensitive
  // Others look at a home page too, whatever he agreed to.
  const shared = name === 'home'
  const discreet = customer?.discreet ?? ((id: number) => catalogue.sensitive(id))
  const age = customer?.age ?? unknownAge
  const owned = customer && !repeatable && customer.owned.size > 0 ? customer.owned : null
  const refused = customer && customer.refused.size > 0 ? customer.refused : null
  const never = customer?.never(momentOf(request.context))
  const allows = (id: number): boolean => {
    if (taken.has(id) || !catalogue.sellable(id, now)) return false
    if (never?.(id) || (refused && isAmong(refused, id, catalogue))) return false
    if (owned && isAmong(owned, id, catalogue) && !repeats.allows(id, repeatPolicyOf(rules, id), serving)) return false
    if (!mayName && (shared ? catalogue.sensitive(id) : discreet(id))) return false
    if (barred?.(id) || !filter(id) || !admits(rules, id)) return false
    if (catalogue.leastAge(id) <= age) return true
    withheld.add(id)
    return false
  }
  // A rule may change what is said of repetition; then each item is asked about.
  const hidden = customer && !repeatable && rules.length === 0 ? hiddenFrom(customer, catalogue, repeats) : nothing
  return { allows, hidden }
}

const nothing = new Int32Array(0)

interface Hidden {
  readonly revision: number
  readonly indices: Int32Array
}

const kept = new WeakMap<CustomerState, Hidden>()

/**
 * Model indices of what the customer refused, or has and would not have again: most of what scores highest. Kept as long
 * as what is known of the customer and the catalogue stand still.
 */
function hiddenFrom(customer: CustomerState, catalogue: Catalogue, repeats: RepeatPolicies): Int32Array {
  const { serving, owned, refused } = customer
  if (!serving) return nothing
  const { revision } = catalogue
  const found = kept.get(customer)
  if (found?.revision === revision) return found.indices
  const hidden = new Set<number>()
  for (const id of refused.all) hidden.add(serving.indexOf(id))
  for (const id of owned.all) if (!repeats.allows(id, null, serving)) hidden.add(serving.indexOf(id))
  hidden.delete(-1)
  const indices = Int32Array.from(hidden)
  kept.set(customer, { revision, indices })
  return indices
}

/** Whether `items` has the item or another variant of it: a list shows variants as one thing, so they are had as one. */
function isAmong(items: Pick<Ids, 'has'>, id: number, catalogue: Catalogue): boolean {
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
