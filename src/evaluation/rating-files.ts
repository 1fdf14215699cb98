/** The files of rating prediction: interactions with values, and what is told of customers and items, any columns. */
import { HabitueError } from '../errors.ts'
import { membershipsOf, type Ratings } from '../models/rating-layout.ts'
import type { Memberships } from '../models/rating-side.ts'
import { DelimitedFile } from './delimited.ts'
import type { Ids } from './interactions.ts'

/** Reads `user,item,value[,time]`, time in Unix seconds. @throws HabitueError missing_column, invalid_line, invalid_file */
export function readRatings(path: string, users: Ids, items: Ids): Ratings {
  const file = new DelimitedFile(path)
  const [user, item, value] = ['user', 'item', 'value'].map((name) => file.column(name))
  const time = file.optionalColumn('time')
  const rows = { users: [] as number[], items: [] as number[], values: [] as number[], times: [] as number[] }
  while (file.next()) {
    rows.users.push(users.add(file, user))
    rows.items.push(items.add(file, item))
    rows.values.push(file.number(value))
    if (time >= 0) rows.times.push(file.number(time) * 1000)
  }
  if (rows.users.length === 0) throw new HabitueError('invalid_file', `${path} has no rows`, { file: path })
  return {
    users: Int32Array.from(rows.users),
    items: Int32Array.from(rows.items),
    values: Float64Array.from(rows.values),
    times: time >= 0 ? Float64Array.from(rows.times) : undefined,
  }
}

/** The rows for which `keep` holds. */
export function ratingsWhere(ratings: Ratings, keep: (row: number) => boolean): Ratings {
  const rows: number[] = []
  for (let r = 0; r < ratings.users.length; r++) if (keep(r)) rows.push(r)
  const { times } = ratings
  return {
    users: Int32Array.from(rows, (r) => ratings.users[r]),
    items: Int32Array.from(rows, (r) => ratings.items[r]),
    values: Float64Array.from(rows, (r) => ratings.values[r]),
    times: times && Float64Array.from(rows, (r) => times[r]),
  }
}

/** Those listed in the file's column `user`. */
export function readUsers(path: string, users: Ids): Set<number> {
  const file = new DelimitedFile(path)
  const column = file.column('user')
  const found = new Set<number>()
  while (file.next()) found.add(users.find(file, column))
  found.delete(-1)
  return found
}

/**
 * Each column but `key` as a family of features: lists by `|`, words, numbers in ranges, the year of a date or of a title
 * that ends in one; codes with more values than that say something by how they begin (a postal code's region). Who is not
 * in `ids` is left out, who is not in the file has none.
 * @throws HabitueError missing_column, invalid_line, invalid_file
 */
export function readTraits(path: string, key: 'user' | 'item', ids: Ids): Memberships[] {
  const file = new DelimitedFile(path)
  const keyColumn = file.column(key)
  const entities: number[] = []
  const columns = file.columns.map((): string[] => [])
  while (file.next()) {
    const entity = ids.find(file, keyColumn)
    if (entity < 0) continue
    entities.push(entity)
    for (let c = 0; c < columns.length; c++) columns[c].push(file.text(c).trim())
  }
  return columns.flatMap((values, c) =>
    c === keyColumn ? [] : featuresOf(values).map((words) => family(file.columns[c], entities, words, ids.size)),
  )
}

function family(name: string, entities: readonly number[], words: readonly string[][], size: number): Memberships {
  const numbers = new Map<string, number>()
  const lists = Array.from({ length: size }, (): number[] => [])
  words.forEach((own, row) => {
    lists[entities[row]] = [...new Set(own)].filter(Boolean).map((word) => {
      const number = numbers.get(word) ?? numbers.size
      numbers.set(word, number)
      return number
    })
  })
  return membershipsOf(name, lists, numbers.size)
}

/** More different values than this are not each a feature. */
const mostWords = 30
const ranges = 10

/** Features of each row: one family, or none where the column tells nothing that another row could share. */
export function featuresOf(values: readonly string[]): string[][][] {
  if (values.some((value) => value.includes('|'))) return [values.map((value) => value.split('|'))]
  const distinct = new Set(values)
  if (distinct.size < 2) return []
  if (distinct.size <= mostWords) return [values.map((value) => [value])]
  const years = values.map((value) => value.match(/(?:^|\D)((?:1[89]|20)\d\d)(?:\D*$|-)/)?.[1] ?? '')
  const dated = years.filter(Boolean).length
  const spelled = values.some((value) => /\D/.test(value))
  if (spelled && dated > 0.8 * values.length) return [years.map((year) => [year])]
  if (values.some((value) => /\s/.test(value))) return []
  const sameLength = values.filter((value) => value.length === values[0].length).length
  if (sameLength > 0.9 * values.length && values[0].length >= 4) return [values.map((value) => [value.slice(0, 1)])]
  return spelled ? [] : [inRanges(values.map(Number))]
}

/** Ten ranges with about equally many rows each. */
function inRanges(numbers: readonly number[]): string[][] {
  const sorted = numbers.toSorted((a, b) => a - b)
  const bounds = Array.from({ length: ranges - 1 }, (_, k) => sorted[Math.floor(((k + 1) * sorted.length) / ranges)])
  return numbers.map((number) => [String(bounds.filter((bound) => number >= bound).length)])
}
