/**
 * EASE: a linear item-item model with a zero diagonal, in closed form (Steck 2019, "Embarrassingly Shallow Autoencoders
 * for Sparse Data", eq. 8): G = X^T X + lambda I, P = G^-1, B_ij = -P_ij / P_jj, B_jj = 0.
 *
 * Training takes the positive entries of the matrix at their values and leaves negative ones out: a refusal tells of
 * this item, not of what goes together. A history's weights are taken as they are, so that a refused item counts
 * against its like.
 */
import { invertSpd } from '../kernels/dense.ts'
import { gramReference } from '../kernels/gram.ts'
import { packModel, unpackModel } from './bytes.ts'
import { type Contribution, type History, type Model, ModelDeclined, type ModelKind } from './model.ts'
import { pace } from './pace.ts'

export type EaseOptions = {
  /** L2 regularisation, in units of the diagonal of X^T X (interactions of an item). */
  lambda: number
  /** Most memory that a fit may take, in megabytes (2^20 bytes); above it EASE declines. */
  memoryMb: number
}

const KIND = 'ease'
const VERSION = 1
const MEGABYTE = 2 ** 20

export const ease: ModelKind<EaseOptions> = {
  kind: KIND,
  defaults: { lambda: 500, memoryMb: 2048 },
  async fit(data, options, progress): Promise<Model> {
    const { lambda, memoryMb } = options
    if (!(lambda > 0)) throw new RangeError(`lambda must be above 0, got ${lambda}`)
    const { matrix } = data
    const n = matrix.columns
    const need = (n * n * 4) / MEGABYTE
    if (need > memoryMb) {
      throw new ModelDeclined(`EASE over ${n} items needs ${Math.ceil(need)} MB; memoryMb allows ${memoryMb}`)
    }
    await pace(progress, 0, 2, 'gram')
    const g = gramReference({ ...matrix, values: matrix.values.map((v) => Math.max(0, v)) })
    const popularity = new Float32Array(n)
    for (let i = 0; i < n; i++) {
      popularity[i] = g[i * n + i] / Math.max(1, matrix.rows)
      g[i * n + i] += lambda
    }
    await pace(progress, 1, 2, 'inverse')
    invertSpd(g, n)
    for (let j = 0; j < n; j++) {
      const d = -1 / g[j * n + j]
      for (let i = 0; i < n; i++) g[i * n + j] = i === j ? 0 : g[i * n + j] * d
    }
    await pace(progress, 2, 2, 'inverse')
    return makeModel(g, popularity)
  },
  fromBytes(bytes): Model {
    const { f32 } = unpackModel(bytes, KIND, VERSION)
    return makeModel(f32('b'), f32('popularity'))
  },
}

function makeModel(b: Float32Array, popularity: Float32Array): Model {
  const n = popularity.length
  return {
    kind: KIND,
    items: n,
    score(history: History, out: Float32Array): void {
      out.fill(0)
      let known = 0
      for (let h = 0; h < history.items.length; h++) {
        const item = history.items[h]
        if (!(item >= 0 && item < n)) continue
        known++
        const weight = history.weights[h]
        const row = item * n
        for (let j = 0; j < n; j++) out[j] += weight * b[row + j]
      }
      if (known === 0) out.set(popularity)
      for (let j = 0; j < n; j++) if (popularity[j] === 0) out[j] = Number.NEGATIVE_INFINITY
    },
    explain(history, item, count): Contribution[] {
      const parts: Contribution[] = []
      for (let h = 0; h < history.items.length; h++) {
        const i = history.items[h]
        if (!(i >= 0 && i < n)) continue
        const weight = history.weights[h] * b[i * n + item]
        if (weight > 0) parts.push({ item: i, weight })
      }
      return parts.sort((x, y) => y.weight - x.weight || x.item - y.item).slice(0, count)
    },
    toBytes: () => packModel(KIND, VERSION, {}, { b, popularity }),
  }
}
