/** The forms of evaluation files: interactions (`user,item[,value][,time]`), splits, candidates, sessions. */
import { HabitueError } from '../errors.ts'
import { DelimitedFile } from './delimited.ts'

/** Numbers each distinct identifier in order of first appearance. */
export class Ids {
  readonly #numbers = new Map<number, number>()
  readonly #texts = new Map<string, number>()

  get size(): number {
    return this.#numbers.size + this.#texts.size
  }

  /** The index of the identifier in `column` of the present line; a new one gets the next index. */
  add(file: DelimitedFile, column: number): number {
    const known = this.find(file, column)
    if (known >= 0) return known
    const index = this.size
    const number = file.smallInteger(column)
    if (number >= 0) this.#numbers.set(number, index)
    else {
      const text = file.text(column)
      if (text === '') throw file.error(`column "${file.columns[column]}" is empty; an identifier was expected`)
      this.#texts.set(text, index)
    }
    return index
  }

  /** The index of an identifier met before, or -1. */
  find(file: DelimitedFile, column: number): number {
    const number = file.smallInteger(column)
    return (number >= 0 ? this.#numbers.get(number) : this.#texts.get(file.text(column))) ?? -1
  }

  /** The index of `text`; a new one gets the next index. */
  addText(text: string): number {
    const number = /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : -1
    const known = number >= 0 ? this.#numbers.get(number) : this.#texts.get(text)
    if (known !== undefined) return known
    const index = this.size
    if (number >= 0) this.#numbers.set(number, index)
    else this.#texts.set(text, index)
    return index
  }
}

/** Entry e: user `users[e]` met item `items[e]`. In these protocols every row is a positive, whatever its value. */
export interface Interactions {
  readonly users: Int32Array
  readonly items: Int32Array
  /** Milliseconds since 1970; absent where the file has no time column. */
  readonly times?: Float64Array
  /** The column `value`; absent where the file has none, or one that is no number. */
  readonly ratings?: Float64Array
}

/**
 * Reads `user,item[,value][,time]`, time in Unix seconds, adding new identifiers to `users` and `items`.
 * @throws HabitueError missing_column, invalid_line (with file and line), invalid_file
 */
export function readInteractions(path: string, users: Ids, items: Ids, of: 'user' | 'session' = 'user'): Interactions {
  const file = new DelimitedFile(path)
  const userColumn = file.column(of)
  const itemColumn = file.column('item')
  const timeColumn = file.optionalColumn('time')
  const valueColumn = file.optionalColumn('value')
  const outUsers = new Grower()
  const outItems = new Grower()
  const outTimes = new Grower()
  const outRatings = new Grower()
  while (file.next()) {
    outUsers.push(users.add(file, userColumn))
    outItems.push(items.add(file, itemColumn))
    if (timeColumn >= 0) outTimes.push(file.number(timeColumn) * 1000)
    if (valueColumn >= 0) outRatings.push(Number(file.text(valueColumn) || Number.NaN))
  }
  const ratings = outRatings.array()
  return {
    users: Int32Array.from(outUsers.array()),
    items: Int32Array.from(outItems.array()),
    times: timeColumn >= 0 ? outTimes.array() : undefined,
    ratings: valueColumn >= 0 && ratings.every(Number.isFinite) ? ratings : undefined,
  }
}

export const splitParts = ['train', 'valid', 'test'] as const
export type SplitPart = (typeof splitParts)[number]

/**
 * Reads a split: one word (`train`, `valid`, `test`) a row of the interactions file, under the header `split`. The
 * answer holds indices into `splitParts`.
 * @throws HabitueError invalid_line on another word, invalid_file where the number of rows differs from `rows`
 */
export function readSplit(path: string, rows: number): Uint8Array {
  const file = new DelimitedFile(path)
  const column = file.column('split')
  const parts = new Uint8Array(rows)
  let row = 0
  while (file.next()) {
    const part = splitParts.indexOf(file.text(column) as SplitPart)
    if (part < 0) throw file.error(`expected train, valid or test, got ${JSON.stringify(file.text(column))}`)
    if (row < rows) parts[row] = part
    row++
  }
  if (row === rows) return parts
  throw new HabitueError('invalid_file', `${path} has ${row} rows, but the interactions file has ${rows}`, {
    file: path,
  })
}

/**
 * Reads `user,items` (items separated by spaces): for each user index the candidates' item indices. Users who were
 * not met before are left out: nothing is asked about them.
 */
export function readCandidates(path: string, users: Ids, items: Ids): Map<number, Int32Array> {
  const file = new DelimitedFile(path)
  const userColumn = file.column('user')
  const itemsColumn = file.column('items')
  const byUser = new Map<number, Int32Array>()
  while (file.next()) {
    const user = users.find(file, userColumn)
    if (user < 0) continue
    if (byUser.has(user)) throw file.error(`user ${file.text(userColumn)} is listed twice`)
    const words = file.text(itemsColumn).split(' ').filter(Boolean)
    byUser.set(
      user,
      Int32Array.from(words, (word) => items.addText(word)),
    )
  }
  return byUser
}

/** Reads `prefix,target`: a session so far (items separated by spaces, in order) and the item that came next. */
export function readPrefixes(path: string, items: Ids): { prefixes: Int32Array[]; targets: Int32Array } {
  const file = new DelimitedFile(path)
  const prefixColumn = file.column('prefix')
  const targetColumn = file.column('target')
  const prefixes: Int32Array[] = []
  const targets: number[] = []
  while (file.next()) {
    const words = file.text(prefixColumn).split(' ').filter(Boolean)
    prefixes.push(Int32Array.from(words, (word) => items.addText(word)))
    targets.push(items.add(file, targetColumn))
  }
  return { prefixes, targets: Int32Array.from(targets) }
}

/** A growing array of numbers. */
class Grower {
  #data = new Float64Array(1 << 16)
  #length = 0

  push(value: number): void {
    if (this.#length === this.#data.length) {
      const larger = new Float64Array(this.#length * 2)
      larger.set(this.#data)
      this.#data = larger
    }
    this.#data[this.#length++] = value
  }

  array(): Float64Array {
    return this.#data.slice(0, this.#length)
  }
}
