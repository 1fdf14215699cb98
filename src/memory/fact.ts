/**
 * A fact as memory holds it: a *statement* that one event made. Statements are never changed; which of several holds is
 * decided when they are read (fact-view.ts), so they may arrive in any order and under any of a customer's identifiers.
 */
import { hash } from 'node:crypto'
import { Compile } from 'typebox/compile'
import type { FactRow } from '../db/tables.ts'
import { HabitueError } from '../errors.ts'
import { type Condition, parseCondition } from './conditions.ts'
import { type FactKind, type FactKindName, factKindNames, factKinds, isFactKind } from './fact-kinds.ts'

/** How it came to be known, the strongest first. */
export const provenances = ['told', 'observed', 'inferred'] as const
export type Provenance = (typeof provenances)[number]

/** What a fact says, before it is anybody's. */
export interface FactContent {
  readonly kind: FactKindName
  /** What it is about: a size of what, a preference about what, which complaint; '' where the kind says it all. */
  readonly subject: string
  /** '' = the customer himself. */
  readonly recipient: string
  /** Of the form that the kind states; null = taken back. */
  readonly value: unknown
  readonly condition: Condition | null
  readonly provenance: Provenance
  /** 0 to 1, at the time it was told. */
  readonly confidence: number
  /** Where it came in: `api`, `page`, `agent`, `question`, an event's name. */
  readonly channel: string
  /** Ids of the messages from which it is known. */
  readonly evidence: readonly string[]
  /** Since when it holds, milliseconds. */
  readonly validFrom: number
  /** When it ends by itself; null = as its kind says. */
  readonly expires: number | null
  /** Who changed it, where that is somebody else than the customer (`shop`, `substitute`). */
  readonly by: string | null
}

export interface Statement extends FactContent {
  readonly id: string
  readonly time: number
  readonly message: string
  /** The row of the identifier under which it was told; 0 = made when it was read. */
  readonly identifier: number
}

/** What is kept in `facts.doc`; absent = the usual. */
interface Doc {
  readonly value: unknown
  readonly condition?: Condition
  readonly provenance?: Provenance
  readonly confidence?: number
  readonly channel: string
  readonly evidence?: readonly string[]
  readonly from?: number
  readonly expires?: number
  readonly by?: string
}

const MS_A_DAY = 86_400_000
const checks = new Map(factKindNames.map((name) => [name, Compile((factKinds[name] as FactKind).value)]))

/** The id of the statement of one event, the same whenever the event is replayed. */
export function factId(source: string, message: string, n = 0): string {
  return `f${digest([source, message, String(n)]).slice(0, 19)}`
}

/** The id of what is observed: the same as long as it says the same. */
export function observedId(
  content: Pick<FactContent, 'kind' | 'subject' | 'recipient' | 'condition' | 'value'>,
): string {
  return `o${digest([slotText(content), valueText(content.value)]).slice(0, 19)}`
}

/** Two statements of one slot contradict or confirm each other. */
export function slotText({
  kind,
  subject,
  recipient,
  condition,
}: Pick<FactContent, 'kind' | 'subject' | 'recipient' | 'condition'>): string {
  return [kind, subject.toLowerCase(), recipient.toLowerCase(), condition ? JSON.stringify(condition) : ''].join('\0')
}

export function valueText(value: unknown): string {
  return typeof value === 'string' ? value.toLowerCase() : JSON.stringify(value)
}

/** What a tombstone keeps of a slot or a value: enough to know it again, nothing to read. */
export function digest(parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 24)
}

export function encodeFact({ time, message, identifier, id, ...content }: Statement): FactRow {
  const { kind, subject, recipient, value, condition, provenance, confidence, channel, evidence, validFrom, by } =
    content
  const doc: Doc = {
    value,
    channel,
    ...(condition ? { condition } : {}),
    ...(provenance === 'told' ? {} : { provenance }),
    ...(confidence === 1 ? {} : { confidence }),
    ...(evidence.length === 1 && evidence[0] === message ? {} : { evidence }),
    ...(validFrom === time ? {} : { from: validFrom }),
    ...(content.expires === null ? {} : { expires: content.expires }),
    ...(by === null ? {} : { by }),
  }
  const expires = endOf(content, time)
  return { identifier, kind, fact: id, subject, recipient, doc: JSON.stringify(doc), expires, time, message }
}

export function decodeFact(row: FactRow): Statement {
  const doc = JSON.parse(row.doc) as Doc
  const { identifier, subject, recipient, time, message } = row
  return {
    id: row.fact,
    identifier,
    kind: row.kind as FactKindName,
    subject,
    recipient,
    value: doc.value,
    condition: doc.condition ?? null,
    provenance: doc.provenance ?? 'told',
    confidence: doc.confidence ?? 1,
    channel: doc.channel,
    evidence: doc.evidence ?? [message],
    validFrom: doc.from ?? time,
    expires: doc.expires ?? null,
    by: doc.by ?? null,
    time,
    message,
  }
}

/** What is told of somebody else ends after so long, where its kind says nothing of it. */
const othersDays = 2 * 365

/** When a statement told at `time` ends: as it says, else as its kind says; null = never. */
export function endOf(
  { kind, recipient, expires }: Pick<FactContent, 'kind' | 'recipient' | 'expires'>,
  time: number,
): number | null {
  const { keep } = factKinds[kind] as FactKind
  // His own birthday is his to keep; nothing about others is kept for ever.
  const days = recipient !== '' ? (keep ?? othersDays) : kind === 'occasion' ? null : keep
  const byKind = days === null ? null : time + days * MS_A_DAY
  return expires !== null && byKind !== null ? Math.min(expires, byKind) : (expires ?? byKind)
}

/** A fact as it comes from outside; times in milliseconds. */
export interface GivenFact {
  readonly kind?: unknown
  readonly subject?: unknown
  readonly recipient?: unknown
  readonly value?: unknown
  readonly condition?: unknown
  readonly provenance?: unknown
  readonly confidence?: unknown
  readonly channel?: unknown
  readonly evidence?: unknown
  readonly validFrom?: number | null
  readonly expires?: number | null
  readonly by?: unknown
}

/**
 * Checks a fact from outside. `time` = when it was told; `channel` where it names none itself.
 * @throws HabitueError invalid_fact naming the field, what was got and what was expected
 */
export function parseFact(
  given: GivenFact,
  time: number,
  channel: string,
): Omit<FactContent, 'evidence'> & { evidence: readonly string[] | null } {
  const { kind } = given
  if (!isFactKind(kind)) throw invalid('kind', kind, `one of ${factKindNames.join(', ')}`)
  const definition: FactKind = factKinds[kind]
  const provenance = given.provenance ?? 'told'
  if (!provenances.includes(provenance as Provenance))
    throw invalid('provenance', provenance, `one of ${provenances.join(', ')}`)
  if (!checks.get(kind)?.Check(given.value))
    throw invalid('value', given.value, `${definition.expects}, as a ${kind} has`)
  if (definition.sensitive && provenance !== 'told')
    throw invalid('provenance', provenance, `told, for a ${kind} is neither observed nor inferred`)
  const confidence = given.confidence ?? 1
  if (typeof confidence !== 'number' || !(confidence >= 0 && confidence <= 1))
    throw invalid('confidence', confidence, 'a number from 0 to 1')
  const subject = subjectOf(given.subject)
  if (subject === '' && needsSubject.has(kind)) throw invalid('subject', given.subject, `what the ${kind} is about`)
  const { evidence } = given
  if (evidence !== undefined && !isListOfTexts(evidence))
    throw invalid('evidence', evidence, 'a list of at most 50 message ids')
  return {
    kind,
    subject,
    recipient: textOf('recipient', given.recipient, 200),
    value: normalised(given.value),
    condition: parseCondition(given.condition),
    provenance: provenance as Provenance,
    confidence,
    channel: textOf('channel', given.channel ?? channel, 50),
    evidence: evidence ?? null,
    validFrom: given.validFrom ?? time,
    expires: given.expires ?? null,
    by: given.by === undefined || given.by === null || given.by === 'customer' ? null : textOf('by', given.by, 50),
  }
}

const needsSubject: ReadonlySet<FactKindName> = new Set<FactKindName>([
  'preference',
  'usual',
  'size',
  'fit',
  'attribute',
  'setting',
  'recipient',
  'occasion',
  'complaint',
  'survey',
  'allergy',
  'consent',
])

/** What a preference may be about, besides a text: an item, a category, a value of an attribute. */
function subjectOf(given: unknown): string {
  if (given !== null && typeof given === 'object' && !Array.isArray(given)) {
    const { item, category, attribute, value } = given as Readonly<Record<string, unknown>>
    if (typeof item === 'string') return `item:${textOf('subject.item', item, 290)}`
    if (typeof category === 'string') return `category:${textOf('subject.category', category, 280)}`
    if (typeof attribute === 'string' && (typeof value === 'string' || typeof value === 'number')) {
      return `attribute:${textOf('subject.attribute', attribute, 100)}=${textOf('subject.value', String(value), 180)}`
    }
    throw invalid('subject', given, 'a text, {item}, {category}, or {attribute, value}')
  }
  return textOf('subject', given, 300)
}

function textOf(field: string, given: unknown, longest: number): string {
  if (given === undefined || given === null) return ''
  if (typeof given !== 'string' && typeof given !== 'number') throw invalid(field, given, 'a text')
  const text = String(given).normalize('NFC').trim()
  if (text.length > longest || text.includes('\0') || !text.isWellFormed())
    throw invalid(field, text.toWellFormed(), `a text of at most ${longest} characters`)
  return text
}

function normalised(value: unknown): unknown {
  return typeof value === 'string' ? value.normalize('NFC').trim() : value
}

function isListOfTexts(given: unknown): given is readonly string[] {
  return (
    Array.isArray(given) && given.length <= 50 && given.every((one) => typeof one === 'string' && one.length <= 255)
  )
}

function invalid(field: string, got: unknown, expected: string): HabitueError {
  const shown = (JSON.stringify(got) ?? 'nothing').slice(0, 80).toWellFormed()
  return new HabitueError('invalid_fact', `The fact has "${field}" = ${shown}; expected ${expected}.`, {
    field,
    expected,
  })
}
