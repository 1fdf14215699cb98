/** A history as flat numbers in a file, for the processes that learn from it (those of other projects too). */
import { readFileSync, writeFileSync } from 'node:fs'
import type { ItemContent } from '../src/models/model.ts'
import type { History } from './histories.ts'

export interface Ratings {
  readonly users: number
  readonly items: number
  readonly userOf: Int32Array
  readonly itemOf: Int32Array
  /** Milliseconds since 1970. */
  readonly times: Float64Array
}

/** Beside `file`, in `file`.items.json, the items' titles and categories. */
export function readContent(file: string): ItemContent {
  return JSON.parse(readFileSync(`${file}.items.json`, 'utf8')) as ItemContent
}

/** Little-endian: users, items, entries (int32), a pad; then user (int32), item (int32), time (float64) of all entries. */
export function writeRatings(file: string, history: History): Ratings {
  const users = new Map(history.users.map((user, n) => [user, n]))
  const items = new Map<string, number>()
  const userOf = new Int32Array(history.length)
  const itemOf = new Int32Array(history.length)
  const times = new Float64Array(history.length)
  for (let i = 0; i < history.length; i++) {
    const { userId, timestamp, properties } = history.message(i)
    const item = (properties as { product_id: string }).product_id
    if (!items.has(item)) items.set(item, items.size)
    userOf[i] = users.get(userId as string) as number
    itemOf[i] = items.get(item) as number
    times[i] = Date.parse(timestamp as string)
  }
  const described = new Map(history.items.map((item) => [item.id, item]))
  const list = [...items.keys()].map((id) => described.get(id))
  const title = list.map((item) => item?.title ?? null)
  const categories = list.map((item) => item?.categories ?? [])
  writeFileSync(`${file}.items.json`, JSON.stringify({ title, categories }))
  const head = Int32Array.of(users.size, items.size, history.length, 0)
  const parts = [head, userOf, itemOf, times].map((part) => new Uint8Array(part.buffer))
  writeFileSync(file, Buffer.concat(parts))
  return { users: users.size, items: items.size, userOf, itemOf, times }
}

export function readRatings(file: string): Ratings {
  const bytes = readFileSync(file)
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
  const [users, items, n] = new Int32Array(buffer, 0, 4)
  return {
    users,
    items,
    userOf: new Int32Array(buffer, 16, n),
    itemOf: new Int32Array(buffer, 16 + 4 * n, n),
    times: new Float64Array(buffer.slice(16 + 8 * n)),
  }
}
