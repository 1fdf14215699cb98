/**
 * How old somebody is, as far as it was told: never inferred. Kept as the latest time of birth that agrees with what was
 * told (the youngest that he can be), so that ages and bands advance with the clock by themselves.
 */
import type { AnswerRow } from './answers.ts'
import type { Policy } from './policy.ts'

/** `child`: too young to answer for himself in this country; `teen`: a minor above that age. */
export type Band = 'child' | 'teen'

export interface Audience {
  readonly kind: 'minor' | 'adult' | 'unknown'
  /** Of a minor whose age is known. */
  readonly band: Band | null
  /** Whole years, at least; content is rated by it. 0 where nothing is known. */
  readonly age: number
  /** When it may become another by itself. */
  readonly until: number
}

const never = Number.POSITIVE_INFINITY
export const unknownAudience: Audience = { kind: 'unknown', band: null, age: 0, until: never }

/** What was told of an age; `born` as in `AnswerRow`. */
export type Told = Pick<AnswerRow, 'born'>

/** `rows` = the rows of `audience` that hold for each identifier, in order of arrival. The youngest of them counts. */
export function audienceOf(policy: Policy, rowsByIdentifier: readonly (readonly AnswerRow[])[], now: number): Audience {
  const told = rowsByIdentifier.map(latestTold).filter((row) => row !== null)
  if (told.length === 0) return unknownAudience
  // A minor of whom no age is known may be of any.
  if (told.some(({ born }) => born === null)) return { kind: 'minor', band: null, age: 0, until: never }
  const born = Math.max(...told.map((row) => row.born as number))
  const age = yearsBetween(born, now)
  const until = birthday(born, age + 1)
  if (age >= policy.majority) return { kind: 'adult', band: null, age, until }
  return { kind: 'minor', band: age < policy.ageOfConsent ? 'child' : 'teen', age, until }
}

/** Does it tell of somebody of age? Nothing that is allowed to who is no minor hangs on such a word. */
export function tellsAdult({ born }: Told, policy: Pick<Policy, 'majority'>, now: number): boolean {
  return born !== null && yearsBetween(born, now) >= policy.majority
}

/** The latest word of the shop or of the customer himself; a page alone can make nobody older. */
function latestTold(rows: readonly AnswerRow[]): AnswerRow | null {
  let found: AnswerRow | null = null
  for (const row of rows) if (row.verified === 1 || found === null || isYounger(row, found)) found = row
  return found
}

function isYounger(a: AnswerRow, b: AnswerRow): boolean {
  return b.born !== null && (a.born === null || a.born > b.born)
}

/** Whole years, in UTC; negative times of life count as 0. */
export function yearsBetween(born: number, now: number): number {
  let years = new Date(now).getUTCFullYear() - new Date(born).getUTCFullYear()
  if (birthday(born, years) > now) years--
  return Math.max(0, years)
}

/** Who was born on 29 February has his birthday on 1 March in other years. */
function birthday(born: number, age: number): number {
  const date = new Date(born)
  date.setUTCFullYear(date.getUTCFullYear() + age)
  return date.getTime()
}

/** The latest birth of somebody who has this age, in whole years, at `time`. */
export function bornWithAge(age: number, time: number): number {
  return birthday(time, -age)
}

const oldest = 130

/** A birthday as ISO 8601 (`2012-05-01`; a year or a month alone: its last day); null where it is none that can be. */
export function bornOn(given: unknown, now: number): number | null {
  if (typeof given !== 'string' && typeof given !== 'number') return null
  const match = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:$|T)/.exec(String(given).trim())
  if (match === null) return null
  const [year, month, day] = [Number(match[1]), match[2] ? Number(match[2]) : 12, match[3] ? Number(match[3]) : 0]
  // Day 0 of the next month is the last of this one.
  const born = day > 0 ? Date.UTC(year, month - 1, day) : Date.UTC(year, month, 0)
  const date = new Date(born)
  if (month < 1 || month > 12 || date.getUTCMonth() !== month - 1 || (day > 0 && date.getUTCDate() !== day)) return null
  return born > now || yearsBetween(born, now) > oldest ? null : born
}

/** An age in years; null where it is none that can be. */
export function ageOf(given: unknown): number | null {
  const age = typeof given === 'string' && given.trim() !== '' ? Number(given) : given
  return typeof age === 'number' && age >= 0 && age <= oldest ? Math.floor(age) : null
}

const birthdayFields = [
  'birthday',
  'birthdate',
  'birthDate',
  'birth_date',
  'dateOfBirth',
  'date_of_birth',
  'dob',
] as const
const minorFlags = ['minor', 'isMinor', 'is_minor', 'underage', 'child', 'isChild', 'is_child'] as const
const adultFlags = ['adult', 'isAdult', 'is_adult'] as const

/**
 * What traits or properties tell of an age at `time`: a birthday, else an age, else `audience` (`minor`, `adult`, a band as
 * `child`, `teen` or `13-15`), else an account's flag; undefined where they tell nothing.
 */
export function toldAge(
  fields: Readonly<Record<string, unknown>>,
  time: number,
  policy: Pick<Policy, 'majority' | 'ageOfConsent'>,
): Told | undefined {
  for (const name of birthdayFields) {
    const born = name in fields ? bornOn(fields[name], time) : null
    if (born !== null) return { born }
  }
  const age = 'age' in fields ? ageOf(fields.age) : null
  if (age !== null) return { born: bornWithAge(age, time) }
  const band = bandOf(fields.band ?? fields.audience, time, policy)
  if (band !== undefined) return band
  if (minorFlags.some((name) => isTrue(fields[name]))) return { born: null }
  const isAdult =
    adultFlags.some((name) => isTrue(fields[name])) || minorFlags.slice(0, 4).some((name) => isFalse(fields[name]))
  return isAdult ? { born: bornWithAge(policy.majority, time) } : undefined
}

function bandOf(given: unknown, time: number, { majority, ageOfConsent }: Pick<Policy, 'majority' | 'ageOfConsent'>) {
  if (typeof given !== 'string') return undefined
  const text = given.trim().toLowerCase()
  if (text === 'adult') return { born: bornWithAge(majority, time) }
  if (text === 'minor' || text === 'child') return { born: null }
  if (text === 'teen') return { born: bornWithAge(ageOfConsent, time) }
  const match = /^(\d{1,2})\s*(?:-\s*\d{1,2}|\+)$/.exec(text)
  return match ? { born: bornWithAge(Number(match[1]), time) } : undefined
}

const isTrue = (value: unknown) => value === true || value === 'true' || value === 1
const isFalse = (value: unknown) => value === false || value === 'false' || value === 0
