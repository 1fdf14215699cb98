/** What stands on a customer's page: gathered from the engine, and what a forwarded link may not show left out. */
import {
  type ConsentView,
  type DecisionView,
  type Engine,
  type Identifier,
  type InteractionView,
  type MemoryDocument,
  type MemoryStatement,
  memoryParts,
  type PageStanding,
  type PassingAct,
} from '../../engine-api.ts'
import { fieldsOf } from './facts-english.ts'
import type { Language } from './language.ts'

export type Part = (typeof memoryParts)[number]

export interface PageView {
  readonly language: Language
  /** What every form sends back. */
  readonly form: string
  /** Milliseconds since 1970. */
  readonly expires: number
  readonly standing: PageStanding
  /** Whether what is asked for by a code is open. */
  readonly isOpen: boolean
  readonly name: string | null
  readonly names: readonly Identifier[]
  readonly parts: readonly {
    readonly part: Part
    readonly shown: readonly MemoryStatement[]
    readonly hidden: number
  }[]
  /** What the visitor did in this session; stored nowhere. */
  readonly visit: readonly PassingAct[]
  readonly items: readonly InteractionView[]
  /** How many more there are. */
  readonly moreItems: number
  readonly question: Question | null
  readonly consent: ConsentView
  readonly particular: readonly ParticularConsent[]
  readonly decisions: readonly DecisionView[]
  /** The title of the shop's item id; the id where it has none. */
  title(item: string): string
  /** An entry of `done` or of `failures` in the catalogue of words. */
  readonly done: string | null
  readonly failed: string | null
}

/** A consent of its own kind: to use what a sensitive category says of him, or to choose for a child of his. */
export interface ParticularConsent {
  readonly about: 'category' | 'child'
  readonly name: string
  readonly answer: 'granted' | 'denied' | null
}

export type Question = NonNullable<Awaited<ReturnType<Engine['questions']['ask']>>>

export const teller = { source: 'page', channel: 'page' } as const
const mostItems = 40
const mostDecisions = 5

/** What the address and the browser say, besides whose page it is. */
export type Asked = Pick<PageView, 'language' | 'form' | 'expires' | 'standing' | 'isOpen' | 'done' | 'failed'>

export async function pageView(engine: Engine, who: Identifier, asked: Asked): Promise<PageView> {
  const { isOpen } = asked
  const [memory, customer, consent, decisions, question, sensitive] = await Promise.all([
    engine.facts.memory(who),
    engine.customers.get(who),
    engine.consent.get(who),
    engine.customers.decisions(who, mostDecisions),
    engine.questions.ask(who, { peek: true }, teller),
    engine.catalogue.sensitiveCategories(),
  ])
  const interactions = (customer?.interactions ?? []).filter(({ recipient }) => isOpen || recipient === '')
  const parts = memoryParts.map((part) => {
    const all = memory?.parts[part] ?? []
    const shown = all.filter((statement) => isOpen || !isGuarded(part, statement))
    return { part, shown, hidden: all.length - shown.length }
  })
  const shown = decisions ?? []
  const visit = engine.page.visit(who)
  const titles = await titlesOf(engine, [
    ...parts.flatMap((part) => part.shown.flatMap(itemsIn)),
    ...visit.flatMap(({ item }) => item ?? []),
    ...shown.flatMap(({ items }) => items.map(({ item }) => item)),
    ...(question?.subject.startsWith('item:') ? [question.subject.slice(5)] : []),
  ])
  return {
    ...asked,
    name: memory?.name ?? null,
    names: namesOf(memory, isOpen),
    parts,
    visit,
    items: interactions.slice(0, mostItems),
    moreItems: Math.max(0, interactions.length - mostItems),
    question: question && (isOpen || question.recipient === '') ? question : null,
    consent: consent ?? engine.page.unasked(),
    particular: memory ? particularConsents(memory, sensitive, isOpen ? engine.page.minors(memory) : []) : [],
    decisions: shown,
    title: (item) => titles.get(item) ?? item,
  }
}

function particularConsents(
  memory: MemoryDocument,
  categories: readonly string[],
  children: readonly string[],
): ParticularConsent[] {
  const told = memoryParts.flatMap((part) => memory.parts[part].filter(({ kind }) => kind === 'consent'))
  const answerTo = (subject: string, recipient: string): ParticularConsent['answer'] => {
    const isIt = (given: string, wanted: string) => given.toLowerCase() === wanted.toLowerCase()
    const value = told.find((one) => isIt(one.subject, subject) && isIt(one.recipient, recipient))?.value
    return value === 'granted' || value === 'denied' ? value : null
  }
  return [
    ...categories.map((name) => ({ about: 'category' as const, name, answer: answerTo(`category:${name}`, '') })),
    ...children.map((name) => ({ about: 'child' as const, name, answer: answerTo('choices', name) })),
  ]
}

/** Traits by which somebody could be reached, found or charged. */
const reaching = /mail|phone|mobile|address|street|city|zip|post|iban|bank|card|payment|birth/i

/** What is shown only to who gave the code: other people, addresses, payment, and how he is reached. */
export function isGuarded(part: Part, { kind, subject, recipient }: MemoryStatement): boolean {
  const namesSomebody = recipient !== '' || (kind === 'question' && subject.startsWith('birthday:'))
  return part === 'people' || namesSomebody || (kind === 'attribute' && reaching.test(subject))
}

function itemsIn({ kind, subject, value }: MemoryStatement): string[] {
  const { items } = fieldsOf(value)
  return [
    ...(subject.startsWith('item:') ? [subject.slice(5)] : []),
    ...(kind === 'usual' ? [String(value)] : []),
    ...(kind === 'gift' && Array.isArray(items) ? items.map(String) : []),
  ]
}

async function titlesOf(engine: Engine, items: readonly string[]): Promise<Map<string, string>> {
  const found = await Promise.all([...new Set(items)].map((item) => engine.catalogue.get(item)))
  return new Map(found.flatMap((item) => (item?.title ? [[item.id, item.title] as const] : [])))
}

/** Without the code an address says no more than that the shop has it. */
function namesOf(memory: MemoryDocument | null, isOpen: boolean): Identifier[] {
  return (memory?.identifiers ?? [])
    .filter(({ kind }) => kind !== 'anonymous')
    .map(({ kind, value }) => ({ kind, value: isOpen || kind === 'user' ? value : masked(value) }))
}

/** `ada@example.com` -> `a•••@example.com`, `+49301234567` -> `+•••67` */
export function masked(value: string): string {
  const at = value.lastIndexOf('@')
  return at > 0 ? `${value[0]}•••${value.slice(at)}` : `${value[0]}•••${value.length > 6 ? value.slice(-2) : ''}`
}
