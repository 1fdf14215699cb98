/**
 * Implicit alternating least squares (Hu, Koren, Volinsky 2008) with the settings that make it strong (Rendle, Krichene,
 * Zhang, Koren 2021, "Revisiting the Performance of iALS on Item Recommendation Benchmarks"): the loss is
 *
 *   sum over observed c (y - w_u h_i)^2 + alpha0 sum over all (w_u h_i)^2
 *     + lambda (sum_u (n_u + alpha0 items)^nu |w_u|^2 + sum_i (n_i + alpha0 users)^nu |h_i|^2)
 *
 * with y = 1 for a positive entry, 0 for a negative one, c = |value|. A history is folded in by solving its own row.
 */
import { conjugateGradientReference, rowSystem, solveRowReference } from '../kernels/als.ts'
import type { Csr } from '../kernels/csr.ts'
import { cholesky, choleskySolve, gramOfRows } from '../kernels/dense.ts'
import { seededRandom } from '../world.ts'
import { packModel, unpackModel } from './bytes.ts'
import { transpose } from './matrix.ts'
import type { Contribution, History, Model, ModelKind } from './model.ts'
import { pace } from './pace.ts'

export type AlsOptions = {
  factors: number
  epochs: number
  lambda: number
  /** Exponent of the frequency in the regularisation; 0 = the same for all rows, 1 = as in the plain loss per entry. */
  nu: number
  /** Weight of every cell of the matrix, observed or not, against 1 for an observed one. */
  alpha0: number
  /** `cg` = 3 steps from the last epoch's factors; `cholesky` = exact. */
  solver: string
}

const KIND = 'als'
const VERSION = 1
const CG_STEPS = 3

export const als: ModelKind<AlsOptions> = {
  kind: KIND,
  defaults: { factors: 64, epochs: 12, lambda: 0.003, nu: 1, alpha0: 0.1, solver: 'cg' },
  async fit(data, options, progress): Promise<Model> {
    const { factors: d, epochs, lambda, nu, alpha0 } = options
    const byUser = data.matrix
    const byItem = transpose(byUser)
    const h = initialFactors(byUser.columns, d, data.seed)
    const w = initialFactors(byUser.rows, d, data.seed + 1)
    const half = (matrix: Csr, own: Float32Array, other: Float32Array) => {
      const gram = gramOfRows(other, matrix.columns, d).map((v) => v * alpha0)
      for (let r = 0; r < matrix.rows; r++) {
        const entries = entriesOf(matrix, r)
        const reg = lambda * (entries.indices.length + alpha0 * matrix.columns) ** nu
        const row = own.subarray(r * d, (r + 1) * d)
        if (options.solver === 'cg') conjugateGradientReference(other, gram, d, reg, entries, row, CG_STEPS)
        else row.set(solveRowReference(other, gram, d, reg, entries))
      }
    }
    for (let epoch = 0; epoch < epochs; epoch++) {
      await pace(progress, epoch, epochs, `epoch ${epoch + 1}`)
      half(byUser, w, h)
      half(byItem, h, w)
    }
    await pace(progress, epochs, epochs, 'done')
    const known = Uint8Array.from({ length: byItem.rows }, (_, i) => (byItem.indptr[i + 1] > byItem.indptr[i] ? 1 : 0))
    return makeModel(h, known, options)
  },
  fromBytes(bytes): Model {
    const { f32, u8, meta } = unpackModel(bytes, KIND, VERSION)
    return makeModel(f32('h'), u8('known'), meta as AlsOptions)
  },
}

function entriesOf(matrix: Csr, r: number) {
  const start = matrix.indptr[r]
  const end = matrix.indptr[r + 1]
  return { indices: matrix.indices.subarray(start, end), values: matrix.values.subarray(start, end) }
}

/** Normal with deviation .1 / sqrt(d): the paper's scale, which keeps the first predictions near 0. */
function initialFactors(rows: number, d: number, seed: number): Float32Array {
  const out = new Float32Array(rows * d)
  const uniform = seededRandom(seed)
  const scale = 0.1 / Math.sqrt(d)
  for (let e = 0; e < out.length; e++) {
    out[e] = scale * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  }
  return out
}

function makeModel(h: Float32Array, known: Uint8Array, options: AlsOptions): Model {
  const { factors: d, lambda, nu, alpha0 } = options
  const n = known.length
  const gram = gramOfRows(h, n, d).map((v) => v * alpha0)
  const entriesIn = (history: History) => {
    const kept = [...history.items.keys()].filter((e) => known[history.items[e]] === 1)
    return {
      indices: Int32Array.from(kept, (e) => history.items[e]),
      values: Float32Array.from(kept, (e) => history.weights[e]),
    }
  }
  const regOf = (length: number) => lambda * (length + alpha0 * n) ** nu
  return {
    kind: KIND,
    items: n,
    score(history, out): void {
      const entries = entriesIn(history)
      const w = solveRowReference(h, gram, d, regOf(entries.indices.length), entries)
      for (let i = 0; i < n; i++) {
        let s = 0
        for (let f = 0; f < d; f++) s += h[i * d + f] * w[f]
        out[i] = known[i] ? s : Number.NEGATIVE_INFINITY
      }
    },
    /** Hu, Koren, Volinsky 2008, section 5: h_i^T A^-1 h_j c_j is what item j of the history adds to the score of i. */
    explain(history, item, count): Contribution[] {
      const entries = entriesIn(history)
      const { a } = rowSystem(h, gram, d, regOf(entries.indices.length), entries)
      cholesky(a, d)
      const x = Float64Array.from(h.subarray(item * d, (item + 1) * d))
      choleskySolve(a, x, d)
      const parts: Contribution[] = []
      entries.indices.forEach((j, e) => {
        let weight = 0
        for (let f = 0; f < d; f++) weight += h[j * d + f] * x[f]
        weight *= Math.max(0, entries.values[e])
        if (weight > 0) parts.push({ item: j, weight })
      })
      return parts.sort((p, q) => q.weight - p.weight || p.item - q.item).slice(0, count)
    },
    toBytes: () => packModel(KIND, VERSION, { ...options }, { h, known }),
  }
}
