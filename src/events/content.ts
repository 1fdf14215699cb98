/** What any value of an event must hold, whatever its field: text that a database can keep, bounded depth, no card number. */
import { HabitueError } from '../errors.ts'
import { hasCardNumber, isCardNumber, isExemptKey } from './card-number.ts'

/** Deepest nesting of objects and lists within an event. */
export const deepest = 24

/**
 * Walks over `value`, which came from JSON, and returns a lower bound of its length as JSON. `__proto__` keys are taken
 * out on the way: copied by assignment, they would change what other code sees.
 * @throws HabitueError invalid_text, invalid_event, card_number
 */
export function checkContent(value: unknown, key: string, depth = 0): number {
  if (typeof value === 'string') return checkString(value, key)
  if (typeof value === 'number') return checkNumber(value, key)
  if (value === null || typeof value !== 'object') return 4
  if (depth >= deepest)
    throw new HabitueError('invalid_event', `${key || 'The event'} is nested deeper than ${deepest} levels.`)
  let size = 2
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) size += 1 + checkContent(value[i], key, depth + 1)
    return size
  }
  const object = value as Record<string, unknown>
  for (const name in object) {
    if (name === '__proto__') {
      delete object[name]
      continue
    }
    if (!isKeepable(name)) throw new HabitueError('invalid_text', unkeepable('The name of a field', name))
    size += 4 + name.length + checkContent(object[name], name, depth + 1)
  }
  return size
}

function checkString(text: string, key: string): number {
  if (!isKeepable(text)) throw new HabitueError('invalid_text', unkeepable(`"${key}"`, text))
  if (text.length >= 13 && !isExemptKey(key) && hasCardNumber(text)) throw cardNumber(key)
  return text.length + 2
}

function checkNumber(value: number, key: string): number {
  if (!Number.isFinite(value))
    throw new HabitueError('invalid_event', `"${key}" is a number beyond 1.8e308; expected one that can be kept.`)
  if (value >= 1e12 && isCardNumber(value) && !isExemptKey(key)) throw cardNumber(key)
  return 1
}

/** Can every database keep it: no NUL, no half of a surrogate pair? */
function isKeepable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

function unkeepable(where: string, text: string): string {
  const what = text.includes('\0') ? 'a NUL character' : 'half of a surrogate pair'
  return `${where} holds ${what}, which no database keeps.`
}

function cardNumber(key: string): HabitueError {
  return new HabitueError(
    'card_number',
    `"${key}" holds what looks like the number of a payment card. Send the token of your payment provider instead.`,
    { field: key },
  )
}
