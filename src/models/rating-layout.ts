/**
 * Ratings in the order in which they are sampled (by customer, then time), and what time says of each: its day, how many the
 * customer had rated before, how long since his last.
 */
import { gapClass } from './rating-mood.ts'
import { identity, type Memberships } from './rating-side.ts'

/** Parallel arrays: customer `users[r]` gave item `items[r]` the rating `values[r]`. */
export interface Ratings {
  readonly users: Int32Array
  readonly items: Int32Array
  readonly values: Float64Array
  /** Milliseconds since 1970. */
  readonly times?: Float64Array
}

/** Ratings and what is known of the two who met. */
export interface RatingData extends Ratings {
  readonly userCount: number
  readonly itemCount: number
  /** Traits of customers and attributes of items: families of features. */
  readonly userTraits: readonly Memberships[]
  readonly itemTraits: readonly Memberships[]
  readonly seed: number
}

/** Days with ratings, wider bins where there are more than `mostBins`. */
export interface Calendar {
  readonly width: number
  /** First millisecond of each bin, ascending. */
  readonly starts: Float64Array
  /** Month (30 days) of each bin: days with few ratings lean on it. */
  readonly months: Memberships
}

export interface Layout {
  readonly users: Int32Array
  readonly items: Int32Array
  readonly values: Float64Array
  readonly times: Float64Array | null
  /** The ratings of customer u are rows `starts[u]` to `starts[u + 1]`. */
  readonly starts: Int32Array
  readonly calendar: Calendar | null
}

/** Where a rating stands, whether it was trained on or is asked for. */
export interface Place {
  /** Bin of the calendar. */
  readonly bin: number
  /** Class of how many ratings of the customer came before. */
  readonly spot: number
}

const DAY = 86_400_000
const mostBins = 3000
export const spots = 40

export function spotOf(before: number): number {
  return Math.min(spots - 1, Math.floor(2 * Math.log2(1 + before)))
}

export function layoutOf(data: RatingData): Layout {
  const { users, items, values, times, userCount } = data
  const order = Int32Array.from({ length: users.length }, (_, r) => r)
  order.sort((a, b) => users[a] - users[b] || (times ? times[a] - times[b] : 0) || a - b)
  const starts = new Int32Array(userCount + 1)
  for (const user of users) starts[user + 1]++
  for (let u = 0; u < userCount; u++) starts[u + 1] += starts[u]
  const inOrder = times ? Float64Array.from(order, (r) => times[r]) : null
  return {
    users: Int32Array.from(order, (r) => users[r]),
    items: Int32Array.from(order, (r) => items[r]),
    values: Float64Array.from(order, (r) => values[r]),
    times: inOrder,
    starts,
    calendar: inOrder && calendarOf(inOrder),
  }
}

/** Null where all ratings fall on one day: then the day tells nothing. */
function calendarOf(times: Float64Array): Calendar | null {
  const days = new Set<number>()
  for (const time of times) days.add(Math.floor(time / DAY))
  if (days.size < 2) return null
  const width = Math.ceil(days.size / mostBins) * DAY
  const bins = [...new Set(Array.from(days, (day) => Math.floor((day * DAY) / width)))].sort((a, b) => a - b)
  const starts = Float64Array.from(bins, (bin) => bin * width)
  const first = Math.floor(starts[0] / (30 * DAY))
  const months = Int32Array.from(starts, (start) => Math.floor(start / (30 * DAY)) - first)
  const size = months[months.length - 1] + 1
  const indptr = Int32Array.from({ length: bins.length + 1 }, (_, b) => b)
  return { width, starts, months: { name: 'month', size, indptr, indices: months } }
}

/** The bin of `time`, or the latest before it; the first for times before all. */
export function binOf({ starts }: Pick<Calendar, 'starts'>, time: number): number {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (starts[middle] <= time) low = middle + 1
    else high = middle
  }
  return Math.max(0, low - 1)
}

/** For each rating the class of the gap to the one before; -1 where a customer begins. */
export function gapsOf({ users, times }: Layout): Int8Array {
  return Int8Array.from(users, (user, r) =>
    r > 0 && users[r - 1] === user && times ? gapClass(times[r] - times[r - 1]) : -1,
  )
}

/** The features of a family from lists of their numbers, one list an entity. */
export function membershipsOf(name: string, lists: readonly (readonly number[])[], size: number): Memberships {
  const indptr = new Int32Array(lists.length + 1)
  lists.forEach((list, e) => {
    indptr[e + 1] = indptr[e] + list.length
  })
  return { name, size, indptr, indices: Int32Array.from(lists.flat()) }
}

/** Families of the customers' side: themselves, what they rated (SVD++), their traits. */
export function userFamilies(data: RatingData, { items, starts }: Layout): Memberships[] {
  const rated = { name: 'rated', size: data.itemCount, indptr: starts, indices: items }
  return [identity('user', data.userCount), rated, ...data.userTraits]
}

/** Families of the items' side: themselves, who rated them (SVD++ flipped), their attributes. */
export function itemFamilies(data: RatingData, { items, users }: Layout): Memberships[] {
  const indptr = new Int32Array(data.itemCount + 1)
  for (const item of items) indptr[item + 1]++
  for (let i = 0; i < data.itemCount; i++) indptr[i + 1] += indptr[i]
  const next = indptr.slice()
  const indices = new Int32Array(items.length)
  for (let r = 0; r < items.length; r++) indices[next[items[r]]++] = users[r]
  return [
    identity('item', data.itemCount),
    { name: 'raters', size: data.userCount, indptr, indices },
    ...data.itemTraits,
  ]
}
