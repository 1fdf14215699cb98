/**
 * Item-to-item neighbours (Sarwar et al. 2001). With user weight d_u = |u|^-userPower, entry weights w_ui, and
 * n_i = sum_u d_u w_ui^2:
 *
 *   s(i -> j) = sum_u d_u w_ui w_uj / (n_i^historyPower * n_j^targetPower + shrink),   i != j
 *
 * historyPower = targetPower = 1/2 is the cosine; any pair that sums to 1 the asymmetric cosine (Aiolli 2013);
 * userPower 1 with historyPower 1 is the random walk RP3beta (Paudel et al. 2016) with beta = targetPower.
 * A customer's score of j is the sum of s(i -> j) over the history, by the strength of each signal.
 */
import type { Csr } from '../kernels/csr.ts'
import { packModel, unpackModel } from './bytes.ts'
import { transpose } from './matrix.ts'
import type { Model, ModelKind, Progress } from './model.ts'
import { ModelDeclined } from './model.ts'
import { type NeighbourTable, openTable, type ServedTable, serveTable, strongestPerTarget } from './neighbour-table.ts'
import { pace } from './pace.ts'

export type NeighboursOptions = {
  /** How an entry counts before products are taken: as it is, by inverse frequency, or saturated as in Okapi BM25. */
  weighting: 'plain' | 'tfidf' | 'bm25'
  userPower: number
  historyPower: number
  targetPower: number
  /** Added to the denominator: neighbours that rest on few customers count less. */
  shrink: number
  /** How many neighbours are kept for each target. */
  neighbours: number
}

const VERSION = 1
/** Longer rows (robots, resellers) are cut to this many entries: their pairs would cost the square and say little. */
const MAX_ROW = 3_000
const BM25_K1 = 1.2
const BM25_B = 0.75

export const neighbours: ModelKind<NeighboursOptions> = {
  kind: 'neighbours',
  defaults: { weighting: 'plain', userPower: 0.5, historyPower: 0.5, targetPower: 0.5, shrink: 0, neighbours: 200 },
  async fit(data, options, progress): Promise<Model> {
    const byUser = weighted(data.matrix, options)
    if (byUser.indices.length === 0) throw new ModelDeclined('neighbours: no customer chose anything yet')
    const table = await similarities(byUser, options, progress)
    return makeModel(
      serveTable(table),
      Float32Array.from(columnCounts(byUser), (n) => n / byUser.rows),
    )
  },
  fromBytes(bytes): Model {
    const packed = unpackModel(bytes, 'neighbours', VERSION)
    return makeModel(openTable(packed), packed.f32('popularity'))
  },
}

/** The positive entries, weighted so that a product over a column pair is d_u w_ui w_uj. */
function weighted(matrix: Csr, options: NeighboursOptions): Csr {
  const { rows, columns } = matrix
  const counts = columnCounts(matrix)
  const meanLength = Math.max(1, matrix.indices.length / Math.max(1, rows))
  const indptr = new Int32Array(rows + 1)
  const indices = new Int32Array(matrix.indices.length)
  const values = new Float32Array(matrix.indices.length)
  let n = 0
  for (let r = 0; r < rows; r++) {
    const start = matrix.indptr[r]
    const length = matrix.indptr[r + 1] - start
    const stride = Math.max(1, length / MAX_ROW)
    const userScale = length > 0 ? length ** (-options.userPower / 2) : 0
    for (let k = 0; k < length; k += stride) {
      const e = start + Math.floor(k)
      if (!(matrix.values[e] > 0)) continue
      indices[n] = matrix.indices[e]
      const entry = entryWeight(
        options.weighting,
        matrix.values[e],
        counts[matrix.indices[e]],
        rows,
        length / meanLength,
      )
      values[n++] = userScale * entry
    }
    indptr[r + 1] = n
  }
  return { rows, columns, indptr, indices: indices.subarray(0, n), values: values.subarray(0, n) }
}

function entryWeight(
  weighting: NeighboursOptions['weighting'],
  value: number,
  count: number,
  rows: number,
  relativeLength: number,
): number {
  switch (weighting) {
    case 'plain':
      return value
    case 'tfidf':
      return Math.sqrt(value) * Math.log(1 + rows / count)
    case 'bm25': {
      const saturated = (value * (BM25_K1 + 1)) / (value + BM25_K1 * (1 - BM25_B + BM25_B * relativeLength))
      return saturated * Math.log(1 + (rows - count + 0.5) / (count + 0.5))
    }
    default:
      throw new RangeError(`weighting must be plain, tfidf or bm25, got ${weighting}`)
  }
}

/** For each target its strongest sources: cost sum_u |u|^2 products, one dense accumulator of length items. */
async function similarities(byUser: Csr, options: NeighboursOptions, progress: Progress): Promise<NeighbourTable> {
  const items = byUser.columns
  const byItem = transpose(byUser)
  const norms = new Float64Array(items)
  for (let e = 0; e < byUser.indices.length; e++) norms[byUser.indices[e]] += byUser.values[e] ** 2
  const historyNorm = norms.map((n) => n ** options.historyPower)
  const targetNorm = norms.map((n) => n ** options.targetPower)
  const products = new Float64Array(items)
  const touched = new Int32Array(items)
  const stepSize = Math.max(16, Math.ceil(items / 100))
  const chosen = strongestPerTarget(items, options.neighbours)
  for (let target = 0; target < items; target++) {
    if (target % stepSize === 0) await pace(progress, target, items, 'neighbours')
    const found = gather(byUser, byItem, target, products, touched)
    for (let k = 0; k < found; k++) {
      const source = touched[k]
      const value = products[source] / (historyNorm[source] * targetNorm[target] + options.shrink)
      products[source] = 0
      if (source !== target && value > 0) chosen.offer(source, value)
    }
    chosen.finish(target)
  }
  await pace(progress, items, items, 'neighbours')
  return chosen.table()
}

/** Adds d_u w_ui w_ut over the users of `target` into `products`; returns how many items were touched. */
function gather(byUser: Csr, byItem: Csr, target: number, products: Float64Array, touched: Int32Array): number {
  let found = 0
  for (let e = byItem.indptr[target]; e < byItem.indptr[target + 1]; e++) {
    const user = byItem.indices[e]
    const weight = byItem.values[e]
    const end = byUser.indptr[user + 1]
    for (let f = byUser.indptr[user]; f < end; f++) {
      const item = byUser.indices[f]
      if (products[item] === 0) touched[found++] = item
      products[item] += weight * byUser.values[f]
    }
  }
  return found
}

function columnCounts(matrix: Csr): Float64Array {
  const counts = new Float64Array(matrix.columns)
  for (let e = 0; e < matrix.indices.length; e++) if (matrix.values[e] > 0) counts[matrix.indices[e]]++
  return counts
}

/** `popularity`: share of customers by item, the guess for a stranger; 0 marks an item never seen. */
function makeModel(table: ServedTable, popularity: Float32Array): Model {
  const items = popularity.length
  const unknown = Int32Array.from(popularity.keys()).filter((i) => popularity[i] === 0)
  return {
    kind: 'neighbours',
    items,
    score(history, out): void {
      if (!table.score(history, out)) out.set(popularity)
      for (const i of unknown) out[i] = Number.NEGATIVE_INFINITY
    },
    scoreOf: (history, item) =>
      popularity[item] === 0 ? Number.NEGATIVE_INFINITY : (table.scoreOf(history, item) ?? popularity[item]),
    explain: (history, item, count) => table.explain(history, item, count),
    toBytes: () => packModel('neighbours', VERSION, {}, { ...table.arrays(), popularity }),
  }
}
