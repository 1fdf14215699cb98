/**
 * The leading right singular vectors of a sparse matrix with scaled and centred columns, A = X diag(scale) - 1 mean^T,
 * by iterated blocks from a random start (Halko, Martinsson and Tropp 2011, algorithm 4.4). A is never built: a pass
 * costs (entries + columns) x block, so that neither items^2 numbers nor a full decomposition is needed.
 */
import { symmetricEigen } from '../kernels/eigen.ts'
import { seededRandom } from '../world.ts'
import type { Progress } from './model.ts'
import { pace } from './pace.ts'

export interface SparseRows {
  /** Row r's entries, all of them 1, are columns items[from(r)] .. items[to(r)]. */
  readonly items: Int32Array
  readonly starts: Int32Array
  /** Entries of each row that are left out, from its beginning. */
  readonly skip: number
  readonly columns: number
}

export interface Subspace {
  readonly count: number
  /** columns x count, row-major; orthonormal columns, the strongest first. */
  readonly vectors: Float64Array
  /** Singular values squared, descending. */
  readonly energies: Float64Array
}

const SPARE = 12
const PASSES = 6

/** @param count wanted vectors; fewer come back where rows or columns are fewer. @throws the signal's reason */
export async function leadingSubspace(
  rows: SparseRows,
  { scale, mean, count, seed }: { scale?: Float64Array; mean?: Float64Array; count: number; seed: number },
  progress: Progress,
): Promise<Subspace> {
  const { columns } = rows
  const width = Math.max(1, Math.min(count + SPARE, columns, rows.starts.length - 1))
  const random = seededRandom(seed)
  let block = Float64Array.from({ length: columns * width }, () => random() - 0.5)
  for (let pass = 0; pass < PASSES; pass++) {
    await pace(progress, pass, PASSES + 1, 'directions')
    orthonormalise(block, columns, width, 1)
    block = applied(rows, scale, mean, block, width).product
  }
  await pace(progress, PASSES, PASSES + 1, 'directions')
  orthonormalise(block, columns, width, 2)
  const { gram } = applied(rows, scale, mean, block, width)
  return turned(block, symmetricEigen(gram, width), columns, width, Math.min(count, width))
}

/** A^T A Q and Q^T A^T A Q for the block Q, columns x width. */
function applied(
  { items, starts, skip, columns }: SparseRows,
  scale: Float64Array | undefined,
  mean: Float64Array | undefined,
  block: Float64Array,
  width: number,
) {
  const product = new Float64Array(columns * width)
  const gram = new Float64Array(width * width)
  const centre = new Float64Array(width)
  if (mean) addRows(centre, block, mean, width)
  const row = new Float64Array(width)
  const total = new Float64Array(width)
  for (let r = 0; r + 1 < starts.length; r++) {
    const from = Math.min(starts[r] + skip, starts[r + 1])
    for (let a = 0; a < width; a++) row[a] = -centre[a]
    for (let e = from; e < starts[r + 1]; e++) {
      const at = items[e] * width
      const factor = scale ? scale[items[e]] : 1
      for (let a = 0; a < width; a++) row[a] += factor * block[at + a]
    }
    for (let e = from; e < starts[r + 1]; e++) {
      const at = items[e] * width
      const factor = scale ? scale[items[e]] : 1
      for (let a = 0; a < width; a++) product[at + a] += factor * row[a]
    }
    for (let a = 0; a < width; a++) {
      total[a] += row[a]
      for (let b = 0; b < width; b++) gram[a * width + b] += row[a] * row[b]
    }
  }
  for (let i = 0; mean && i < columns; i++) {
    for (let a = 0; a < width; a++) product[i * width + a] -= mean[i] * total[a]
  }
  return { product, gram }
}

function addRows(out: Float64Array, block: Float64Array, weights: Float64Array, width: number): void {
  for (let i = 0; i < weights.length; i++) {
    for (let a = 0; a < width; a++) out[a] += weights[i] * block[i * width + a]
  }
}

/** Gram-Schmidt on the columns of the block, so many times over; what depends on columns before it becomes 0. */
function orthonormalise(block: Float64Array, n: number, width: number, times: number): void {
  const vectors = Array.from({ length: width }, (_, a) =>
    Float64Array.from({ length: n }, (_, i) => block[i * width + a]),
  )
  for (let a = 0; a < width; a++) {
    const vector = vectors[a]
    const before = Math.sqrt(dot(vector, vector))
    for (let again = 0; again < times; again++) {
      for (let b = 0; b < a; b++) {
        const along = dot(vector, vectors[b])
        for (let i = 0; i < n; i++) vector[i] -= along * vectors[b][i]
      }
    }
    const length = Math.sqrt(dot(vector, vector))
    const factor = length > 1e-10 * before ? 1 / length : 0
    for (let i = 0; i < n; i++) block[i * width + a] = vector[i] *= factor
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

function turned(
  block: Float64Array,
  { values, vectors }: { values: Float64Array; vectors: Float64Array },
  n: number,
  width: number,
  count: number,
): Subspace {
  const out = new Float64Array(n * count)
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < count; k++) {
      let sum = 0
      for (let a = 0; a < width; a++) sum += block[i * width + a] * vectors[a * width + (width - 1 - k)]
      out[i * count + k] = sum
    }
  }
  const energies = Float64Array.from({ length: count }, (_, k) => Math.max(0, values[width - 1 - k]))
  return { count, vectors: out, energies }
}
