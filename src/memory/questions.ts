/**
 * Which question is worth asking, if any: the one whose answer would change most of the decisions ahead, less what it costs
 * to bother somebody. Nobody is asked twice, nor what is known, nor what he deleted. Pure.
 *
 * The worth of a question = decisions ahead that hang on it x chance that the answer changes them - cost. That is the expected
 * value of information (Howard, "Information value theory", 1966) with each right decision worth 1, and a belief that is right
 * with probability p changed with probability 1 - p.
 */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { TombstoneRow } from '../db/tables.ts'
import type { AdmittedEvent } from '../events/event.ts'
import type { Discreet } from './discreet.ts'
import { digest, type GivenFact, slotText } from './fact.ts'
import type { FactKindName } from './fact-kinds.ts'
import type { FactView } from './fact-view.ts'
import type { Purchase } from './purchases.ts'

export interface Question {
  /** What it is about; the same question has the same id. */
  readonly id: string
  /** For the customer, in English. */
  readonly text: string
  readonly kind: FactKindName
  readonly subject: string
  readonly recipient: string
  /** What may be answered; null = in his own words. "Rather not say" is always one more. */
  readonly options: readonly string[] | null
  /** In decisions that come out better, over the next 90 days, less the cost. */
  readonly worth: number
}

export interface Asking {
  readonly facts: readonly FactView[]
  readonly tombstones: readonly TombstoneRow[]
  readonly purchases: readonly Purchase[]
  readonly events: readonly AdmittedEvent[]
  readonly catalogue: Pick<Catalogue, 'canonical' | 'shopId' | 'title' | 'categories' | 'attributeTerms' | 'ids'>
  readonly now: number
  /** What he bought may be named to him. */
  readonly mayName: boolean
  /** Of what is sensitive nobody is asked. */
  readonly discreet: Discreet
}

const MS_A_DAY = 86_400_000
const horizonDays = 90
/** What any question costs, in decisions. */
const bother = 0.3
/** What another one costs right after one was asked; it halves with each fortnight. */
const impatience = 2
const patienceDays = 14
/** How long an answer to what was asked is waited for. */
const openDays = 7
/** Returns longer ago than this are forgotten by those who are asked. */
const recentDays = 60

type Candidate = Omit<Question, 'worth'> & { readonly gain: number }

/** The question to ask now; null = none is worth it. One that was asked and is waited for comes first, and alone. */
export function bestQuestion(asking: Asking): Question | null {
  const { facts, now } = asking
  const asked = facts.filter(({ kind }) => kind === 'question')
  const stateOf = new Map(asked.map((fact) => [fact.subject, fact]))
  const candidates = [
    ...sizeQuestions(asking),
    ...(asking.mayName ? returnQuestions(asking) : []),
    ...occasionQuestions(asking),
    ...tasteQuestions(asking),
  ]
  const open = candidates.find(({ id }) => isWaitedFor(stateOf.get(id), now))
  if (open) return { ...withoutGain(open), worth: round(open.gain) }
  if (asked.some((fact) => isWaitedFor(fact, now))) return null
  const cost = costOf(asked, now)
  const worth = candidates
    .filter(({ id }) => !stateOf.has(id))
    .filter((one) => !isKnown(one, asking))
    .map((one) => ({ ...withoutGain(one), worth: round(one.gain - cost) }))
    .filter((one) => one.worth > 0)
  worth.sort((a, b) => b.worth - a.worth || (a.id < b.id ? -1 : 1))
  return worth[0] ?? null
}

const round = (value: number) => Math.round(value * 1000) / 1000

function withoutGain({ gain: _, ...question }: Candidate): Omit<Question, 'worth'> {
  return question
}

function isWaitedFor(fact: FactView | undefined, now: number): boolean {
  return (
    fact !== undefined &&
    (fact.value as { state: string }).state === 'asked' &&
    now - fact.confirmed < openDays * MS_A_DAY
  )
}

/** Who would rather not say is asked less. */
function costOf(asked: readonly FactView[], now: number): number {
  const last = Math.max(...asked.map(({ confirmed }) => confirmed), Number.NEGATIVE_INFINITY)
  const declined = asked.filter(({ value }) => (value as { state: string }).state === 'declined').length
  return (bother + impatience * 0.5 ** ((now - last) / (patienceDays * MS_A_DAY))) * (1 + declined / 2)
}

/** Was it told, or was it deleted? Then it is not asked. */
function isKnown({ kind, subject, recipient }: Candidate, { facts, tombstones }: Asking): boolean {
  const slot = slotText({ kind, subject, recipient, condition: null })
  if (facts.some((fact) => fact.provenance === 'told' && slotText(fact) === slot)) return true
  const deleted = digest([slot])
  return tombstones.some((tombstone) => tombstone.slot === deleted)
}

/** How many purchases that `holds` picks are to be expected within the horizon. */
function ahead(purchases: readonly Purchase[], now: number, holds: (purchase: Purchase) => boolean): number {
  const year = purchases.filter(({ time, state }) => state !== 'cancelled' && time > now - 365 * MS_A_DAY)
  const counted = year.filter(holds).length
  if (counted === 0) return 0
  const days = Math.max(horizonDays, Math.min(365, (now - year[0].time) / MS_A_DAY))
  return (counted * horizonDays) / days
}

const sizeOf = (catalogue: Asking['catalogue'], item: number) =>
  catalogue
    .attributeTerms(item)
    .find((term) => term.toLowerCase().startsWith('size='))
    ?.slice(5)

/** The size of a category that he buys in several sizes, or has bought once. */
function sizeQuestions({ facts, purchases, catalogue, now, discreet }: Asking): Candidate[] {
  const own = (purchase: Purchase, category: string) =>
    purchase.lines.some(({ item, recipient }) => recipient === '' && sized(item)?.category === category)
  const sized = (id: number) => {
    const item = catalogue.canonical(id)
    const [category] = catalogue.categories(item)
    const size = sizeOf(catalogue, item)
    return size && category && !discreet(item) ? { category, size } : null
  }
  const categories = new Set(
    purchases.flatMap(({ lines }) =>
      lines.flatMap(({ item, recipient }) => (recipient === '' ? (sized(item)?.category ?? []) : [])),
    ),
  )
  if (categories.size === 0) return []
  const offered = sizesOffered(catalogue, categories)
  return [...categories].flatMap((category) => {
    const options = offered.get(category) ?? []
    if (options.length < 2) return []
    const seen = facts.find(
      ({ kind, subject, recipient }) => kind === 'size' && subject === category && recipient === '',
    )
    const belief = Math.max(1 / options.length, seen?.now ?? 0)
    const gain = ahead(purchases, now, (purchase) => own(purchase, category)) * (1 - belief)
    const text = `Which size fits you in ${category}?`
    return [
      {
        id: `size:${category}`,
        text,
        kind: 'size',
        subject: category,
        recipient: '',
        options: options.slice(0, 20),
        gain,
      },
    ]
  })
}

function sizesOffered(catalogue: Asking['catalogue'], wanted: ReadonlySet<string>): Map<string, string[]> {
  const sizes = new Map<string, Set<string>>()
  for (const item of catalogue.ids()) {
    const [category] = catalogue.categories(item)
    if (!category || !wanted.has(category)) continue
    const size = sizeOf(catalogue, item)
    if (size) sizes.set(category, (sizes.get(category) ?? new Set()).add(size))
  }
  return new Map([...sizes].map(([category, values]) => [category, [...values].sort()]))
}

const reasons = ['size', 'quality', 'damaged', 'not as described', 'changed mind', 'other']

/** Something came back and nobody said why: a dislike or a wrong size are opposite lessons. */
function returnQuestions({ purchases, catalogue, now, discreet }: Asking): Candidate[] {
  return purchases.flatMap((purchase) =>
    purchase.lines.flatMap(({ item: id, recipient, returned, returnedAt, reason }) => {
      if (returned <= 0 || reason !== null || recipient !== '' || returnedAt < now - recentDays * MS_A_DAY) return []
      const item = catalogue.canonical(id)
      if (discreet(item)) return []
      const name = catalogue.shopId(item) ?? String(item)
      const shelf = new Set(catalogue.categories(item))
      const near = ahead(purchases, now, ({ lines }) =>
        lines.some((line) =>
          catalogue.categories(catalogue.canonical(line.item)).some((category) => shelf.has(category)),
        ),
      )
      const text = `Why did you send back ${catalogue.title(item) ?? name}?`
      const kind: FactKindName = 'return'
      return [
        {
          id: `return:${name}`,
          text,
          kind,
          subject: `item:${name}`,
          recipient: '',
          options: reasons,
          gain: (1 + near) * 0.5,
        },
      ]
    }),
  )
}

/** The birthday of somebody for whom he buys. */
function occasionQuestions({ facts, purchases, now }: Asking): Candidate[] {
  const named = facts.filter(({ kind }) => kind === 'recipient')
  return named.flatMap(({ subject: name }) => {
    const dated = facts.some(
      ({ kind, recipient }) => kind === 'occasion' && recipient.toLowerCase() === name.toLowerCase(),
    )
    if (dated) return []
    const presents = ahead(purchases, now, ({ lines }) => lines.some(({ recipient }) => recipient === name))
    const text = `When is ${name}’s birthday? (MM-DD)`
    const kind: FactKindName = 'occasion'
    return [
      { id: `birthday:${name}`, text, kind, subject: 'birthday', recipient: name, options: null, gain: presents * 0.7 },
    ]
  })
}

/** A category that he looks at often and never buys: half a liking. */
function tasteQuestions({ facts, events, now }: Asking): Candidate[] {
  const looked = facts.filter(
    ({ kind, subject, value }) => kind === 'interest' && value === 'viewed' && subject.startsWith('category:'),
  )
  if (looked.length === 0) return []
  const visits = new Set(
    events.filter(({ time }) => time > now - horizonDays * MS_A_DAY).map(({ time }) => Math.floor(time / MS_A_DAY)),
  ).size
  return looked.flatMap(({ subject, evidence }) => {
    const category = subject.slice(9)
    const gain = Math.min(visits, evidence.length) * 0.1
    const text = `Would you like to see more of ${category}?`
    const kind: FactKindName = 'preference'
    return [
      { id: `taste:${category}`, text, kind, subject, recipient: '', options: ['likes', 'dislikes', 'never'], gain },
    ]
  })
}

/** What an answer to a question says, as a fact; null where there is no such question. */
export function answerAsFact(id: string, answer: unknown): GivenFact | null {
  const at = id.indexOf(':')
  const [about, name] = [id.slice(0, at), id.slice(at + 1)]
  if (at < 0 || name === '') return null
  switch (about) {
    case 'size':
      return { kind: 'size', subject: name, value: answer }
    case 'return':
      return { kind: 'return', subject: `item:${name}`, value: { reason: answer } }
    case 'birthday':
      return { kind: 'occasion', subject: 'birthday', recipient: name, value: { date: answer } }
    case 'taste':
      return { kind: 'preference', subject: `category:${name}`, value: answer }
    default:
      return null
  }
}
