/** What is wrong with a condition, for the person who wrote it: what was got, what was expected, where. */
import { HabitueError } from '../errors.ts'
import { type Root, roots, shapes } from './schema.ts'

/** The error `invalid_condition` at `position` of `text`. */
export function mistake(
  text: string,
  position: number,
  what: string,
  details: Readonly<Record<string, unknown>> = {},
): HabitueError {
  const before = text.slice(0, position).split('\n')
  const line = before.length
  const column = (before.at(-1) ?? '').length + 1
  return new HabitueError('invalid_condition', `The condition, line ${line}, column ${column}: ${what}`, {
    line,
    column,
    ...details,
  })
}

/** A name that is not there, what there is, and which of it was probably meant. */
export function unknownName(text: string, position: number, got: string, expected: readonly string[], of: string) {
  const meant = nearest(got, expected)
  const hint = meant === null ? '' : ` Did you mean "${meant}"?`
  const what = `got "${got}"; expected ${of}: ${expected.join(', ')}.${hint}`
  return mistake(text, position, what, { got, expected, ...(meant === null ? {} : { meant }) })
}

/** Names of functions and methods, for hints; the windows and totals of language.ts and what CEL brings along. */
export const functionNames = [
  ...['count', 'sum', 'avg', 'min', 'max', 'within', 'before', 'named', 'ofKind'],
  ...['daysSince', 'hoursSince', 'daysUntil', 'hoursUntil', 'olderThan', 'newerThan'],
  ...['has', 'size', 'exists', 'exists_one', 'all', 'filter', 'map', 'contains', 'startsWith', 'endsWith'],
  ...['lowerAscii', 'upperAscii', 'trim', 'int', 'double', 'string', 'timestamp', 'duration'],
]

export function rootNames(scope: readonly Root[]): string[] {
  return [...scope, 'now']
}

/** The fields of the shape that `path` ends at, e.g. ['customer', 'traits']; null where it is unknown or free. */
export function fieldsAt(path: readonly string[]): readonly string[] | null {
  const root = Object.hasOwn(roots, path[0]) ? roots[path[0] as Root] : undefined
  if (!root || root.shape === 'Bag' || path.length > 1) return null
  return Object.keys(shapes[root.shape])
}

/** All names of fields, for a variable of a loop. */
export function allFields(): string[] {
  return [...new Set(Object.values(shapes).flatMap((fields) => Object.keys(fields)))].sort()
}

/** The name with the fewest changes, where those are few enough to be a slip. */
export function nearest(got: string, names: readonly string[]): string | null {
  let best: string | null = null
  let least = Math.max(1, Math.floor(got.length / 3)) + 1
  for (const name of names) {
    const changes = distance(got.toLowerCase(), name.toLowerCase())
    if (changes < least) {
      least = changes
      best = name
    }
  }
  return best
}

/** Levenshtein's distance in which two neighbours that changed places count once (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)])
  for (let j = 0; j <= b.length; j++) rows[0][j] = j
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1)
    }
  return rows[a.length][b.length]
}
