/**
 * A person for whom a customer buys, as far as the customer told of that person: how old, what for, and what never. Behaviour
 * says nothing here: not what was bought for him, and not what the customer looked at. Pure, but for the last function.
 */
import { bornOn, bornWithAge, yearsBetween } from '../consent/audience.ts'
import type { Reader } from '../db/database.ts'
import type { FactRow } from '../db/tables.ts'
import { type NeverRule, ruleOf } from './decision-facts.ts'
import { decodeFact } from './fact.ts'
import { currentFacts, type FactView } from './fact-view.ts'
import { factColumns } from './facts-fold.ts'
import { sameName } from './recipient-words.ts'

export interface ToldRecipient {
  /** Whole years at `now`; null = not told. Told once, it advances by itself. */
  readonly age: number | null
  /** A minor by age, or a child by relation of whom no age is told. */
  readonly isMinor: boolean
  /** The customer agreed that this person is chosen for. */
  readonly agreed: boolean
  /** What is to be liked, in the form of rules. */
  readonly likes: readonly NeverRule[]
  /** What must not be offered for him. */
  readonly never: readonly NeverRule[]
}

/** The subject of the `consent` by which a parent lets a child be chosen for. */
export const choices = 'choices'

const childRelations =
  /^(?:(?:grand|step|god)?(?:child|son|daughter)|kid|baby|toddler|niece|nephew|kind|sohn|tochter|enkel(?:in|kind)?|nichte|neffe|patenkind)$/i

/** Null = the customer told of nobody of this name. `facts` = what holds at `now`. */
export function toldRecipient(
  facts: readonly FactView[],
  name: string,
  { majority, now }: { readonly majority: number; readonly now: number },
): ToldRecipient | null {
  const told = facts.filter(({ provenance }) => provenance === 'told')
  const own = told.filter(({ recipient }) => recipient !== '' && sameName(recipient, name))
  const person = told.find(({ kind, subject }) => kind === 'recipient' && sameName(subject, name))
  if (!person && own.length === 0) return null
  const { relation, likes } = (person?.value ?? {}) as { relation?: string; likes?: string }
  const born = bornOf(person, own, now)
  const age = born === null ? null : yearsBetween(born, now)
  const preferences = own.filter(({ kind, value }) => kind === 'preference' && value === 'likes')
  return {
    age,
    isMinor: age === null ? isChild(relation) : age < majority,
    agreed: own.some(
      ({ kind, subject, value, condition }) =>
        kind === 'consent' && subject === choices && value === 'granted' && condition === null,
    ),
    likes: [
      ...wordsIn(likes).map((word) => ({ about: 'text' as const, name: word, condition: null })),
      ...preferences.map(({ subject, condition }) => aboutOf(subject, condition)),
    ],
    never: own.flatMap((fact) => ruleOf(fact) ?? []),
  }
}

const isChild = (relation: string | undefined) => relation !== undefined && childRelations.test(relation.trim())

/** The latest birth that agrees with what was told: a birthday with its year, else an age at the time it was told. */
function bornOf(person: FactView | undefined, own: readonly FactView[], now: number): number | null {
  const birthday = own.find(({ kind, subject }) => kind === 'occasion' && /^(?:birth|geburt)/i.test(subject))
  const born = birthday ? bornOn((birthday.value as { date: string }).date, now) : null
  if (born !== null) return born
  const { age } = (person?.value ?? {}) as { age?: number }
  return age === undefined || !person ? null : bornWithAge(age, person.confirmed)
}

/** `dinosaurs, drawing and tea` -> three interests. */
function wordsIn(likes: string | undefined): string[] {
  const parts = (likes ?? '').split(/[,;/\n]| and | und /i)
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

function aboutOf(subject: string, condition: FactView['condition']): NeverRule {
  for (const about of ['item', 'category', 'attribute'] as const)
    if (subject.startsWith(`${about}:`)) return { about, name: subject.slice(about.length + 1), condition }
  return { about: 'text', name: subject, condition }
}

/** Of everybody the recipients who are minors, by identifier: nothing is learned from what was bought for them. */
export async function minorRecipients(
  reader: Reader,
  { majority, now }: { readonly majority: number; readonly now: number },
): Promise<Map<number, string[]>> {
  const byIdentifier = new Map<number, FactRow[]>()
  const query = reader.k.selectFrom('facts').select(factColumns).where('kind', 'in', ['recipient', 'occasion'])
  for await (const row of query.stream(1000)) {
    if (row.kind === 'occasion' && row.recipient === '') continue
    const same = byIdentifier.get(row.identifier)
    if (same) same.push(row)
    else byIdentifier.set(row.identifier, [row])
  }
  const minors = new Map<number, string[]>()
  for (const [identifier, rows] of byIdentifier) {
    const facts = currentFacts({ statements: rows.map(decodeFact), tombstones: [] }, now)
    const names = new Set(facts.map(({ kind, subject, recipient }) => (kind === 'recipient' ? subject : recipient)))
    const young = [...names].filter((name) => toldRecipient(facts, name, { majority, now })?.isMinor)
    if (young.length > 0) minors.set(identifier, young)
  }
  return minors
}
