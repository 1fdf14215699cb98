/**
 * The protocol of labelled contexts: rows `label,user,item` and the context; AUC and logarithmic loss over the rows of
 * the test file, and each of its positives ranked among all items for its user and in its true context, nothing masked.
 * The model learns from the training file; the validation file says only when to stop. The same is done without the
 * context beside it, and the AUC of memory and popularity alone is told: pairs seen before, then by popularity.
 */
import { type ContextModel, type ContextOptions, fitContext, logLoss } from '../models/context.ts'
import type { ContextRows } from '../models/context-rows.ts'
import { areaUnderCurve, ranksAmongAll } from '../models/metrics.ts'
import type { Progress } from '../models/model.ts'
import type { World } from '../world.ts'
import { DelimitedFile } from './delimited.ts'
import { Ids } from './interactions.ts'
import { type Outcome, peakRssMb } from './outcome.ts'

export interface ContextFiles {
  readonly train: string
  readonly valid: string
  readonly test: string
}

export interface ContextRequest {
  readonly options: ContextOptions
  readonly seed: number
  readonly progress: Progress
  readonly world: World
}

/** @throws HabitueError on unreadable files; the signal's reason when aborted */
export async function evaluateContext(files: ContextFiles, request: ContextRequest): Promise<Outcome> {
  const [train, valid, test] = readAll(files)
  const { world } = request
  const start = world.elapsed()
  const model = await fitContext(train, valid, request.options, request.seed, request.progress)
  const fitSeconds = (world.elapsed() - start) / 1000
  const logOdds = model.predict(test)
  const plain = [train, valid, test].map(withoutContext)
  const ranks = testRanks(model, test, request.progress)
  const other = await fitContext(plain[0], plain[1], request.options, request.seed, request.progress)
  const otherOdds = other.predict(plain[2])
  const otherRanks = testRanks(other, plain[2], request.progress)
  return {
    protocol: 'context',
    model: 'context',
    metrics: {
      auc: areaUnderCurve(logOdds, test.labels),
      logloss: logLoss(logOdds, test.labels),
      'auc/nocontext': areaUnderCurve(otherOdds, test.labels),
      'logloss/nocontext': logLoss(otherOdds, test.labels),
      'auc/memory': areaUnderCurve(memoryAndPopularity(train, test), test.labels),
      'hr@1': shareWithin(1, ranks),
      'hr@5': shareWithin(5, ranks),
      'hr@1/nocontext': shareWithin(1, otherRanks),
      'hr@5/nocontext': shareWithin(5, otherRanks),
    },
    fitSeconds,
    peakRssMb: peakRssMb(),
  }
}

function readAll({ train, valid, test }: ContextFiles): ContextRows[] {
  const files = [train, valid, test].map((path) => new DelimitedFile(path))
  const context = files[0].columns.filter((name) => name !== 'label' && name !== 'user' && name !== 'item')
  const names = ['user', 'item', ...context]
  const ids = names.map(() => new Ids())
  // Items are those of all files: a test positive is ranked among every item there is.
  const read = files.map((file) => readRows(file, names, ids))
  const sizes = ids.map((column) => column.size + 1)
  return read.map((rows) => ({ ...rows, sizes }))
}

function readRows(file: DelimitedFile, names: readonly string[], ids: readonly Ids[]) {
  const columns = names.map((name) => file.column(name))
  const label = file.column('label')
  const codes: number[] = []
  const labels: number[] = []
  while (file.next()) {
    const word = file.text(label)
    if (word !== '0' && word !== '1')
      throw file.error(`label: expected 0 or 1, got ${JSON.stringify(word.slice(0, 40))}`)
    labels.push(Number(word))
    for (let c = 0; c < columns.length; c++) codes.push(ids[c].add(file, columns[c]) + 1)
  }
  return { codes: Int32Array.from(codes), labels: Uint8Array.from(labels) }
}

function withoutContext({ sizes, codes, labels }: ContextRows): ContextRows {
  const kept = new Int32Array(2 * labels.length)
  for (let r = 0; r < labels.length; r++) {
    kept[2 * r] = codes[r * sizes.length]
    kept[2 * r + 1] = codes[r * sizes.length + 1]
  }
  return { sizes: sizes.slice(0, 2), codes: kept, labels }
}

/** Rank of each positive of the test among all items. Code 0 stands for no item and is no candidate. */
function testRanks(model: ContextModel, test: ContextRows, progress: Progress): Float64Array {
  const { sizes, codes, labels } = test
  const width = sizes.length
  const byRow = new Map<string, number[]>()
  for (let r = 0; r < labels.length; r++) {
    if (labels[r] === 0) continue
    const row = codes.slice(r * width, (r + 1) * width)
    const item = row[1]
    row[1] = 0
    const key = row.join()
    byRow.set(key, [...(byRow.get(key) ?? []), item])
  }
  const ranks: number[] = []
  const scores = new Float32Array(sizes[1])
  const sorted = [...byRow].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [n, [key, items]] of sorted.entries()) {
    if (n % 100 === 0) progress.step(n, sorted.length, 'ranking')
    progress.signal.throwIfAborted()
    model.scoreItems(Int32Array.from(key.split(','), Number), scores)
    ranks.push(
      ...ranksAmongAll(
        scores.slice(1),
        Int32Array.from(items, (item) => item - 1),
        new Int32Array(0),
      ),
    )
  }
  return Float64Array.from(ranks)
}

function shareWithin(k: number, ranks: Float64Array): number {
  return ranks.reduce((sum, rank) => sum + (rank <= k ? 1 : 0), 0) / Math.max(1, ranks.length)
}

/** Pairs that were chosen in training stand above all others; within both the item's popularity decides. */
function memoryAndPopularity(train: ContextRows, test: ContextRows): Float64Array {
  const width = train.sizes.length
  const items = train.sizes[1]
  const pairs = new Set<number>()
  const popularity = new Float64Array(items)
  for (let r = 0; r < train.labels.length; r++) {
    if (train.labels[r] === 0) continue
    pairs.add(train.codes[r * width] * items + train.codes[r * width + 1])
    popularity[train.codes[r * width + 1]]++
  }
  const most = train.labels.length
  return Float64Array.from(test.labels, (_, r) => {
    const item = test.codes[r * width + 1]
    return popularity[item] + (pairs.has(test.codes[r * width] * items + item) ? most : 0)
  })
}
