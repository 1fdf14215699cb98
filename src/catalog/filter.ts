/** Conditions on items, as requests and rules state them; all that are given must hold. */
export type FilterValue = string | number | boolean

export interface ItemFilter {
  /** In any of these categories. */
  readonly categories?: readonly string[]
  /** For each name, the attribute has (one of) the value(s); 5 and "5" are the same value. */
  readonly attributes?: Readonly<Record<string, FilterValue | readonly FilterValue[]>>
  /** Bounds in minor units of the item's currency, both inclusive; an item without a price is outside. */
  readonly price?: { readonly min?: number; readonly max?: number }
}

/** Answers for an internal item id. Stays true of the catalogue as it changes. */
export type ItemPredicate = (id: number) => boolean

export const everyItem: ItemPredicate = () => true

/** All of them; the cheap ones first, as given. */
export function allOf(predicates: readonly ItemPredicate[]): ItemPredicate {
  if (predicates.length === 0) return everyItem
  if (predicates.length === 1) return predicates[0]
  return (id) => {
    for (const holds of predicates) if (!holds(id)) return false
    return true
  }
}
