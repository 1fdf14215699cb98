/**
 * EASE: a linear item-item model with a zero diagonal, in closed form (Steck 2019, "Embarrassingly Shallow Autoencoders
 * for Sparse Data", eq. 8): P = (X^T X + lambda I)^-1, B_ij = -P_ij / P_jj, B_jj = 0; a history x scores x B.
 *
 * Training takes the positive entries of the matrix at their values and leaves negative ones out: a refusal tells of
 * that item, not of what goes together. A history's weights are taken as they are, so that a refused item counts
 * against its like.
 */
import type { Csr } from '../kernels/csr.ts'
import { floatsAt, intsAt, Layout } from '../kernels/memory.ts'
import { instantiate, SPIKES, TILE, TILE_BYTES } from '../kernels/module.ts'
import { openPool, type Pool, threadsFor } from '../kernels/pool.ts'
import { packModel, unpackModel } from './bytes.ts'
import { transpose } from './matrix.ts'
import { type Contribution, type History, type Model, ModelDeclined, type ModelKind } from './model.ts'
import { pace } from './pace.ts'

export type EaseOptions = {
  /** L2 regularisation, in units of the diagonal of X^T X (interactions of an item). */
  lambda: number
  /** Row u counts |u|^-userPower (scaled so that X^T X keeps its trace): above 0, long histories do not drown short ones. */
  userPower: number
  /** Item j is regularised by lambda (g_j / mean g)^itemPower, g the diagonal of X^T X: above 0, frequent items more. */
  itemPower: number
  /** Most memory that a fit may take, in megabytes (2^20 bytes); above it EASE declines. */
  memoryMb: number
  /** Threads; 0 = one a core. */
  threads: number
}

const KIND = 'ease'
const VERSION = 1
const MEGABYTE = 2 ** 20
const strideOf = (items: number) => Math.ceil(items / 32) * 32

export const ease: ModelKind<EaseOptions> = {
  kind: KIND,
  defaults: { lambda: 500, userPower: 0, itemPower: 0, memoryMb: 1024, threads: 0 },
  async fit(data, options, progress): Promise<Model> {
    const { lambda, memoryMb, threads } = options
    if (!(lambda > 0)) throw new RangeError(`lambda must be above 0, got ${lambda}`)
    const matrix = positiveEntries(data.matrix)
    const work = matrix.columns ** 3
    const place = layOut(matrix, threadsFor(work, threads))
    const need = Math.ceil(place.bytes / MEGABYTE)
    if (need > memoryMb) {
      throw new ModelDeclined(`EASE over ${matrix.columns} items needs ${need} MB; memoryMb allows ${memoryMb}`)
    }
    const memory = place.memory()
    const pool = openPool(memory, work, progress.signal, threads)
    try {
      await pace(progress, 0, 3, 'gram')
      const popularity = await gram(pool, memory, place, matrix, options)
      await pace(progress, 1, 3, 'inverse')
      const status = await pool.run('invertTiles', place.tiles, place.side, place.panels, place.scratch)
      if (status !== 0) throw new ModelDeclined(`EASE: X^T X + ${lambda} I is not positive definite; raise lambda`)
      await pace(progress, 2, 3, 'weights')
      await weights(pool, memory, place, matrix.columns)
      await pace(progress, 3, 3, 'weights')
      const n = matrix.columns
      return makeModel({
        q: new Int16Array(memory.buffer, place.q, (n * strideOf(n)) / 2),
        unit: floatsAt(memory, place.unit, n),
        columns: intsAt(memory, place.columns, n * SPIKES),
        residuals: floatsAt(memory, place.residuals, n * SPIKES),
        popularity,
      })
    } finally {
      await pool.close()
    }
  },
  fromBytes(bytes): Model {
    const stored = unpackModel(bytes, KIND, VERSION)
    return makeModel({
      q: stored.i16('q'),
      unit: stored.f32('unit'),
      columns: stored.i32('columns'),
      residuals: stored.f32('residuals'),
      popularity: stored.f32('popularity'),
    })
  },
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

/** Offsets of all that a fit needs. */
function layOut(matrix: Csr, threads: number) {
  const { rows, columns: n, indices } = matrix
  const layout = new Layout()
  const side = Math.ceil(n / TILE)
  const padded = side * TILE
  const place = {
    side,
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
    q: layout.place(n * strideOf(n)),
    unit: layout.words(n),
    columns: layout.words(n * SPIKES),
    residuals: layout.words(n * SPIKES),
  }
  return { ...place, bytes: layout.bytes, memory: () => layout.memory() }
}

type Place = ReturnType<typeof layOut>

/** Writes X^T W X + diagonal into the tiles; returns each item's share of the users. */
async function gram(pool: Pool, memory: WebAssembly.Memory, place: Place, matrix: Csr, options: EaseOptions) {
  const { rows, columns: n } = matrix
  const columns = transpose(matrix)
  const copy = (offset: number, from: Int32Array | Float32Array) => {
    if (from instanceof Int32Array) intsAt(memory, offset, from.length).set(from)
    else floatsAt(memory, offset, from.length).set(from)
  }
  copy(place.indptr, matrix.indptr)
  copy(place.indices, matrix.indices)
  copy(place.values, matrix.values)
  copy(place.tptr, columns.indptr)
  copy(place.tindices, columns.indices)
  copy(place.tvalues, columns.values)
  const rowWeights = weightsOfRows(matrix, options.userPower)
  floatsAt(memory, place.rowWeights, rows).set(rowWeights)
  floatsAt(memory, place.diagonal, n).set(regularisation(matrix, rowWeights, options))
  await pool.run(
    'gramTiles',
    ...([place.tiles, n, place.indptr, place.indices, place.values] as const),
    ...([place.tptr, place.tindices, place.tvalues, place.rowWeights, place.diagonal, place.scratch] as const),
  )
  return Float32Array.from({ length: n }, (_, i) => (columns.indptr[i + 1] - columns.indptr[i]) / Math.max(1, rows))
}

/** |u|^-power of each row, scaled so that the sum of w_u x_ui^2 stays what it is without weights. */
function weightsOfRows(matrix: Csr, power: number): Float32Array {
  const { rows, indptr, values } = matrix
  const weights = new Float32Array(rows).fill(1)
  if (power === 0) return weights
  let plain = 0
  let weighted = 0
  for (let r = 0; r < rows; r++) {
    weights[r] = Math.max(1, indptr[r + 1] - indptr[r]) ** -power
    for (let e = indptr[r]; e < indptr[r + 1]; e++) {
      plain += values[e] ** 2
      weighted += weights[r] * values[e] ** 2
    }
  }
  return weighted > 0 ? weights.map((w) => (w * plain) / weighted) : weights
}

/** What is added to the diagonal of X^T W X, by item; an item of no weight counts as one plain interaction. */
function regularisation(matrix: Csr, rowWeights: Float32Array, { lambda, itemPower }: EaseOptions): Float32Array {
  const { rows, columns, indptr, indices, values } = matrix
  const frequency = new Float64Array(columns)
  for (let r = 0; r < rows; r++) {
    for (let e = indptr[r]; e < indptr[r + 1]; e++) frequency[indices[e]] += rowWeights[r] * values[e] ** 2
  }
  const mean = Math.max(1, frequency.reduce((sum, f) => sum + f, 0) / Math.max(1, columns))
  return Float32Array.from(frequency, (f) => lambda * (Math.max(1, f) / mean) ** itemPower)
}

/** From -P in the tiles to the rows of B. */
async function weights(pool: Pool, memory: WebAssembly.Memory, place: Place, n: number): Promise<void> {
  const factor = floatsAt(memory, place.factor, place.side * TILE)
  const diagonal = floatsAt(memory, place.diagonal, n)
  for (let tile = 0; tile < place.side; tile++) {
    const start = place.tiles + ((tile * (tile + 1)) / 2 + tile) * TILE_BYTES
    const values = floatsAt(memory, start, TILE * TILE)
    // The tiles hold M = -P, and B_ij = -P_ij / P_jj = -M_ij / M_jj.
    for (let r = 0; r < TILE; r++) factor[tile * TILE + r] = -1 / values[r * TILE + r]
  }
  diagonal.fill(0)
  const { tiles, q, unit, columns, residuals, scratch } = place
  const stride = strideOf(n)
  await pool.run('narrowRows', tiles, n, place.factor, place.diagonal, q, stride, unit, columns, residuals, scratch)
}

interface Weights {
  readonly q: Int16Array
  readonly unit: Float32Array
  readonly columns: Int32Array
  readonly residuals: Float32Array
  readonly popularity: Float32Array
}

function makeModel(stored: Weights): Model {
  const { popularity } = stored
  const n = popularity.length
  const stride = strideOf(n)
  const layout = new Layout()
  const at = {
    q: layout.place(n * stride),
    unit: layout.words(n),
    columns: layout.words(n * SPIKES),
    residuals: layout.words(n * SPIKES),
    items: layout.words(n + 8),
    weights: layout.words(n + 8),
    acc: layout.place(2 * stride),
    out: layout.words(stride),
  }
  const memory = layout.memory()
  const kernels = instantiate(memory)
  const q = new Int16Array(memory.buffer, at.q, (n * stride) / 2)
  const unit = floatsAt(memory, at.unit, n)
  const columns = intsAt(memory, at.columns, n * SPIKES)
  const residuals = floatsAt(memory, at.residuals, n * SPIKES)
  q.set(stored.q)
  unit.set(stored.unit)
  columns.set(stored.columns)
  residuals.set(stored.residuals)
  const items = intsAt(memory, at.items, n)
  const weights = floatsAt(memory, at.weights, n)
  const scores = floatsAt(memory, at.out, n)
  const unknown = Int32Array.from(popularity.keys()).filter((i) => popularity[i] === 0)
  const weightOf = (i: number, j: number): number => {
    const word = q[(i * stride + (j & ~15)) / 2 + (j & 7)]
    let b = unit[i] * (j & 8 ? word / 256 : (word << 24) >> 24)
    for (let s = i * SPIKES; s < (i + 1) * SPIKES; s++) if (columns[s] === j) b += residuals[s]
    return b
  }
  return {
    kind: KIND,
    items: n,
    score(history: History, out: Float32Array): void {
      const count = takeKnown(history, n, items, weights)
      if (count === 0) {
        out.set(popularity)
      } else {
        const { q, unit, columns, residuals, items, weights, acc, out: sums } = at
        kernels.addNarrowRows(q, stride, unit, columns, residuals, items, weights, count, acc, sums)
        out.set(scores)
      }
      for (const item of unknown) out[item] = Number.NEGATIVE_INFINITY
    },
    explain(history, item, count): Contribution[] {
      const parts: Contribution[] = []
      for (let h = 0; h < history.items.length; h++) {
        const i = history.items[h]
        if (!(i >= 0 && i < n)) continue
        const weight = history.weights[h] * weightOf(i, item)
        if (weight > 0) parts.push({ item: i, weight })
      }
      return parts.sort((x, y) => y.weight - x.weight || x.item - y.item).slice(0, count)
    },
    toBytes: () => packModel(KIND, VERSION, {}, { q, unit, columns, residuals, popularity }),
  }
}

/** Copies the entries with items in 0 .. n-1, at most one an item, to where the kernel reads them; returns how many. */
function takeKnown(history: History, n: number, items: Int32Array, weights: Float32Array): number {
  let count = 0
  for (let h = 0; h < history.items.length && count < n; h++) {
    const item = history.items[h]
    if (!(item >= 0 && item < n)) continue
    items[count] = item
    weights[count++] = history.weights[h]
  }
  return count
}
