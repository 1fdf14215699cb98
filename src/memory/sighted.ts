/** Statements that are made when they are read: what they are made of, and what each says it was seen in. */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { AdmittedEvent } from '../events/event.ts'
import type { Discreet } from './discreet.ts'
import { type FactContent, observedId, type Statement } from './fact.ts'
import type { FactKindName } from './fact-kinds.ts'
import type { Purchase } from './purchases.ts'

/** The messages from which nothing is derived any more about a slot. */
export type Barred = (slot: Pick<FactContent, 'kind' | 'subject' | 'recipient'>) => ReadonlySet<string>

export interface Observing {
  /** In order of time. */
  readonly events: readonly AdmittedEvent[]
  readonly purchases: readonly Purchase[]
  readonly catalogue: Pick<Catalogue, 'canonical' | 'shopId' | 'categories' | 'attributeTerms'>
  readonly barred: Barred
  /** Internal ids of items that are not to count as taste. */
  readonly forgotten: ReadonlySet<number>
  /** Of what is sensitive no picture is made. */
  readonly discreet: Discreet
}

/** Message ids that are named as evidence of one fact. */
const mostEvidence = 50

export interface Sight {
  readonly kind: FactKindName
  readonly subject: string
  readonly recipient?: string
  readonly value: unknown
  readonly confidence?: number
  /** Messages in order of time. */
  readonly evidence: readonly string[]
  readonly first: number
  readonly last: number
  readonly channel: string
  readonly provenance?: 'told'
  readonly expires?: number
}

/** A statement that is made when it is read. */
export function sighted(sight: Sight): Statement {
  const { kind, subject, recipient = '', value, confidence = 1, evidence, first, last, channel } = sight
  const content = { kind, subject: subject.slice(0, 300), recipient, value, condition: null }
  return {
    ...content,
    id: observedId(content),
    provenance: sight.provenance ?? 'observed',
    confidence,
    channel,
    evidence: evidence.slice(-mostEvidence),
    validFrom: first,
    expires: sight.expires ?? null,
    by: null,
    time: last,
    message: evidence.at(-1) ?? '',
    identifier: 0,
  }
}
