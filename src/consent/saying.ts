/**
 * What may be said unasked. What a customer told may be named to him; what he was seen doing is spoken of in general terms;
 * what was inferred is not spoken of. A ceiling lowers that further.
 */
import type { Ceiling } from './permit.ts'

/** Where a statement about a customer comes from. Told = his own explicit act: an answer, a rating, a wish, an order. */
export type Provenance = 'told' | 'observed' | 'inferred'

/** `named` = in particular; `general` = without what would tell it apart; `nothing` = not at all. */
export type Saying = 'named' | 'general' | 'nothing'

const levels: readonly Ceiling[] = ['anonymous', 'general', 'known', 'intimate']

/** The lower of two ceilings. */
export function lowest(a: Ceiling, b: Ceiling): Ceiling {
  return levels.indexOf(a) <= levels.indexOf(b) ? a : b
}

export function maySay(provenance: Provenance, ceiling: Ceiling): Saying {
  if (provenance === 'inferred' || ceiling === 'anonymous') return 'nothing'
  return provenance === 'told' && ceiling !== 'general' ? 'named' : 'general'
}
