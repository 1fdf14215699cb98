/**
 * Implicit alternating least squares (Hu, Koren, Volinsky 2008) with the settings that make it strong (Rendle, Krichene,
 * Zhang, Koren 2021, "Revisiting the Performance of iALS on Item Recommendation Benchmarks", eq. 2 and 4). The loss is
 *
 *   sum over observed c (y - w_u h_i)^2 + alpha0 sum over all (w_u h_i)^2
 *     + lambda (sum_u (n_u + alpha0 items)^nu |w_u|^2 + sum_i (n_i + alpha0 users)^nu |h_i|^2)
 *
 * with y = 1 for a positive entry, 0 for a negative one, c = |value|, n = the entries of the row. A history is folded in
 * by solving its own row.
 */
import type { Csr } from '../kernels/csr.ts'
import { symmetricEigen } from '../kernels/eigen.ts'
import { borrow, floatsAt, giveBack, intsAt, Layout } from '../kernels/memory.ts'
import { CHUNK } from '../kernels/module.ts'
import { openPool, type Pool, threadsFor } from '../kernels/pool.ts'
import { seededRandom } from '../world.ts'
import { KIND, regularisation, type Settings, serveFactors, VERSION } from './als-served.ts'
import { unpackModel } from './bytes.ts'
import { transpose } from './matrix.ts'
import { type Model, ModelDeclined, type ModelKind } from './model.ts'
import { pace } from './pace.ts'

export type AlsOptions = {
  /** Length of the factors; rounded up to a multiple of 8. */
  factors: number
  epochs: number
  /** Regularisation, times the frequency to the power of nu. */
  lambda: number
  /** Exponent of the frequency in the regularisation: 0 = the same for all rows, 1 = in proportion. */
  nu: number
  /** Weight of every cell of the matrix, observed or not, against 1 for an observed one. */
  alpha0: number
  /**
   * `cg`: conjugate gradient from the last epoch's factors (Takács, Pilászy, Tikk 2011); `cholesky`: exact;
   * `blocks`: iALS++ (Rendle, Krichene, Zhang, Koren 2021b), Newton steps on blocks of factors.
   */
  solver: string
  /** Steps of `cg`. */
  steps: number
  /** Factors in a block of `blocks`: a multiple of 8 that divides `factors`. */
  block: number
  /**
   * Steps of conjugate gradient by which a history is folded in; 0 = until nothing changes. On ML-1M 3 steps rank as the
   * exact solution does (NDCG@10 of validation rows within .0001 at 64 and 128 factors).
   */
  foldIn: number
  /** Deviation of the first factors, times 1 / sqrt(factors). */
  init: number
  /** Most memory that a fit may take, in megabytes (2^20 bytes); above it ALS declines. */
  memoryMb: number
  /** Threads; 0 = one a core. */
  threads: number
}

const MEGABYTE = 2 ** 20
const WIDTH = 8

export const als: ModelKind<AlsOptions> = {
  kind: KIND,
  defaults: {
    ...{ factors: 128, epochs: 12, lambda: 0.05, nu: 0.75, alpha0: 0.3, solver: 'cg', steps: 3, block: 32, init: 0.1 },
    ...{ foldIn: 3, memoryMb: 1024, threads: 0 },
  },
  async fit(data, options, progress): Promise<Model> {
    const settings = checked(options)
    const { matrix } = data
    const work = settings.epochs * matrix.indices.length * settings.d * (settings.block === 0 ? 16 : settings.d)
    const threads = threadsFor(work, options.threads)
    const place = layOut(matrix, settings, threads)
    const need = Math.ceil(place.layout.bytes / MEGABYTE)
    if (need > options.memoryMb) {
      const what = `ALS over ${matrix.rows} customers and ${matrix.columns} items`
      throw new ModelDeclined(`${what} needs ${need} MB; memoryMb allows ${options.memoryMb}`)
    }
    const memory = borrow(place.layout)
    const pool = openPool(memory, work, progress.signal, threads)
    try {
      const [users, items] = prepare(memory, place, matrix, settings, data.seed)
      for (let epoch = 0; epoch < settings.epochs; epoch++) {
        await pace(progress, epoch, settings.epochs, `epoch ${epoch + 1}`)
        await improve(pool, users, items, place, settings)
        await improve(pool, items, users, place, settings)
      }
      await pace(progress, settings.epochs, settings.epochs, 'done')
      const h = floatsAt(memory, items.factors, items.rows * settings.d)
      const counts = intsAt(memory, items.indptr, items.rows + 1)
      const share = (_: unknown, i: number) => (counts[i + 1] - counts[i]) / Math.max(1, matrix.rows)
      return serveFactors(
        principal(h, items.rows, settings.d),
        Float32Array.from({ length: items.rows }, share),
        settings,
      )
    } finally {
      await pool.close()
      giveBack(memory)
    }
  },
  fromBytes(bytes): Model {
    const stored = unpackModel(bytes, KIND, VERSION)
    return serveFactors(stored.f32('h'), stored.f32('popularity'), stored.meta as unknown as Settings)
  },
}

function checked(options: Readonly<AlsOptions>): Settings {
  const { factors, epochs, lambda, nu, alpha0, solver, steps, init, foldIn } = options
  const d = Math.ceil(factors / WIDTH) * WIDTH
  if (!(d > 0 && d <= 1024)) throw new RangeError(`factors must be from 1 to 1024, got ${factors}`)
  for (const [name, value] of Object.entries({ epochs, steps })) {
    if (!(Number.isInteger(value) && value > 0)) throw new RangeError(`${name} must be a whole number, got ${value}`)
  }
  for (const [name, value] of Object.entries({ lambda, alpha0, init })) {
    if (!(value > 0 && value < Infinity)) throw new RangeError(`${name} must be above 0, got ${value}`)
  }
  if (!(Number.isInteger(foldIn) && foldIn >= 0)) throw new RangeError(`foldIn must be 0 or more, got ${foldIn}`)
  if (!(nu >= 0 && nu <= 2)) throw new RangeError(`nu must be from 0 to 2, got ${nu}`)
  const block = { cg: 0, cholesky: d, blocks: options.block }[solver]
  if (block === undefined) throw new RangeError(`solver must be cg, cholesky or blocks, got ${solver}`)
  if (block % WIDTH !== 0 || (block > 0 && d % block !== 0)) {
    throw new RangeError(`block must be a multiple of ${WIDTH} that divides ${d}, got ${block}`)
  }
  return { d, epochs, lambda, nu, alpha0, init, block, steps, foldIn }
}

function longestRow(matrix: Csr): number {
  let longest = 0
  for (let r = 0; r < matrix.rows; r++) longest = Math.max(longest, matrix.indptr[r + 1] - matrix.indptr[r])
  return longest
}

/** Bytes of scratch of one thread in `alsRows`. */
function scratchOf(settings: Pick<Settings, 'd' | 'block'>, longest: number): number {
  const { d, block } = settings
  const floats = block === 0 ? 3 * d : longest + block * (block + 1 + 2 * CHUNK)
  return Math.ceil(floats / 16) * 64
}

function layOut(matrix: Csr, settings: Settings, threads: number) {
  const { rows, columns, indices } = matrix
  const { d } = settings
  const layout = new Layout()
  const each = scratchOf(settings, Math.max(longestRow(matrix), longestRow(transpose(matrix))))
  const side = (length: number) => ({
    rows: length,
    factors: layout.words(length * d),
    indptr: layout.words(length + 1),
    indices: layout.words(indices.length),
    values: layout.words(indices.length),
    reg: layout.words(length),
  })
  const users = side(rows)
  const items = side(columns)
  const gram = layout.words(d * d)
  const scratch = layout.place(threads * Math.max(each, 4 * d * (d + 2 * CHUNK)))
  return { users, items, gram, scratch, each, layout }
}

type Place = ReturnType<typeof layOut>
type Side = Place['users']

/** Copies both sides' entries into the memory and draws the first factors. */
function prepare(memory: WebAssembly.Memory, place: Place, matrix: Csr, settings: Settings, seed: number) {
  const random = seededRandom(seed)
  const fill = (side: Side, own: Csr): Side => {
    intsAt(memory, side.indptr, own.rows + 1).set(own.indptr)
    intsAt(memory, side.indices, own.indices.length).set(own.indices)
    floatsAt(memory, side.values, own.values.length).set(own.values)
    const reg = floatsAt(memory, side.reg, own.rows)
    for (let r = 0; r < own.rows; r++) reg[r] = regularisation(settings, own.indptr[r + 1] - own.indptr[r], own.columns)
    const factors = floatsAt(memory, side.factors, own.rows * settings.d)
    const scale = settings.init / Math.sqrt(settings.d)
    for (let e = 0; e < factors.length; e++) factors[e] = scale * normal(random)
    return side
  }
  return [fill(place.users, matrix), fill(place.items, transpose(matrix))] as const
}

/** Box and Muller 1958. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** One half of an epoch: `own` against `other`. */
async function improve(pool: Pool, own: Side, other: Side, place: Place, settings: Settings): Promise<void> {
  const { gram, scratch, each } = place
  const { d, block, steps } = settings
  await pool.run('gramRows', other.factors, other.rows, d, settings.alpha0, gram, scratch)
  await pool.run(
    'alsRows',
    ...([own.factors, other.factors, d, own.rows, own.indptr, own.indices, own.values] as const),
    ...([gram, own.reg, block, steps, scratch, each] as const),
  )
}

/**
 * H turned so that H^T H is diagonal. Scores and the regularisation do not change with the basis, and solving a row no
 * longer costs a product with the Gram matrix.
 */
function principal(h: Float32Array, n: number, d: number): Float32Array {
  const gram = new Float64Array(d * d)
  for (let i = 0; i < n; i++) {
    for (let a = 0; a < d; a++) {
      const x = h[i * d + a]
      for (let b = a; b < d; b++) gram[a * d + b] += x * h[i * d + b]
    }
  }
  for (let a = 0; a < d; a++) for (let b = 0; b < a; b++) gram[a * d + b] = gram[b * d + a]
  const { vectors } = symmetricEigen(gram, d)
  const turned = new Float32Array(h.length)
  const row = new Float64Array(d)
  for (let i = 0; i < n; i++) {
    row.fill(0)
    for (let a = 0; a < d; a++) {
      const x = h[i * d + a]
      for (let b = 0; b < d; b++) row[b] += x * vectors[a * d + b]
    }
    turned.set(row, i * d)
  }
  return turned
}
