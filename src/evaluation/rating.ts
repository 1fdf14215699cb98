/**
 * Protocol `rating`: the rating of each test row is foretold from the training rows, what is told of customer and item, and
 * the test row's own time. And the learning curve: customers held out whole are folded in with their first ratings, and
 * those after the twentieth are foretold.
 */
import { HabitueError } from '../errors.ts'
import type { Progress } from '../models/model.ts'
import { fitRatings, type RatingModel, type RatingOptions, ratingDefaults } from '../models/rating.ts'
import type { RatingData, Ratings } from '../models/rating-layout.ts'
import type { Distributions } from '../models/rating-scale.ts'
import type { Memberships } from '../models/rating-side.ts'
import { modelOptions } from '../models/registry.ts'
import { seededRandom, type World } from '../world.ts'
import { Ids, readSplit, splitParts } from './interactions.ts'
import { type Outcome, peakRssMb } from './outcome.ts'
import { ratingsWhere, readRatings, readTraits, readUsers } from './rating-files.ts'

export interface RatingFiles {
  readonly train?: string
  readonly test?: string
  readonly interactions?: string
  readonly split?: string
  readonly users?: string
  readonly items?: string
  /** Also the learning curve. */
  readonly curve?: boolean
  /** Who is held out for the curve; default: a fifth of the customers, drawn by the seed. */
  readonly cold?: string
}

export interface RatingRequest {
  readonly set: Readonly<Record<string, unknown>>
  readonly seed: number
  readonly progress: Progress
  readonly world: World
}

interface Read {
  readonly train: Ratings
  /** Null where only the curve is asked for. */
  readonly test: Ratings | null
  readonly users: Ids
  readonly items: Ids
  readonly userTraits: readonly Memberships[]
  readonly itemTraits: readonly Memberships[]
}

export const givenFirst = [0, 1, 2, 5, 10, 20] as const
const curveAfter = 20
const heldOutShare = 0.2

/** @throws HabitueError on unreadable files and options; ModelDeclined; the signal's reason when aborted */
export async function evaluateRating(files: RatingFiles, request: RatingRequest): Promise<Outcome> {
  const options = modelOptions({ kind: 'rating', defaults: { ...ratingDefaults } }, request.set) as RatingOptions
  const read = readAll(files)
  const { world } = request
  const start = world.elapsed()
  let metrics: Record<string, number> = {}
  if (read.test) {
    const { answers } = await fitRatings(dataOf(read, read.train, request.seed), options, request.progress, read.test)
    if (answers) metrics = scoreRatings(read.test.values, answers)
  }
  let fitSeconds = (world.elapsed() - start) / 1000
  if (files.curve || files.cold !== undefined) {
    const cold = files.cold === undefined ? drawUsers(read.users.size, request.seed) : readUsers(files.cold, read.users)
    const curve = await learningCurve(read, cold, options, request)
    metrics = { ...metrics, ...curve.metrics }
    if (!read.test) fitSeconds = curve.fitSeconds
  }
  return { protocol: 'rating', model: 'rating', metrics, fitSeconds, peakRssMb: peakRssMb() }
}

function readAll(files: RatingFiles): Read {
  if ((files.interactions === undefined) === (files.train === undefined)) {
    throw new HabitueError(
      'invalid_option',
      'eval rating expects --train (and --test), or --interactions (and --split)',
    )
  }
  const users = new Ids()
  const items = new Ids()
  const rows = files.interactions === undefined ? fromTwo(files, users, items) : fromSplit(files, users, items)
  return {
    ...rows,
    users,
    items,
    userTraits: files.users === undefined ? [] : readTraits(files.users, 'user', users),
    itemTraits: files.items === undefined ? [] : readTraits(files.items, 'item', items),
  }
}

function fromTwo({ train, test }: RatingFiles, users: Ids, items: Ids): Pick<Read, 'train' | 'test'> {
  const first = readRatings(train ?? '', users, items)
  return { train: first, test: test === undefined ? null : readRatings(test, users, items) }
}

/** `valid` rows, where there are some, are trained on. */
function fromSplit({ interactions, split }: RatingFiles, users: Ids, items: Ids): Pick<Read, 'train' | 'test'> {
  const all = readRatings(interactions ?? '', users, items)
  if (split === undefined) return { train: all, test: null }
  const parts = readSplit(split, all.users.length)
  const tested = splitParts.indexOf('test')
  return { train: ratingsWhere(all, (r) => parts[r] !== tested), test: ratingsWhere(all, (r) => parts[r] === tested) }
}

function dataOf({ users, items, userTraits, itemTraits }: Read, rows: Ratings, seed: number): RatingData {
  return { ...rows, userCount: users.size, itemCount: items.size, userTraits, itemTraits, seed }
}

/** RMSE, MAE, and how true the spread is. */
export function scoreRatings(values: Float64Array, { expected, spread }: Distributions): Record<string, number> {
  let squares = 0
  let sum = 0
  let standardised = 0
  for (let q = 0; q < values.length; q++) {
    const error = values[q] - expected[q]
    squares += error * error
    sum += Math.abs(error)
    standardised += (error / Math.max(1e-9, spread[q])) ** 2
  }
  const n = Math.max(1, values.length)
  return {
    rmse: Math.sqrt(squares / n),
    mae: sum / n,
    'spread/z': Math.sqrt(standardised / n),
    'spread/calibration': spreadError(values, expected, spread),
  }
}

const bins = 10

/** Mean over tenths of the rows by spread of |root mean square of the errors - root mean square of the spreads|. */
function spreadError(values: Float64Array, expected: Float64Array, spread: Float64Array): number {
  const order = Array.from(values, (_, q) => q).sort((a, b) => spread[a] - spread[b] || a - b)
  let sum = 0
  for (let b = 0; b < bins; b++) {
    const rows = order.slice(Math.floor((b * order.length) / bins), Math.floor(((b + 1) * order.length) / bins))
    const mean = (of: (q: number) => number) => rows.reduce((total, q) => total + of(q), 0) / Math.max(1, rows.length)
    sum += Math.abs(Math.sqrt(mean((q) => (values[q] - expected[q]) ** 2)) - Math.sqrt(mean((q) => spread[q] ** 2)))
  }
  return sum / bins
}

function drawUsers(count: number, seed: number): Set<number> {
  const random = seededRandom(seed)
  const drawn = new Set<number>()
  for (let user = 0; user < count; user++) if (random() < heldOutShare) drawn.add(user)
  return drawn
}

/** `rmse/after0` ...: over each held-out customer's ratings after the twentieth, given his first 0, 1, 2, 5, 10, 20. */
async function learningCurve(
  read: Read,
  cold: ReadonlySet<number>,
  options: RatingOptions,
  request: RatingRequest,
): Promise<{ metrics: Record<string, number>; fitSeconds: number }> {
  const all = read.test ? joined(read.train, read.test) : read.train
  const known = ratingsWhere(all, (r) => !cold.has(all.users[r]))
  const start = request.world.elapsed()
  const { model } = await fitRatings(dataOf(read, known, request.seed), options, request.progress)
  const fitSeconds = (request.world.elapsed() - start) / 1000
  const rows = rowsByTime(all, cold)
  const metrics: Record<string, number> = { 'curve/customers': rows.length }
  for (const given of givenFirst) {
    request.progress.signal.throwIfAborted()
    let squares = 0
    let n = 0
    for (const own of rows) {
      for (const error of foldErrors(model, read, all, own, given)) {
        squares += error * error
        n++
      }
    }
    metrics['curve/ratings'] = n
    metrics[`rmse/after${given}`] = Math.sqrt(squares / Math.max(1, n))
  }
  return { metrics, fitSeconds }
}

/** Rows of each held-out customer with more than twenty ratings, in order of time. */
function rowsByTime({ users, times }: Ratings, cold: ReadonlySet<number>): number[][] {
  const byUser = new Map<number, number[]>()
  users.forEach((user, r) => {
    if (!cold.has(user)) return
    const own = byUser.get(user)
    if (own) own.push(r)
    else byUser.set(user, [r])
  })
  const lists = [...byUser.values()].filter((own) => own.length > curveAfter)
  for (const own of lists) own.sort((a, b) => (times ? times[a] - times[b] : 0) || a - b)
  return lists
}

function* foldErrors(model: RatingModel, read: Read, all: Ratings, own: readonly number[], given: number) {
  const first = own.slice(0, given)
  const { times } = all
  const taste = model.fold({
    items: first.map((r) => all.items[r]),
    values: first.map((r) => all.values[r]),
    times: times && first.map((r) => times[r]),
    traits: traitsOf(read.userTraits, all.users[own[0]]),
  })
  for (const r of own.slice(curveAfter)) {
    const foretold = taste.predict(all.items[r], times?.[r])
    if (foretold) yield all.values[r] - foretold.expected
  }
}

/** Feature numbers of one customer, numbered through all families. */
function traitsOf(families: readonly Memberships[], user: number): number[][] {
  let offset = 0
  return families.map(({ size, indptr, indices }) => {
    const own = Array.from(indices.subarray(indptr[user], indptr[user + 1]), (j) => j + offset)
    offset += size
    return own
  })
}

function joined(a: Ratings, b: Ratings): Ratings {
  const both = (x: Float64Array, y: Float64Array) => Float64Array.from([...x, ...y])
  return {
    users: Int32Array.from([...a.users, ...b.users]),
    items: Int32Array.from([...a.items, ...b.items]),
    values: both(a.values, b.values),
    times: a.times && b.times && both(a.times, b.times),
  }
}
