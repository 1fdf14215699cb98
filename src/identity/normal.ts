/** The one form of an identifier: trimmed, e-mail in lower case, phone as digits; and the values that name nobody. */
import { HabitueError } from '../errors.ts'

/** Longest value of an identifier, in UTF-16 units. */
export const longestIdentifier = 512

/**
 * From the strongest to the weakest; custom kinds rank between `phone` and `anonymous`, by name. An event's rows of
 * memory belong to the strongest identifier that it came with; on a conflict the weakest is let go first. `claim` is an
 * anonymous visitor together with the user that he claims to be, where his device belongs to another (claims.ts).
 */
const ranks: Readonly<Record<string, number>> = { user: 0, email: 1, phone: 2, anonymous: 9, claim: 10 }
const customRank = 5

/** The rank of a kind: lower is stronger. */
export function rankOf(kind: string): number {
  return Object.hasOwn(ranks, kind) ? ranks[kind] : customRank
}

/** What software writes where it has no id. After Segment Unify's blocked values. */
const blocked: ReadonlySet<string> = new Set([
  'null',
  'undefined',
  'none',
  'nil',
  'nan',
  'unknown',
  'anonymous',
  'guest',
  'never',
  'true',
  'false',
  'undefined undefined',
  'null null',
  '[object object]',
  '(not set)',
  'not set',
  'n/a',
  '-1',
])

/** Is it a value that names nobody: a blocked word in any case, or nothing but zeros (`0`, `0000-0000`)? */
export function isBlocked(value: string): boolean {
  const first = value.charCodeAt(0)
  // Zero, or one of the longer strings of zeros with dashes (an empty UUID).
  if (first === 48 && /^[0-]+$/.test(value)) return true
  return value.length <= 20 && blocked.has(value.toLowerCase())
}

/**
 * The normal form of an identifier as it came from outside, or null where it names nobody (absent, empty, blocked, or
 * not of the form of its kind).
 * @throws HabitueError invalid_identifier where it is of a wrong type or longer than 512 characters
 */
export function normaliseIdentifier(kind: string, given: unknown): string | null {
  if (given === undefined || given === null) return null
  const text = typeof given === 'string' ? given.trim() : idOfNumber(kind, given)
  if (text === '') return null
  if (text.length > longestIdentifier)
    throw new HabitueError(
      'invalid_identifier',
      `The ${kind} identifier is ${text.length} characters long; at most ${longestIdentifier} are taken.`,
    )
  if (isBlocked(text)) return null
  if (kind === 'email') return normalEmail(text)
  if (kind === 'phone') return normalPhone(text)
  return text
}

function idOfNumber(kind: string, given: unknown): string {
  if (Number.isSafeInteger(given)) return String(given)
  const got = given !== null && typeof given === 'object' ? 'an object' : `${typeof given} ${String(given)}`
  throw new HabitueError('invalid_identifier', `The ${kind} identifier is ${got}; expected a string.`)
}

/** An e-mail address in lower case, or null where it is none. Not more is checked: mail servers differ. */
function normalEmail(text: string): string | null {
  const at = text.lastIndexOf('@')
  if (at <= 0 || at === text.length - 1 || /\s/.test(text)) return null
  return text.toLowerCase()
}

/** Digits with their leading `+`; null where there are not 6 to 15 of them (E.164). */
function normalPhone(text: string): string | null {
  const digits = text.replace(/[^0-9]/g, '')
  if (digits.length < 6 || digits.length > 15 || isBlocked(digits)) return null
  return text.startsWith('+') ? `+${digits}` : digits
}
