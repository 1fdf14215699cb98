/**
 * Events -> what they say as facts: statements to keep, and facts that are deleted or corrected. Pure. An event whose
 * content has not the form of a fact stays in the timeline and says nothing here.
 */
import type { FactRow, TombstoneRow } from '../db/tables.ts'
import { HabitueError } from '../errors.ts'
import type { AdmittedEvent } from '../events/event.ts'
import { erasedNumber } from './erased-recipient.ts'
import { encodeFact, factId, type GivenFact, parseFact, type Statement } from './fact.ts'

/** An item that is not to count as taste; `fact` is its internal id. */
export const FORGOTTEN = 'forgotten'

export interface FactChanges {
  readonly rows: FactRow[]
  readonly tombstones: TombstoneRow[]
}

type Properties = AdmittedEvent['properties']
type Reading = (properties: Properties, event: AdmittedEvent) => GivenFact | readonly GivenFact[] | null

const text = (value: unknown): string | undefined => {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}
const cut = (value: unknown, length: number) => text(value)?.slice(0, length).toWellFormed()
const some = (fields: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

/** Events that are a fact in other words. */
const readings: Readonly<Record<string, Reading>> = {
  'Fact Told': (given) => given,
  'Fact Inferred': (given) => ({ provenance: 'inferred', ...given }),
  'Fact Corrected': (given) => (given.kind === undefined ? null : given),
  'Question Asked': ({ question }) => ({ kind: 'question', subject: text(question), value: { state: 'asked' } }),
  'Question Answered': (given) => {
    const declined = given.declined === true
    const asked = {
      kind: 'question',
      subject: text(given.question),
      value: { state: declined ? 'declined' : 'answered' },
    }
    return declined || given.kind === undefined ? [asked] : [asked, given]
  },
  'Preference Told': preferenceOf,
  'Preference Withdrawn': ({ preference }) => ({ kind: 'preference', subject: text(preference), value: null }),
  'Occasion Added': ({ occasion, date, recipient }) => ({
    kind: 'occasion',
    subject: text(occasion),
    recipient: text(recipient),
    value: { date },
  }),
  'Occasion Removed': ({ occasion, recipient }) => ({
    kind: 'occasion',
    subject: text(occasion),
    recipient: text(recipient),
    value: null,
  }),
  'Complaint Received': (given, { messageId }) => ({
    kind: 'complaint',
    subject: text(given.complaint_id) ?? messageId,
    value: some({
      state: 'open',
      text: cut(given.text ?? given.subject, 2000),
      order: cut(given.order_id, 255),
      item: cut(given.product_id, 512),
    }),
  }),
  'Complaint Resolved': (given) => ({
    kind: 'complaint',
    subject: text(given.complaint_id),
    value: some({ state: 'resolved', resolution: cut(given.resolution ?? given.text, 2000) }),
  }),
  'Support Contacted': (given) => ({
    kind: 'contact',
    value: some({ channel: cut(given.channel, 100), subject: cut(given.subject, 500), text: cut(given.text, 2000) }),
  }),
  'Survey Answered': (given) => ({
    kind: 'survey',
    subject: [text(given.survey_id), cut(given.question, 200)].filter(Boolean).join(': ') || 'survey',
    value: some({
      answer: typeof given.answer === 'string' ? cut(given.answer, 500) : given.answer,
      score: given.score === undefined || given.score === '' ? undefined : Number(given.score),
    }),
  }),
  'Note Added': (given) => ({
    kind: 'note',
    channel: 'agent',
    value: some({ text: cut(given.text, 2000), author: cut(given.author, 200) }),
  }),
  // A mailbox that was full for a while says nothing that lasts.
  'Email Bounced': (given) => (given.bounce_type === 'temporary' ? null : emailOf(given, 'bounced')),
  'Email Marked as Spam': (given) => emailOf(given, 'spam'),
  Unsubscribed: (given) => emailOf(given, 'unsubscribed'),
}

const attitudes = ['likes', 'dislikes', 'never']

/** What is neither liked nor disliked is something else that he said of himself. */
function preferenceOf({ preference, value, condition }: Properties): GivenFact {
  const subject = text(preference)
  const said = value === undefined || value === true ? 'likes' : value === false ? 'dislikes' : value
  const kind = attitudes.includes(said as string) ? 'preference' : 'attribute'
  return { kind, subject, value: said, ...(typeof condition === 'object' && condition !== null ? { condition } : {}) }
}

function emailOf(given: Properties, response: string): GivenFact {
  const subject = text(given.campaign_id) ?? text(given.email_id)
  return {
    kind: 'email',
    subject: subject?.slice(0, 300),
    provenance: 'observed',
    value: some({ response, subject: cut(given.email_subject, 500) }),
  }
}

/** Whether an event of this name may change facts: asked of each event, so the rest costs one look. */
export function speaksOfFacts(name: string): boolean {
  return name === 'Order Completed' || tellsFacts(name)
}

/** Whether it is about facts and nothing else: when they are deleted, so are its words. */
export function tellsFacts(name: string): boolean {
  return (
    Object.hasOwn(readings, name) ||
    name === 'Fact Deleted' ||
    name === 'Product Forgotten' ||
    name === 'Product Remembered'
  )
}

/** What `events` (of identifiers) say, in order. */
export function factChanges(events: readonly AdmittedEvent[]): FactChanges {
  const changes: FactChanges = { rows: [], tombstones: [] }
  for (const event of events) {
    if (event.identifier === null || !speaksOfFacts(event.name)) continue
    if (event.name === 'Order Completed') changes.rows.push(...giftDates(event))
    else if (event.name === 'Product Forgotten' || event.name === 'Product Remembered')
      changes.rows.push(...forgotten(event))
    else if (event.name === 'Fact Deleted') changes.tombstones.push(...tombstones(event, 'deleted'))
    else {
      changes.rows.push(...rowsOf(event))
      if (event.name === 'Fact Corrected') changes.tombstones.push(...tombstones(event, 'corrected'))
    }
  }
  return changes
}

function rowsOf(event: AdmittedEvent): FactRow[] {
  const read = readings[event.name](event.properties, event)
  const list = read === null ? [] : Array.isArray(read) ? (read as readonly GivenFact[]) : [read as GivenFact]
  return list.flatMap((given, n) => {
    const statement = statementOf(event, given, n)
    return statement ? [encodeFact(statement)] : []
  })
}

function statementOf(event: AdmittedEvent, given: GivenFact, n: number): Statement | null {
  const { time, messageId: message, source, identifier, historical } = event
  const times = { validFrom: numberOf(given.validFrom), expires: numberOf(given.expires) }
  try {
    const channel = historical ? 'import' : event.name
    const content =
      given.value === null ? withdrawn(given, time, channel) : parseFact({ ...given, ...times }, time, channel)
    const evidence = content.evidence ?? [message]
    return { ...content, evidence, id: factId(source, message, n), time, message, identifier: identifier as number }
  } catch (error) {
    if (error instanceof HabitueError) return null
    throw error
  }
}

/** Something taken back has no value to check. */
function withdrawn(given: GivenFact, time: number, channel: string) {
  const stand = given.kind === 'occasion' ? { date: '01-01' } : 'likes'
  return { ...parseFact({ ...given, value: stand }, time, channel), value: null }
}

const numberOf = (given: unknown) => (typeof given === 'number' && Number.isFinite(given) ? given : null)

/** What the event deletes or corrects; digests stand in for what that had said. */
function tombstones({ properties, identifier, time, messageId }: AdmittedEvent, cause: string): TombstoneRow[] {
  const { fact, was } = properties
  if (typeof fact !== 'string' || !/^[fo][\w-]{19}$/.test(fact)) return []
  const { slot, value, evidence } = (was ?? {}) as Readonly<Record<string, unknown>>
  const list = Array.isArray(evidence) ? evidence.filter((one) => typeof one === 'string').slice(0, 500) : []
  return [
    {
      identifier: identifier as number,
      fact,
      slot: typeof slot === 'string' ? slot.slice(0, 50) : '',
      value: typeof value === 'string' ? value.slice(0, 50) : '',
      cause,
      evidence: JSON.stringify(list),
      time,
      message: messageId,
    },
  ]
}

/** The day for which an order's presents are: until then they stay unseen. */
function giftDates(event: AdmittedEvent): FactRow[] {
  const recipients = new Set(event.products.map(({ recipient }) => recipient).filter((name) => name !== ''))
  if (recipients.size === 0) return []
  const { occasion, occasion_date: one, occasionDate: two } = event.properties
  const date = dateOf(one ?? two)
  if (date === null) return []
  const subject = cut(occasion, 100) ?? 'gift'
  return [...recipients].flatMap((recipient, n) => {
    if (erasedNumber(recipient) !== null) return []
    const given = { kind: 'occasion', subject, recipient, value: { date }, provenance: 'observed', channel: 'orders' }
    const statement = statementOf(event, given, n)
    return statement ? [encodeFact(statement)] : []
  })
}

/** `YYYY-MM-DD` of a date or a time; null where it is neither. */
function dateOf(given: unknown): string | null {
  const match = typeof given === 'string' ? /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])/.exec(given) : null
  return match ? match[0] : null
}

function forgotten(event: AdmittedEvent): FactRow[] {
  const { identifier, time, messageId: message, name } = event
  return event.items.map((item) => ({
    identifier: identifier as number,
    kind: FORGOTTEN,
    fact: String(item),
    subject: '',
    recipient: '',
    doc: name === 'Product Forgotten' ? '1' : '0',
    expires: null,
    time,
    message,
  }))
}
