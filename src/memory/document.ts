/**
 * The memory document: everything that is known of one customer, in plain sentences, grouped, each with where it comes from
 * and when. What is derived is derived while reading, so a deletion, a merge or its undoing shows at once.
 */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Permit } from '../consent/permit.ts'
import type { ConsentView } from '../consent/view.ts'
import type { Reader } from '../db/database.ts'
import { identifiersOf } from '../identity/store.ts'
import { isOpenComplaint } from './complaints.ts'
import { agreedIn } from './decision-facts.ts'
import { type Discreet, discreetFor, discreetSubject } from './discreet.ts'
import type { Statement } from './fact.ts'
import { type FactKind, type FactKindName, factKinds, type Part, parts } from './fact-kinds.ts'
import { barredEvidence, currentFacts, type FactView } from './fact-view.ts'
import { sentenceOf, sourceOf } from './fact-words.ts'
import { type StoredFacts, storedFacts } from './facts.ts'
import { observe } from './observed.ts'
import { observedEvents } from './observed-events.ts'

export interface Known {
  /** What holds, told, observed and inferred. */
  readonly facts: readonly FactView[]
  /** What is sensitive, and nothing that he agreed to: it is not spoken of unasked. */
  readonly discreet: Discreet
  readonly identifiers: readonly { readonly kind: string; readonly value: string; readonly firstSeen: number }[]
}

export interface Asked {
  readonly now: number
  /** Look back: only what was known at `now`. */
  readonly past: boolean
  /** What is learned from his orders elsewhere, where a profile may be made; absent = nothing. */
  readonly learn?: (profile: Permit, known: Learned) => Promise<readonly Statement[]>
}

/** What those who learn must know of him. */
export interface Learned extends Pick<StoredFacts, 'forgotten' | 'tombstones'> {
  readonly discreet: Discreet
  readonly now: number
}

/**
 * What is known of the customer of `permit`. `profile` = the permit to use what he did for a picture of him; null = he does not
 * allow it, and then nothing is observed of his taste, nor shown that was inferred.
 */
export async function knownFacts(
  reader: Reader,
  permit: Permit,
  profile: Permit | null,
  catalogue: Catalogue,
  { now, past, learn }: Asked,
): Promise<Known> {
  const until = past ? now : undefined
  const { statements, tombstones, forgotten } = await storedFacts(reader, permit, until)
  const events = await observedEvents(reader, permit, until)
  const since = (identifier: number) =>
    profile === null ? Number.POSITIVE_INFINITY : (profile.since?.get(identifier) ?? 0)
  const open = profile !== null && profile.since === null
  const used = open ? events : events.filter(({ identifier, time }) => time >= since(identifier as number))
  const told = statements.filter(({ provenance }) => provenance === 'told')
  const agreed = agreedIn(currentFacts({ statements: told, tombstones }, now))
  const discreet = discreetFor(agreed, catalogue)
  const observed = observe({ events, catalogue, forgotten, barred: barredEvidence(tombstones), discreet }, used)
  const learnt = profile && learn ? await learn(profile, { forgotten, tombstones, discreet, now }) : []
  const kept = statements.filter(
    (one) =>
      one.provenance === 'told' ||
      isRecord(one) ||
      (one.time >= since(one.identifier) && !discreetSubject(one.subject, agreed, catalogue)),
  )
  const identifiers = await identifiersOf(reader, permit)
  return {
    discreet,
    facts: currentFacts({ statements: [...kept, ...observed, ...learnt], tombstones }, now),
    identifiers: identifiers.filter(({ firstSeen }) => firstSeen <= now),
  }
}

/** What an order or a mail says outright is no guess about him. */
function isRecord({ kind }: { readonly kind: FactKindName }): boolean {
  return kind === 'occasion' || kind === 'email'
}

/** One sentence of the document, with what a program needs to change it. */
export interface MemoryStatement extends FactView {
  /** For people, in English. */
  readonly text: string
  /** Where it comes from, for people. */
  readonly from: string
}

export interface MemoryDocument {
  /** The time that it shows; null = now. */
  readonly at: number | null
  readonly name: string | null
  readonly identifiers: Known['identifiers']
  /** What whoever serves him must see first: complaints that are open. */
  readonly attention: readonly MemoryStatement[]
  readonly parts: Readonly<Record<Part, readonly MemoryStatement[]>>
  readonly consent: readonly ConsentStatement[]
}

/** What may be done for one purpose, and who said so. */
export interface ConsentStatement {
  readonly text: string
  readonly from: string
  readonly purpose: string
  readonly allowed: boolean
  /** When he answered, milliseconds; null = he did not. */
  readonly answered: number | null
}

/** The statements of each part: surest first, then latest. */
export function memoryDocument(
  { facts, identifiers }: Known,
  consent: ConsentView,
  catalogue: Catalogue,
  at: number | null,
): MemoryDocument {
  const statements = inOrder(facts).map((fact) => stated(fact, catalogue))
  const of = (part: Part) => statements.filter(({ kind }) => (factKinds[kind] as FactKind).part === part)
  return {
    at,
    name: nameIn(facts),
    identifiers,
    attention: statements.filter(isOpenComplaint),
    parts: Object.fromEntries(parts.map((part) => [part, of(part)])) as unknown as MemoryDocument['parts'],
    consent: consent.purposes.map(consentStatement),
  }
}

const kindOrder = new Map((Object.keys(factKinds) as FactKindName[]).map((kind, i) => [kind, i]))
const order = ({ kind }: FactView) => kindOrder.get(kind) as number

const answers = { granted: 'he agreed', denied: 'he refused', unset: 'he was not asked, or gave no answer' } as const

function consentStatement({
  purpose,
  basis,
  answer,
  allowed,
  given,
}: ConsentView['purposes'][number]): ConsentStatement {
  const rests =
    basis === null ? 'no legal basis is stated' : basis === 'consent' ? answers[answer] : `${basis}; ${answers[answer]}`
  return {
    text: `${purpose}: ${allowed ? 'allowed' : 'not allowed'} (${rests})`,
    from: given ? `answered (${given.source})` : 'the shop’s policy',
    purpose,
    allowed,
    answered: given?.time ?? null,
  }
}

/** A fact in words. */
export function stated(fact: FactView, catalogue: Catalogue): MemoryStatement {
  const titleOf = (item: string) => {
    const id = catalogue.idOf(item)
    return (id === undefined ? null : catalogue.title(id)) ?? item
  }
  return { ...fact, text: sentenceOf(fact, titleOf), from: sourceOf(fact) }
}

/** As the document lists them: by kind, the surest first, then the latest. */
export function inOrder(facts: readonly FactView[]): FactView[] {
  return facts.toSorted(
    (a, b) => order(a) - order(b) || b.now - a.now || b.confirmed - a.confirmed || (a.id < b.id ? -1 : 1),
  )
}

/** The name that a person would call him by. */
function nameIn(facts: readonly FactView[]): string | null {
  const trait = (...names: string[]) => {
    const found = facts.find(
      ({ kind, subject, value }) => kind === 'attribute' && names.includes(subject) && typeof value === 'string',
    )
    return (found?.value as string | undefined) ?? null
  }
  const parts = [trait('firstName', 'first_name'), trait('lastName', 'last_name')].filter(Boolean)
  return trait('name') ?? (parts.length > 0 ? parts.join(' ') : null)
}
