/** What a placement is given, what it proposes, and the simplest proposal: things that are in order already. */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Ceiling } from '../consent/permit.ts'
import type { Board } from '../reviews/board.ts'
import type { CustomerState } from './customer-state.ts'
import { type Allowance, firstAllowed } from './rank.ts'
import type { Reason } from './request.ts'
import type { Candidate } from './rules.ts'
import type { Serving } from './serving.ts'
import type { Trends } from './trends.ts'

/** All that a placement may look at. Item ids are internal. */
export interface Setting {
  readonly serving: Serving | null
  readonly catalogue: Catalogue
  readonly trends: Trends
  readonly customer: CustomerState | null
  /** How personal the answer may be. */
  readonly dial: Ceiling
  /** The item looked at, or out of stock. */
  readonly seed: number | null
  readonly cart: readonly number[]
  /** The cart is what memory holds, not what the request says. */
  readonly cartRemembered: boolean
  /** The items to be ranked, and the names among them that the catalogue does not know. */
  readonly asked: readonly number[]
  readonly unknown: readonly string[]
  /** How items stand by what customers say of them. */
  readonly board: Board
  /** What ranks the items asked for. */
  readonly order: 'taste' | 'rating'
  /** Two vectors of the serving model's length, free to use. */
  readonly scratch: readonly [Float32Array, Float32Array]
}

export interface Proposal {
  /** Highest score first; fewer than the pool asked for = there are no more. */
  readonly candidates: Candidate[]
  /** Told which candidates will be shown, before their reasons are asked for: what is worked out of one may serve another. */
  prepare?(ids: readonly number[]): void
  reasonOf(id: number): Reason
  readonly personalised: boolean
  readonly note?: string
}

export type Propose = (setting: Setting, pool: number, allowed: Allowance) => Proposal

/** The first that are allowed, all for the same reason. */
export function proposeSorted(sorted: Iterable<Candidate>, reason: Reason, pool: number, allowed: Allowance): Proposal {
  return { candidates: firstAllowed(sorted, pool, allowed.allows), personalised: false, reasonOf: () => reason }
}

/** As reasons name them. */
export function named(catalogue: Catalogue, ids: readonly number[]) {
  return ids.map((id) => ({ id: catalogue.shopId(id) ?? '', title: catalogue.title(id) }))
}
