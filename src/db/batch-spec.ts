/** What both halves of batch.ts share: how rows, keys and folds are described, and the words that both engines know. */
import { Buffer } from 'node:buffer'
import type { Tables } from './tables.ts'

export type Table = keyof Tables & string
export type Row = readonly unknown[]

/**
 * How two rows with the same key become one. Null is neutral for `add`, `min` and `max`.
 * `latest`: those columns are taken from the row whose `by` pair (time, message) is greater; `by` is stored with them.
 * Messages are compared as UTF-8 bytes.
 */
export interface FoldSpec {
  readonly key: readonly string[]
  readonly add?: readonly string[]
  readonly min?: readonly string[]
  readonly max?: readonly string[]
  readonly set?: readonly string[]
  readonly latest?: { readonly columns: readonly string[]; readonly by: readonly [string, string] }
}

/** Every column of a fold, the key first. */
export function foldColumns({ key, add = [], min = [], max = [], set = [], latest }: FoldSpec): string[] {
  return [...key, ...add, ...min, ...max, ...set, ...(latest ? [...latest.columns, ...latest.by] : [])]
}

/** `on conflict ... do update` for a fold; both engines know this form, and differ in the name of min and max. */
export function onConflict(table: string, spec: FoldSpec, engine: 'sqlite' | 'postgres'): string {
  const { key, add = [], min = [], max = [], set = [], latest } = spec
  const [least, greatest] = engine === 'sqlite' ? ['min', 'max'] : ['least', 'greatest']
  // Null is neutral: min(a, null) is null in SQLite and a in PostgreSQL, so neither is relied upon.
  const either = (column: string, both: string) =>
    `${column} = coalesce(${both}, ${table}.${column}, excluded.${column})`
  const assignments = [
    ...add.map((c) => either(c, `${table}.${c} + excluded.${c}`)),
    ...min.map((c) => either(c, bothKnown(table, c, least))),
    ...max.map((c) => either(c, bothKnown(table, c, greatest))),
    ...set.map((c) => `${c} = excluded.${c}`),
  ]
  if (latest) {
    const [time, message] = latest.by
    const newer = `(excluded.${time}, excluded.${message}) > (${table}.${time}, ${table}.${message})`
    for (const c of [...latest.columns, ...latest.by])
      assignments.push(`${c} = case when ${newer} then excluded.${c} else ${table}.${c} end`)
  }
  const target = `on conflict (${key.join(', ')})`
  return assignments.length === 0 ? `${target} do nothing` : `${target} do update set ${assignments.join(', ')}`
}

const bothKnown = (table: string, c: string, choose: string) => `${choose}(${table}.${c}, excluded.${c})`

export function overwrite(key: readonly string[], columns: readonly string[]): string {
  const others = columns.filter((column) => !key.includes(column))
  const target = `on conflict (${key.join(', ')})`
  if (others.length === 0) return `${target} do nothing`
  return `${target} do update set ${others.map((column) => `${column} = excluded.${column}`).join(', ')}`
}

/** A text that two key tuples share exactly when they are equal. */
export function keyText(key: Row): string {
  if (key.length === 1 && typeof key[0] === 'string') return key[0]
  let text = ''
  for (const part of key) {
    const value = part instanceof Uint8Array ? Buffer.from(part).toString('hex') : String(part)
    text += `${value.length}:${value};`
  }
  return text
}

export function* inChunks<T>(rows: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size)
}
