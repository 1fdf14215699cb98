/**
 * EASE: a linear item-item model with a zero diagonal, in closed form (Steck 2019, "Embarrassingly Shallow Autoencoders
 * for Sparse Data", eq. 8): P = (X^T X + lambda I)^-1, B_ij = -P_ij / P_jj, B_jj = 0; a history x scores x B.
 *
 * Training takes the positive entries of the matrix at their values and leaves negative ones out: a refusal tells of
 * that item, not of what goes together. A history's weights are taken as they are, so that a refused item counts
 * against its like.
 */
import type { Csr } from '../kernels/csr.ts'
import { type ItemRows, narrowRows, narrowStride, sparseRows } from '../kernels/item-rows.ts'
import { borrow, floatsAt, giveBack, intsAt, Layout } from '../kernels/memory.ts'
import { SPIKES, TILE, TILE_BYTES } from '../kernels/module.ts'
import { openPool, type Pool, threadsFor } from '../kernels/pool.ts'
import { packModel, unpackModel } from './bytes.ts'
import { strongest } from './contributions.ts'
import { transpose } from './matrix.ts'
import { type Contribution, type History, type Model, ModelDeclined, type ModelKind } from './model.ts'
import { rowSum } from './neighbour-table.ts'
import { pace } from './pace.ts'

export type EaseOptions = {
  /**
   * L2 regularisation, in units of the diagonal of X^T X (interactions of an item). 0 = chosen by the size of the data:
   * .4 times a customer's mean interactions times the root of an item's, which came within .02 of the best NDCG@10 on
   * MovieLens 100K and 1M and Online Retail, whole and a tenth or a fifth of their customers (best from 50 to 800).
   */
  lambda: number
  /**
   * Share of a history that training hides from itself, 0 .. 1: EDLAE (Steck 2020, "Autoencoders that don't overfit
   * towards the identity"), which adds dropout / (1 - dropout) of each item's own diagonal to lambda.
   */
  dropout: number
  /** A customer of n interactions weighs n^-even in training: 0 = by the interaction, 1 = all alike. */
  even: number
  /**
   * Weights kept of each row, on average: the largest of the whole model. 0 = all of them up to 8,192 items (a byte
   * each), 512 beyond. On ML-1M (NDCG@10 .3337 with all) 1024 give .3330, 512 the same, 256 .3324.
   */
  prune: number
  /** Most memory that a fit may take, in megabytes (2^20 bytes); above it EASE declines. */
  memoryMb: number
  /** Threads; 0 = one a core. */
  threads: number
}

const KIND = 'ease'
const VERSION = 1
const MEGABYTE = 2 ** 20
const ALL_KEPT_ITEMS = 8192
const KEPT_BEYOND = 512
const TOO_SINGULAR = 'EASE: X^T X + lambda I is not positive definite in single precision; raise lambda'

export const ease: ModelKind<EaseOptions> = {
  kind: KIND,
  defaults: { lambda: 0, dropout: 0, even: 0, prune: 0, memoryMb: 1024, threads: 0 },
  async fit(data, options, progress): Promise<Model> {
    const { lambda, dropout, even, memoryMb, threads } = options
    if (!(lambda >= 0)) throw new RangeError(`lambda must be 0 or more, got ${lambda}`)
    if (!(dropout >= 0 && dropout < 1)) throw new RangeError(`dropout must be from 0 to below 1, got ${dropout}`)
    if (!(even >= 0 && even <= 2)) throw new RangeError(`even must be from 0 to 2, got ${even}`)
    const matrix = positiveEntries(data.matrix)
    const work = matrix.columns ** 3
    const place = layOut(matrix, threadsFor(work, threads), keptOf(options, matrix.columns))
    const need = Math.ceil(place.layout.bytes / MEGABYTE)
    if (need > memoryMb) {
      throw new ModelDeclined(`EASE over ${matrix.columns} items needs ${need} MB; memoryMb allows ${memoryMb}`)
    }
    const memory = borrow(place.layout)
    const pool = openPool(memory, work, progress.signal, threads)
    try {
      const { side } = place
      await pace(progress, 0, side + 2, 'gram')
      const popularity = await gram(pool, memory, place, matrix, options)
      const step = Math.ceil(side / 20)
      for (let from = 0; from < side; from += step) {
        await pace(progress, 1 + from, side + 2, 'inverse')
        const to = Math.min(side, from + step)
        const status = await pool.run('invertTiles', place.tiles, side, from, to, place.panels, place.scratch)
        if (status !== 0) throw new ModelDeclined(TOO_SINGULAR)
      }
      await pace(progress, side + 1, side + 2, 'weights')
      prepareColumns(memory, place)
      const rows = await (place.kept > 0 ? sparse(pool, memory, place) : narrow(pool, memory, place))
      await pace(progress, side + 2, side + 2, 'weights')
      return makeModel(rows, popularity)
    } finally {
      await pool.close()
      giveBack(memory)
    }
  },
  fromBytes(bytes): Model {
    const { meta, i16, i32, f32 } = unpackModel(bytes, KIND, VERSION)
    const rows = meta.sparse
      ? sparseRows({ rowptr: i32('rowptr'), columns: i32('columns'), values: f32('values') })
      : narrowRows({ q: i16('q'), unit: f32('unit'), columns: i32('columns'), residuals: f32('residuals') })
    return makeModel(rows, f32('popularity'))
  },
}

/** Weights kept of each row; 0 = all. */
function keptOf({ prune }: EaseOptions, items: number): number {
  if (!(prune >= 0)) throw new RangeError(`prune must be 0 or more, got ${prune}`)
  if (prune === 0) return items > ALL_KEPT_ITEMS ? KEPT_BEYOND : 0
  return prune < items ? prune : 0
}

function positiveEntries(matrix: Csr): Csr {
  if (matrix.values.every((v) => v > 0)) return matrix
  const { rows, columns, indptr, indices, values } = matrix
  const keptPtr = new Int32Array(rows + 1)
  for (let r = 0; r < rows; r++) {
    keptPtr[r + 1] = keptPtr[r]
    for (let e = indptr[r]; e < indptr[r + 1]; e++) if (values[e] > 0) keptPtr[r + 1]++
  }
  return {
    rows,
    columns,
    indptr: keptPtr,
    indices: indices.filter((_, e) => values[e] > 0),
    values: values.filter((v) => v > 0),
  }
}

/** Offsets of all that a fit needs; `kept` weights of a row, 0 = all. */
function layOut(matrix: Csr, threads: number, kept: number) {
  const { rows, columns: n, indices } = matrix
  const layout = new Layout()
  const side = Math.ceil(n / TILE)
  const padded = side * TILE
  // The threshold that leaves `kept` of a row is found from a sample.
  const capacity = Math.ceil(kept * n * 1.2)
  const place = {
    ...{ n, side, kept, capacity },
    tiles: layout.place(((side * (side + 1)) / 2) * TILE_BYTES),
    panels: layout.place(2 * side * TILE_BYTES),
    scratch: layout.place(Math.max((1 + 2 * threads) * TILE_BYTES, threads * padded * 4)),
    indptr: layout.words(rows + 1),
    indices: layout.words(indices.length),
    values: layout.words(indices.length),
    tptr: layout.words(n + 1),
    tindices: layout.words(indices.length),
    tvalues: layout.words(indices.length),
    rowWeights: layout.words(rows),
    diagonal: layout.words(padded),
    factor: layout.words(padded),
    ...(kept > 0
      ? { q: 0, unit: 0, residuals: 0, rowptr: layout.words(n + 1), sparseValues: layout.words(capacity) }
      : { q: layout.place(n * narrowStride(n)), unit: layout.words(n), residuals: layout.words(n * SPIKES) }),
    columns: layout.words(kept > 0 ? capacity : n * SPIKES),
  }
  return { rowptr: 0, sparseValues: 0, ...place, layout }
}

type Place = ReturnType<typeof layOut>

/** Writes X^T W X + Lambda into the tiles; returns each item's share of the users. */
async function gram(pool: Pool, memory: WebAssembly.Memory, place: Place, matrix: Csr, options: EaseOptions) {
  const { rows, columns: n } = matrix
  const byItem = transpose(matrix)
  intsAt(memory, place.indptr, rows + 1).set(matrix.indptr)
  intsAt(memory, place.indices, matrix.indices.length).set(matrix.indices)
  floatsAt(memory, place.values, matrix.values.length).set(matrix.values)
  intsAt(memory, place.tptr, n + 1).set(byItem.indptr)
  intsAt(memory, place.tindices, byItem.indices.length).set(byItem.indices)
  floatsAt(memory, place.tvalues, byItem.values.length).set(byItem.values)
  const { dropout, even } = options
  const lambda = options.lambda || usualLambda(matrix)
  const weights = floatsAt(memory, place.rowWeights, rows)
  weights.set(customerWeights(matrix, even))
  const diagonal = floatsAt(memory, place.diagonal, n)
  diagonal.fill(lambda)
  if (dropout > 0) {
    const share = dropout / (1 - dropout)
    for (let i = 0; i < n; i++) {
      for (let e = byItem.indptr[i]; e < byItem.indptr[i + 1]; e++) {
        diagonal[i] += share * weights[byItem.indices[e]] * byItem.values[e] ** 2
      }
    }
  }
  await pool.run(
    'gramTiles',
    ...([place.tiles, n, place.indptr, place.indices, place.values] as const),
    ...([place.tptr, place.tindices, place.tvalues, place.rowWeights, place.diagonal, place.scratch] as const),
  )
  return Float32Array.from({ length: n }, (_, i) => (byItem.indptr[i + 1] - byItem.indptr[i]) / Math.max(1, rows))
}

/** The regularisation that suits a matrix of this size, see `EaseOptions.lambda`. */
export function usualLambda({ rows, columns, indices }: Csr): number {
  const n = Math.max(1, indices.length)
  return Math.max(1, 0.4 * (n / Math.max(1, rows)) * Math.sqrt(n / Math.max(1, columns)))
}

/** n^-even, scaled so that the interactions weigh 1 on average and lambda keeps its meaning. */
function customerWeights({ rows, indptr, indices }: Csr, even: number): Float64Array {
  const weights = new Float64Array(rows)
  let total = 0
  for (let u = 0; u < rows; u++) {
    const n = indptr[u + 1] - indptr[u]
    weights[u] = n > 0 ? n ** -even : 0
    total += n * weights[u]
  }
  return weights.map((w) => (w * indices.length) / Math.max(total, Number.MIN_VALUE))
}

function tileOf(memory: WebAssembly.Memory, place: Place, i: number, j: number): Float32Array {
  return floatsAt(memory, place.tiles + ((i * (i + 1)) / 2 + j) * TILE_BYTES, TILE * TILE)
}

/** The tiles hold M = -P, and B_ij = -P_ij / P_jj = M_ij * factor[j] with factor[j] = -1 / M_jj. */
function prepareColumns(memory: WebAssembly.Memory, place: Place): void {
  const factor = floatsAt(memory, place.factor, place.side * TILE)
  for (let i = 0; i < place.side; i++) {
    const pivot = tileOf(memory, place, i, i)
    for (let r = 0; r < TILE; r++) factor[i * TILE + r] = -1 / pivot[r * TILE + r]
  }
  floatsAt(memory, place.diagonal, place.n).fill(0)
}

async function narrow(pool: Pool, memory: WebAssembly.Memory, place: Place): Promise<ItemRows> {
  const { n, tiles, factor, diagonal, q, unit, columns, residuals, scratch } = place
  const stride = narrowStride(n)
  await pool.run('narrowRows', tiles, n, factor, diagonal, q, stride, unit, columns, residuals, scratch)
  return narrowRows({
    q: new Int16Array(memory.buffer, q, (n * stride) / 2),
    unit: floatsAt(memory, unit, n),
    columns: intsAt(memory, columns, n * SPIKES),
    residuals: floatsAt(memory, residuals, n * SPIKES),
  })
}

async function sparse(pool: Pool, memory: WebAssembly.Memory, place: Place): Promise<ItemRows> {
  const { n, tiles, factor, diagonal, rowptr, columns, sparseValues, scratch } = place
  const ends = intsAt(memory, rowptr, n + 1)
  let threshold = thresholdFor(memory, place)
  for (;;) {
    await pool.run('pruneRows', tiles, n, factor, diagonal, threshold, 0, rowptr, columns, sparseValues, scratch)
    ends[0] = 0
    for (let i = 0; i < n; i++) ends[i + 1] += ends[i]
    if (ends[n] <= place.capacity) break
    threshold *= 1.05
  }
  await pool.run('pruneRows', tiles, n, factor, diagonal, threshold, 1, rowptr, columns, sparseValues, scratch)
  const entries = ends[n]
  return sparseRows({
    rowptr: ends,
    columns: intsAt(memory, columns, entries),
    values: floatsAt(memory, sparseValues, entries),
  })
}

/** The size that about `kept` weights of a row exceed, from a sample of at most some 2^20 evenly spread weights. */
function thresholdFor(memory: WebAssembly.Memory, place: Place): number {
  const { n, side, kept } = place
  const factor = floatsAt(memory, place.factor, side * TILE)
  const step = Math.max(1, Math.floor(n ** 2 / 2 ** 20)) | 1
  const sizes: number[] = []
  let skip = 0
  for (let i = 0; i < n; i++) {
    for (let j = skip; j < i; j += step) {
      const m = tileOf(memory, place, Math.floor(i / TILE), Math.floor(j / TILE))[(i % TILE) * TILE + (j % TILE)]
      sizes.push(Math.abs(m * factor[j]), Math.abs(m * factor[i]))
    }
    skip = (skip + 7) % step
  }
  const sorted = Float32Array.from(sizes).sort()
  return sorted[Math.max(0, Math.floor(sorted.length * (1 - kept / n)))] ?? 0
}

/** `popularity`: each item's share of the customers; 0 = an item of which nothing is known. */
function makeModel(rows: ItemRows, popularity: Float32Array): Model {
  const n = popularity.length
  const unknown = Int32Array.from(popularity.keys()).filter((i) => popularity[i] === 0)
  return {
    kind: KIND,
    items: n,
    score(history: History, out: Float32Array): void {
      if (rows.add(history.items, history.weights, out) === 0) out.set(popularity)
      for (const item of unknown) out[item] = Number.NEGATIVE_INFINITY
    },
    scoreOf(history, item): number {
      if (popularity[item] === 0) return Number.NEGATIVE_INFINITY
      const heard = history.items.some((one) => one >= 0 && one < n)
      return heard ? rowSum(rows, history, item) : popularity[item]
    },
    explain(history, item, count): Contribution[] {
      if (!(item >= 0 && item < n)) return []
      const parts = strongest(count)
      for (let h = 0; h < history.items.length; h++) {
        const i = history.items[h]
        if (!(i >= 0 && i < n)) continue
        parts.offer(i, history.weights[h] * rows.weight(i, item))
      }
      return parts.list()
    },
    toBytes: () => packModel(KIND, VERSION, { sparse: 'rowptr' in rows.arrays }, { ...rows.arrays, popularity }),
  }
}
