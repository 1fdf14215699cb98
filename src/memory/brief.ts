/**
 * What somebody who speaks with a customer may say, and what not (consent/saying.ts): what he told may be named, what he was
 * seen doing is spoken of in general terms, guesses and what is sensitive not at all, unless he begins. Pure.
 */
import { maySay } from '../consent/saying.ts'
import { type FactKind, type FactKindName, factKinds } from './fact-kinds.ts'
import type { FactView } from './fact-view.ts'

export interface Brief<T> {
  readonly named: readonly T[]
  readonly general: readonly T[]
  /** He does not want it: it is neither offered nor praised. */
  readonly refused: readonly T[]
  readonly sensitive: readonly T[]
  readonly guesses: readonly T[]
}

/** Seen elsewhere on the page, or nobody's business in a conversation. */
const apart: ReadonlySet<FactKindName> = new Set<FactKindName>([
  ...(['complaint', 'contact', 'email', 'note', 'question', 'gift', 'payment', 'address', 'consent'] as const),
])

/** `isDiscreet`: a subject that names something sensitive to which he did not agree. */
export function briefOf<T extends FactView>(facts: readonly T[], isDiscreet: (subject: string) => boolean): Brief<T> {
  const brief = { named: [] as T[], general: [] as T[], refused: [] as T[], sensitive: [] as T[], guesses: [] as T[] }
  for (const fact of facts) {
    const { kind, value, subject, provenance } = fact
    if (apart.has(kind)) continue
    if ((factKinds[kind] as FactKind).sensitive || isDiscreet(subject)) brief.sensitive.push(fact)
    else if (kind === 'preference' && value !== 'likes') brief.refused.push(fact)
    else {
      const saying = maySay(provenance, 'known')
      brief[saying === 'nothing' ? 'guesses' : saying].push(fact)
    }
  }
  return brief
}
