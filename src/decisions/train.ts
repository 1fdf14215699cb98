/**
 * Memory -> the bundle of trained models. Runs in the training thread; knows rows and models, no thread and no schedule.
 */
import { type Catalogue, loadCatalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import type { PopulationPermit } from '../consent/permit.ts'
import { policyOf } from '../consent/policy.ts'
import { populationPermit } from '../consent/store.ts'
import type { Reader } from '../db/database.ts'
import { type ErrorCode, HabitueError } from '../errors.ts'
import { trainingAttributes } from '../memory/attributes.ts'
import { type TrainingGroup, trainingRows } from '../memory/training-rows.ts'
import type { BlendReport } from '../models/blend-learning.ts'
import { type ItemContent, type Model, ModelDeclined, type Progress, type TrainingData } from '../models/model.ts'
import { modelKind, modelOptions } from '../models/registry.ts'
import { learnFirstGuess } from './first-guess.ts'
import { RatingRows } from './rating-rows.ts'
import { repeatShares } from './repeat.ts'
import { packBundle } from './serving.ts'

export interface TrainingOrder {
  readonly config: Config
  readonly now: number
  readonly seed: number
}

/** What the training thread says. */
export type FromTraining =
  | { readonly type: 'step'; readonly done: number; readonly total: number; readonly note: string }
  | { readonly type: 'done'; readonly bytes: Uint8Array; readonly report: Record<string, unknown> }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }

/** Shares of the whole work, for progress. */
const parts = { reading: 10, taste: 55, together: 10, guess: 5, stars: 15, content: 5 } as const

export async function trainBundle(
  reader: Reader,
  { config, now, seed }: TrainingOrder,
  progress: Progress,
): Promise<{ bytes: Uint8Array; report: Record<string, unknown> }> {
  const { memoryMb, threads } = config.training
  const permit = await populationPermit(reader, policyOf(config), 'training', now)
  if (!permit) {
    throw new HabitueError('consent_refused', 'No legal basis is stated for training (consent.bases.training is none).')
  }
  progress.step(0, 100, 'reading memory')
  const catalogue = await loadCatalogue(reader, config.defaultAudience)
  let unreached = 0
  const counting: PopulationPermit = {
    ...permit,
    of(customer, identifiers) {
      const own = permit.of(customer, identifiers)
      if (own === null) unreached++
      return own
    },
  }
  const collected = await collect(trainingRows(reader, counting, config.signals), catalogue, progress)
  const data: TrainingData = { ...collected, content: contentOf(catalogue, collected.ids), now, seed }
  const learn = (name: string, from: number, share: number, options: Record<string, number> = {}) =>
    fitKind(name, options, data, within(progress, from, share))
  const taste = await learn('blend', parts.reading, parts.taste, { memoryMb, threads })
  if (!taste) {
    if (unreached > 0)
      throw new HabitueError(
        'consent_refused',
        `The purpose training reaches nobody of whom something is remembered: ${unreached} customers have not agreed.`,
      )
    throw new HabitueError('training_failed', 'There is nothing to learn from yet.')
  }
  const together = await learn('neighbours', parts.reading + parts.taste, parts.together)
  const listed = new Set(Object.keys(config.firstGuess.traits).filter((name) => config.firstGuess.traits[name]))
  const told = await trainingAttributes(reader, permit, listed, now)
  const traits = collected.customers.map((customer) => told.get(customer) ?? {})
  const guessProgress = within(progress, parts.reading + parts.taste + parts.together, parts.guess)
  const first = await learnFirstGuess(data, traits, taste, guessProgress)
  const content = await learn('content', 100 - parts.content, parts.content)
  const starsFrom = parts.reading + parts.taste + parts.together + parts.guess
  const stars = await collected.ratings.learn(
    { ...data, ids: collected.ids },
    told,
    within(progress, starsFrom, parts.stars),
  )
  const bytes = packBundle({
    taste,
    together,
    content,
    stars,
    guess: first?.guess.admitted.some(Boolean) ? first.guess : null,
    ids: collected.ids,
    counts: positives(data.matrix),
    repeatShares: repeatShares(collected.pairs, (item) => catalogue.categories(item)),
    note: fallbackNote(taste),
  })
  const report = {
    customers: data.matrix.rows,
    items: data.matrix.columns,
    interactions: data.matrix.indices.length,
    /** Of whom something is remembered and whom the purpose does not reach. */
    withoutConsent: unreached,
    /** Ratings that stars are foretold from; 0 where they are too few for it. */
    ratings: stars ? collected.ratings.count : 0,
    firstGuess: first?.standing ?? null,
    blend: (taste as Model & { report?: unknown }).report ?? null,
  }
  for (const model of [taste, together, content]) model?.dispose?.()
  return { bytes, report }
}

/** What an answer says of a model that could not yet learn more than what is popular. */
function fallbackNote(taste: Model): string | undefined {
  const report = (taste as Model & { report?: BlendReport }).report
  return report?.admitted.every(({ kind }) => kind === 'popularity') ? report.note : undefined
}

/** A progress whose 0..total is a share of the whole. */
function within(progress: Progress, from: number, share: number): Progress {
  return {
    signal: progress.signal,
    step: (done, total, note) => progress.step(from + (share * done) / Math.max(1, total), 100, note),
  }
}

/** Null where the data does not suit the kind. */
async function fitKind(
  name: string,
  options: Record<string, number>,
  data: TrainingData,
  progress: Progress,
): Promise<Model | null> {
  const kind = modelKind(name)
  try {
    return await kind.fit(data, modelOptions(kind, options), progress)
  } catch (error) {
    if (error instanceof ModelDeclined) return null
    throw error
  }
}

interface Collected {
  readonly ratings: RatingRows
  /** One row a customer, or one of his recipients. */
  readonly matrix: TrainingData['matrix']
  readonly times: Float64Array
  /** Of each row whose it is; -1 = what he bought for somebody else. */
  readonly customers: readonly number[]
  /** model index -> internal item id. */
  readonly ids: Int32Array
  /** How often each (customer, item) was ordered, gifts left out. */
  readonly pairs: readonly { readonly item: number; readonly orders: number }[]
}

/** Groups -> a sparse matrix over all described items and all that were ever touched. */
async function collect(
  groups: AsyncIterable<TrainingGroup>,
  catalogue: Catalogue,
  progress: Progress,
): Promise<Collected> {
  const entries = new Entries()
  const pairs: { item: number; orders: number }[] = []
  const ratings = new RatingRows()
  const customers: number[] = []
  for await (const { customer, recipient, items, weights, times, orders, rated } of groups) {
    progress.signal.throwIfAborted()
    for (const { item, rating, time } of rated) ratings.add(customer, catalogue.canonical(item), rating, time)
    for (let i = 0; i < items.length; i++) {
      const item = catalogue.canonical(items[i])
      // What is given away twice is not what one has and buys again.
      if (orders[i] > 0 && recipient === '') pairs.push({ item, orders: orders[i] })
      // What was not wanted teaches nothing to models of what is wanted; decisions keep it out by other means.
      if (weights[i] > 0) entries.add(item, weights[i], times[i])
    }
    if (entries.endRow()) customers.push(recipient === '' ? customer : -1)
  }
  const described = [...catalogue.ids()].filter((id) => !catalogue.provisional(id) && catalogue.canonical(id) === id)
  return { ...entries.toMatrix(described), customers, pairs, ratings }
}

/** Rows of (item, weight, time) in typed arrays that grow: a million of them are 16 MB. */
class Entries {
  #items = new Int32Array(1 << 16)
  #weights = new Float32Array(1 << 16)
  #times = new Float64Array(1 << 16)
  #size = 0
  readonly #ends: number[] = []

  add(item: number, weight: number, time: number): void {
    if (this.#size === this.#items.length) this.#grow()
    this.#items[this.#size] = item
    this.#weights[this.#size] = weight
    this.#times[this.#size++] = time
  }

  /** False where nothing was added since the last row: then there is none. */
  endRow(): boolean {
    const filled = this.#size > (this.#ends.at(-1) ?? 0)
    if (filled) this.#ends.push(this.#size)
    return filled
  }

  #grow(): void {
    const larger = <T extends Int32Array | Float32Array | Float64Array>(array: T, next: T): T => {
      next.set(array)
      return next
    }
    const length = 2 * this.#items.length
    this.#items = larger(this.#items, new Int32Array(length))
    this.#weights = larger(this.#weights, new Float32Array(length))
    this.#times = larger(this.#times, new Float64Array(length))
  }

  /** Columns: every item of an entry, and `more`, by ascending internal id. An item that comes twice in a row is one. */
  toMatrix(more: readonly number[]): Pick<Collected, 'matrix' | 'times' | 'ids'> {
    const ids = Int32Array.from(new Set([...this.#items.subarray(0, this.#size), ...more])).sort()
    const indexOf = new Map(Array.from(ids, (id, i) => [id, i]))
    const indptr = new Int32Array(this.#ends.length + 1)
    const indices = new Int32Array(this.#size)
    const values = new Float32Array(this.#size)
    const times = new Float64Array(this.#size)
    let n = 0
    let start = 0
    this.#ends.forEach((end, row) => {
      const order = Array.from({ length: end - start }, (_, i) => start + i).sort(
        (a, b) => this.#items[a] - this.#items[b],
      )
      for (const at of order) {
        const index = indexOf.get(this.#items[at]) as number
        const same = n > indptr[row] && indices[n - 1] === index
        if (!same) n++
        indices[n - 1] = index
        values[n - 1] += this.#weights[at]
        times[n - 1] = Math.max(times[n - 1], this.#times[at])
      }
      indptr[row + 1] = n
      start = end
    })
    const matrix = {
      rows: this.#ends.length,
      columns: ids.length,
      indptr,
      indices: indices.slice(0, n),
      values: values.slice(0, n),
    }
    return { matrix, times: times.slice(0, n), ids }
  }
}

function contentOf(catalogue: Catalogue, ids: Int32Array): ItemContent {
  const list = Array.from(ids)
  return {
    title: list.map((id) => catalogue.title(id)),
    categories: list.map((id) => catalogue.categories(id)),
    attributes: list.map((id) => catalogue.attributeTerms(id)),
    price: Float64Array.from(list, (id) => catalogue.price(id)),
  }
}

function positives(matrix: TrainingData['matrix']): Int32Array {
  const counts = new Int32Array(matrix.columns)
  for (const index of matrix.indices) counts[index]++
  return counts
}
