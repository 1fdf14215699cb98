/** A customer as the rest of the engine sees one: an id and the identifiers linked to it. */
export interface Identity {
  readonly customer: number
  /** Ids of rows of `identifiers`, ascending. */
  readonly identifiers: readonly number[]
}

/** How somebody is named from outside. `user` is the shop's own id for a known customer. */
export interface Identifier {
  readonly kind: string
  readonly value: string
}
