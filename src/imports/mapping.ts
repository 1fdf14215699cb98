/**
 * Which column of a file is what. Guessed from names and from the first rows, shown by a dry run, and overruled by
 * `--map column=field`.
 */
import { HabitueError } from '../errors.ts'
import { folded, needed, repeated, spaces, synonyms, type TableKind } from './column-names.ts'
import { guessTimeFormat, parseDecimal, type TimeFormat } from './values.ts'

export const importKinds = ['interactions', 'items', 'users', 'orders', 'events', 'consents', 'reviews'] as const
export type ImportKind = (typeof importKinds)[number]
/** What the rows of a file of interactions mean, where no column says it. */
export type Signal = 'rating' | 'view' | 'cart' | 'buy'
export const signals: readonly Signal[] = ['rating', 'view', 'cart', 'buy']

export interface MappedColumn {
  readonly column: string
  readonly index: number
  /** A field of the kind, `traits.NAME`, `attributes.NAME`, `properties.NAME`, or null = not imported. */
  readonly field: string | null
  /** `certain`: named so by the documented forms or by hand; `likely`: a usual name; `guess`: from its values or lack of others. */
  readonly confidence: 'certain' | 'likely' | 'guess'
}

export interface Mapping {
  readonly kind: TableKind
  readonly columns: readonly MappedColumn[]
  readonly time: TimeFormat
  /** Numbers are written 12,50. */
  readonly decimalComma: boolean
  /** Interactions without a column that says it. */
  readonly signal: Signal
  /** The least and the highest rating that the column may hold. */
  readonly ratings: readonly [number, number]
  /** Things that a person should look at before he imports. */
  readonly warnings: readonly string[]
}

export interface GuessOptions {
  /** Column -> field, by hand; an empty field = do not import. */
  readonly map?: Readonly<Record<string, string>>
  /** What the rows of interactions mean. */
  readonly as?: Signal
  readonly delimiter?: string
}

/**
 * The mapping of a file with this `header`, guessed from it and the first rows.
 * @throws HabitueError missing_column with the columns that there are; invalid_option for a mapping by hand of what is not there
 */
export function guessMapping(
  kind: TableKind,
  header: readonly string[],
  rows: readonly (readonly string[])[],
  options: GuessOptions = {},
): Mapping {
  const warnings: string[] = []
  const columns = mapColumns(kind, header, options.map ?? {}, warnings)
  for (const alternatives of needed[kind]) {
    if (columns.some(({ field }) => field !== null && alternatives.includes(field))) continue
    const wanted = alternatives.join(' or ')
    throw new HabitueError(
      'missing_column',
      `No column is the ${wanted} of ${kind}; the columns are ${header.map((name) => JSON.stringify(name)).join(', ')}. Name it with --map COLUMN=${alternatives[0]}.`,
      { kind, expected: alternatives, columns: header },
    )
  }
  const valuesOf = (field: string) => {
    const index = columns.find((column) => column.field === field)?.index
    return index === undefined ? [] : rows.map((row) => row[index]?.trim() ?? '').filter((value) => value !== '')
  }
  const numbers = ['price', 'value', 'total', 'quantity'].flatMap(valuesOf)
  const decimalComma = options.delimiter !== ',' && numbers.some((text) => /^[+-]?\d+,\d+$/.test(text))
  return {
    kind,
    columns,
    time: guessTime(kind, columns, valuesOf('time'), warnings),
    decimalComma,
    ...guessSignal(columns, valuesOf, decimalComma, options.as, kind, warnings),
    warnings,
  }
}

function mapColumns(
  kind: TableKind,
  header: readonly string[],
  map: Readonly<Record<string, string>>,
  warnings: string[],
): MappedColumn[] {
  const unknown = Object.keys(map).find((column) => !header.includes(column))
  if (unknown !== undefined) {
    const message = `--map names the column ${JSON.stringify(unknown)}; the columns are ${header.join(', ')}.`
    throw new HabitueError('invalid_option', message, { column: unknown, columns: header })
  }
  const taken = new Set(Object.values(map))
  const columns: (MappedColumn | undefined)[] = header.map((column, index) => {
    if (!Object.hasOwn(map, column)) return undefined
    return { column, index, field: checkField(kind, map[column]), confidence: 'certain' }
  })
  const claim = (field: string, names: readonly string[], rank: number) => {
    if (rank >= names.length || (taken.has(field) && !repeated.has(field))) return
    const index = header.findIndex((column, i) => !columns[i] && folded(column) === names[rank])
    if (index < 0) return
    taken.add(field)
    columns[index] = { column: header[index], index, field, confidence: rank < 2 ? 'certain' : 'likely' }
  }
  // What the kind must have chooses first (a file with a sku and no id is named by its sku); then rank by rank, so that
  // the better name of a field wins.
  for (const field of needed[kind].flat()) {
    const names = synonyms[kind][field]
    for (let rank = 0; rank < names.length; rank++) claim(field, names, rank)
  }
  const known = Object.entries(synonyms[kind])
  const depth = Math.max(...known.map(([, names]) => names.length))
  for (let rank = 0; rank < depth; rank++) for (const [field, names] of known) claim(field, names, rank)
  return header.map((column, index) => columns[index] ?? otherColumn(kind, column, index, warnings))
}

/** A column of a name that is not known: a trait, an attribute, or left out. */
function otherColumn(kind: TableKind, column: string, index: number, warnings: string[]): MappedColumn {
  const name = column.trim()
  if (name === '') return { column, index, field: null, confidence: 'certain' }
  const explicit = /^(traits|attributes|properties)\.(.+)$/.exec(name)
  if (explicit && explicit[1] === spaces[kind]) return { column, index, field: name, confidence: 'certain' }
  if (kind === 'users') return { column, index, field: `traits.${name}`, confidence: 'likely' }
  if (kind === 'items') return { column, index, field: `attributes.${name}`, confidence: 'likely' }
  // Names, tags and addresses of an export of a mailing tool are no answers.
  if (kind === 'consents') return { column, index, field: null, confidence: 'likely' }
  warnings.push(
    `The column ${JSON.stringify(column)} is not imported; --map ${JSON.stringify(`${column}=properties.${name}`)} keeps it with each event.`,
  )
  return { column, index, field: null, confidence: 'guess' }
}

function checkField(kind: TableKind, field: string): string | null {
  if (field === '') return null
  if (Object.hasOwn(synonyms[kind], field)) return field
  const space = `${spaces[kind]}.`
  if (field.startsWith(space) && field.length > space.length) return field
  const expected = `one of ${Object.keys(synonyms[kind]).join(', ')}, or ${space}NAME`
  throw new HabitueError(
    'invalid_option',
    `--map gives the field ${JSON.stringify(field)} of ${kind}; expected ${expected}.`,
    {
      field,
      expected,
    },
  )
}

function guessTime(
  kind: TableKind,
  columns: readonly MappedColumn[],
  values: readonly string[],
  warnings: string[],
): TimeFormat {
  const column = columns.find(({ field }) => field === 'time')?.column
  if (column === undefined) {
    if (kind === 'users' || kind === 'items' || kind === 'consents') return 'iso'
    warnings.push('No column is the time: it is unknown, and only the order of each customer’s lines is kept.')
    return 'iso'
  }
  // One odd value must not decide: the format that most of the first rows have.
  const guess = guessTimeFormat(values) ?? guessTimeFormat(mostAlike(values))
  if (!guess) {
    warnings.push(
      `The column ${JSON.stringify(column)} has no times that are understood, such as ${JSON.stringify(values[0] ?? '')}.`,
    )
    return 'iso'
  }
  if (guess.ambiguous) {
    const other = guess.format === 'month-first' ? 'day-first' : 'month-first'
    warnings.push(
      `The times of ${JSON.stringify(column)} are read ${guess.format}; they could be ${other} too (--time ${other}).`,
    )
  }
  return guess.format
}

/** The values of the commonest shape (digits as 9). */
function mostAlike(values: readonly string[]): readonly string[] {
  const shapes = [...Map.groupBy(values, (value) => value.replaceAll(/\d+/g, '9')).values()]
  return shapes.reduce<readonly string[]>((most, group) => (group.length > most.length ? group : most), [])
}

function guessSignal(
  columns: readonly MappedColumn[],
  valuesOf: (field: string) => readonly string[],
  comma: boolean,
  chosen: Signal | undefined,
  kind: TableKind,
  warnings: string[],
): Pick<Mapping, 'signal' | 'ratings'> {
  const column = columns.find(({ field }) => field === 'value')?.column
  const values = valuesOf('value').flatMap((text) => parseDecimal(text, comma) ?? [])
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const scale: readonly [number, number] =
    high > 10 ? [0, 100] : high > 5 ? [low < 1 ? 0 : 1, 10] : [low < 0.5 ? 0 : Math.min(1, low), 5]
  if (kind === 'reviews') return { signal: 'rating', ratings: scale }
  if (chosen || kind !== 'interactions') return { signal: chosen ?? 'buy', ratings: scale }
  const has = (field: string) => columns.some((one) => one.field === field)
  if (has('event')) return { signal: 'view', ratings: scale }
  if (column !== undefined && looksLikeStars(column, values)) {
    if (!namedRating.test(column)) {
      warnings.push(
        `The values of ${JSON.stringify(column)} look like ratings from ${scale[0]} to ${scale[1]}; else say --as view or --as buy.`,
      )
    }
    return { signal: 'rating', ratings: scale }
  }
  if (has('order') || has('quantity') || has('price')) return { signal: 'buy', ratings: scale }
  warnings.push('Each line counts as a view; where it is a purchase say --as buy.')
  return { signal: 'view', ratings: scale }
}

const namedRating = /rating|stars|score|overall/i

/** A column called so, or one of whole and half numbers up to 5 or 10 that is not called by what it counts. */
function looksLikeStars(column: string, values: readonly number[]): boolean {
  if (values.length === 0) return false
  if (namedRating.test(column)) return values.every((value) => value <= 100)
  const inScale = values.every((value) => value <= 10 && (value * 2) % 1 === 0)
  return inScale && Math.max(...values) >= 3 && !/plays|label|count|clicks|views/i.test(column)
}

/** `--map a=b` options as an object. @throws HabitueError invalid_option */
export function parseMapOptions(options: readonly string[]): Record<string, string> {
  const map: Record<string, string> = {}
  for (const option of options) {
    const at = option.lastIndexOf('=')
    if (at <= 0) {
      throw new HabitueError('invalid_option', `--map is ${JSON.stringify(option)}; expected COLUMN=FIELD.`, { option })
    }
    map[option.slice(0, at)] = option.slice(at + 1).trim()
  }
  return map
}
