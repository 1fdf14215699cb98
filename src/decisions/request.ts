/** What a decision is asked, and what it answers. Times are milliseconds, prices minor units; the wire has its own form. */
export type { ItemFilter } from '../catalog/filter.ts'

import type { ItemFilter } from '../catalog/filter.ts'
import type { Ceiling, RulingReason } from '../consent/permit.ts'
import type { Purpose } from '../consent/policy.ts'
import type { Provenance } from '../consent/saying.ts'
import type { Identifier } from '../identity/identity.ts'
import type { ChangedSetting } from '../memory/decision-facts.ts'

export const placementNames = [
  'home',
  'item',
  'cart',
  'unavailable',
  'items',
  'popular',
  'trending',
  'rated',
  'new',
  'recent',
] as const

export type PlacementName = (typeof placementNames)[number]

export interface PlacementRequest {
  readonly name: PlacementName
  readonly count: number
}

export interface DecisionRequest {
  /** For whom; null = somebody of whom nothing is known. */
  readonly customer: Identifier | null
  /** The name of somebody for whom the customer buys: chosen by what he told of that person, and by nothing that anybody did. */
  readonly recipient?: string
  readonly placements: readonly PlacementRequest[]
  /** The shop's id of the item looked at (`item`, `unavailable`). */
  readonly item?: string
  /** The shop's ids to be ranked (`items`). */
  readonly items?: readonly string[]
  /** What ranks them: the customer's taste (default), or what customers say of them. */
  readonly order?: 'taste' | 'rating'
  /** The shop's ids in the cart; default: the customer's open cart. */
  readonly cart?: readonly string[]
  readonly context?: Readonly<Record<string, unknown>>
  /** How personal the answer may be at most: `anonymous` uses no memory, `general` names nothing of it. Default `known`. */
  readonly ceiling?: Ceiling
  /** A token of an earlier answer's `next`: what it showed is not shown again. */
  readonly after?: string
  readonly filters?: ItemFilter
  /** In which language reasons are worded (`de`); English by default. */
  readonly language?: string
  /** The shop's ids that must not be shown. */
  readonly exclude?: readonly string[]
  /** False = decide, but leave no trace in the log (previews). */
  readonly log?: boolean
}

/** Why an item is shown. `because` names the evidence, `again` says that the customer had it before; a reason never calls taste what a rule placed. */
export interface Reason {
  readonly kind:
    | 'because'
    | 'taste'
    | 'similar'
    | 'together'
    | 'instead'
    | 'popular'
    | 'alike'
    | 'trending'
    | 'rated'
    | 'trial'
    | 'new'
    | 'recent'
    | 'again'
    | 'recipient'
    | 'asked'
    | 'rule'
  readonly because?: readonly { readonly id: string; readonly title: string | null }[]
  /** The kind of model that contributed most. */
  readonly model?: string
  /** Of `rated`: what customers say of it. */
  readonly rating?: { readonly expected: number; readonly ratings: number; readonly verified: number }
  /** The rule that placed or moved the item. */
  readonly rule?: string
}

export interface RecommendedItem {
  readonly id: string
  readonly title: string | null
  readonly price: number | null
  readonly currency: string | null
  readonly image: string | null
  readonly url: string | null
  readonly score: number
  readonly reason: Reason
  readonly text: string
}

export interface PlacementAnswer {
  readonly items: readonly RecommendedItem[]
  /** Pass as `after` for the next page; absent where there is nothing more. */
  readonly next?: string
  /** Why the list is shorter, or not what was asked for; for people. */
  readonly note?: string
}

/** Why an answer is not personal: consent does not reach (`unset`, `denied`, ...), or there is nothing to go by. */
export interface Unpersonalised {
  readonly code: RulingReason | 'nobody' | 'unknown' | 'no-history' | 'no-model' | 'placement' | 'ceiling'
  readonly text: string
}

export interface DecisionAnswer {
  readonly decisionId: string
  readonly personalised: boolean
  /** Why it is not personal; absent where it is. */
  readonly reason?: Unpersonalised
  /** The purposes under which memory was used. */
  readonly purposes: readonly Purpose[]
  /** Where what was used of his memory comes from. */
  readonly provenance: readonly Provenance[]
  readonly model: { readonly version: number; readonly note?: string }
  readonly placements: Readonly<Partial<Record<PlacementName, PlacementAnswer>>>
  /** What the customer had left one way, and the shop or a substitute changed; absent = nothing. */
  readonly changed?: readonly ChangedSetting[]
}
