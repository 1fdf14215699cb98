/**
 * Ridge regression from a decayed history to the next item, trained on every place of every history, in closed form.
 *
 * With d = e^(-1 / reach), the state before place t is x_t = sum over earlier places a of d^(t - 1 - a) e_{i_a}; the target
 * y_t = e_{i_t} and, so that a chance swap of two neighbours does not matter, what follows it, fading by e^(-1 / ahead);
 * B = (X^T X + lambda I)^-1 X^T Y. (SLIST, Choi et al. 2021, with full decay.) Neither X nor Y is ever built:
 *
 *   X^T X_ij = sum over pairs a <= b, i at a, j at b, of d^(b - a) (1 - d^(2 m_b)) / (1 - d^2),  m_b = places after b,
 *   X^T Y_ij = sum over pairs a < b of sum over f < b - a of g_f d^(b - a - 1 - f)
 *
 * are counts of pairs by their distance: entries x window instead of entries x window^2.
 */
import { borrow, floatsAt, giveBack, Layout } from '../kernels/memory.ts'
import { PRODUCT_SCRATCH_BYTES, TILE, TILE_BYTES } from '../kernels/module.ts'
import { openPool, threadsFor } from '../kernels/pool.ts'
import { ModelDeclined, type Progress } from './model.ts'
import { type ServedTable, serveTable } from './neighbour-table.ts'
import { type Ordered, placesOf, rowsOf } from './order.ts'
import { pace } from './pace.ts'

export interface RidgeScale {
  /** Entries after which one speaks with 1/e, in training and serving. */
  readonly reach: number
  /** The same, forward, for what follows the target; 0 = the target alone. */
  readonly ahead: number
  /** lambda, as a share of the mean of the diagonal of X^T X. */
  readonly ridge: number
}

/** Entries beyond which d^k counts as nothing: about .7 %. */
export function windowOf(reach: number): number {
  return Math.ceil(5 * reach)
}

const AHEAD_PLACES = 12
const MEGABYTE = 2 ** 20
/** Bytes that a pair of items takes while it is fitted: half a matrix in tiles, three whole ones, the table that is served. */
const BYTES_A_PAIR = 22

/** So many items may a regression have. */
export function mostItems(memoryMb: number): number {
  return Math.floor(Math.sqrt((memoryMb * MEGABYTE) / BYTES_A_PAIR))
}

/** Fits one scale over `items` items. @throws ModelDeclined where the matrix is singular */
export async function fitRidge(
  ordered: Ordered,
  items: number,
  scale: RidgeScale,
  limits: { readonly threads: number },
  progress: Progress,
): Promise<ServedTable> {
  const work = items ** 3
  const threads = threadsFor(work, limits.threads)
  const layout = new Layout()
  const side = Math.ceil(items / TILE)
  const padded = side * TILE
  const at = {
    tiles: layout.place(((side * (side + 1)) / 2) * TILE_BYTES),
    panels: layout.place(2 * side * TILE_BYTES),
    scratch: layout.place(Math.max((1 + 2 * threads) * TILE_BYTES, threads * PRODUCT_SCRATCH_BYTES)),
    inverse: layout.words(padded * padded),
    // Row j holds column j of X^T Y.
    targets: layout.words(padded * padded),
    weights: layout.words(padded * padded),
  }
  const note = `reach ${scale.reach}`
  await pace(progress, 0, 1, `${note}: counts`)
  const memory = borrow(layout)
  const pool = openPool(memory, work, progress.signal, limits.threads)
  try {
    const tiles = floatsAt(memory, at.tiles, ((side * (side + 1)) / 2) * TILE * TILE)
    await countPairs(
      ordered,
      scale,
      { tiles, targets: floatsAt(memory, at.targets, padded * padded), padded },
      progress,
    )
    finishDiagonal(tiles, items, side, scale.ridge)
    await pace(progress, 0, 1, `${note}: inverse`)
    const status = await pool.run('invertTiles', at.tiles, side, 0, side, at.panels, at.scratch)
    if (status !== 0) throw new ModelDeclined('sequence: X^T X + lambda I is not positive definite in single precision')
    unpackMinus(tiles, floatsAt(memory, at.inverse, padded * padded), side)
    await pool.run('multiplyTransposed', at.inverse, at.targets, at.weights, padded, padded, padded, at.scratch)
    return serveTable(whole(floatsAt(memory, at.weights, padded * padded), items, padded))
  } finally {
    await pool.close()
    giveBack(memory)
  }
}

interface Counts {
  readonly tiles: Float32Array
  readonly targets: Float32Array
  readonly padded: number
}

/** Item by item, so that all that is added to lies in two rows of numbers, which stay in the cache. */
async function countPairs(
  { starts, items }: Ordered,
  { reach, ahead }: RidgeScale,
  { tiles, targets, padded }: Counts,
  progress: Progress,
): Promise<void> {
  const { window, powers, states, toTarget } = voicesOf(reach, ahead, longest(starts))
  const index = placesOf(items, padded)
  const rows = rowsOf(starts)
  const before = new Float64Array(padded)
  const target = new Float64Array(padded)
  for (let j = 0; j < padded; j++) {
    if (j % 256 === 0) await pace(progress, 0, 1, 'counts')
    if (index.starts[j] === index.starts[j + 1]) continue
    for (let p = index.starts[j]; p < index.starts[j + 1]; p++) {
      const b = index.places[p]
      const state = states[starts[rows[b] + 1] - 1 - b]
      const first = Math.max(starts[rows[b]], b - window)
      before[j] += state
      for (let a = b - 1, l = 1; a >= first; a--, l++) {
        const i = items[a]
        before[i] += powers[l] * state
        target[i] += toTarget[l]
      }
    }
    targets.set(target, j * padded)
    addToTiles(tiles, before, j)
    before.fill(0)
    target.fill(0)
  }
}

/** By the distance l of a pair its shares in X^T X and X^T Y; by the places after its second item the sum of its states. */
function voicesOf(reach: number, ahead: number, most: number) {
  const window = windowOf(reach)
  const decay = Math.exp(-1 / reach)
  const voices = Float64Array.from({ length: AHEAD_PLACES }, (_, f) =>
    f === 0 ? 1 : ahead > 0 ? Math.exp(-f / ahead) : 0,
  )
  const total = voices.reduce((sum, voice) => sum + voice, 0)
  const toTarget = Float64Array.from({ length: window + 1 }, (_, l) => {
    let sum = 0
    for (let f = 0; f < Math.min(AHEAD_PLACES, l); f++) sum += (voices[f] / total) * decay ** (l - 1 - f)
    return sum
  })
  return {
    window,
    powers: Float64Array.from({ length: window + 1 }, (_, l) => decay ** l),
    states: Float64Array.from({ length: most }, (_, after) => (1 - decay ** (2 * after)) / (1 - decay * decay)),
    toTarget,
  }
}

function longest(starts: Int32Array): number {
  let most = 0
  for (let row = 0; row + 1 < starts.length; row++) most = Math.max(most, starts[row + 1] - starts[row])
  return most
}

/** Adds what stood before j to both (i, j) and (j, i): tiles hold the lower half, those of the diagonal are kept in full. */
function addToTiles(tiles: Float32Array, before: Float64Array, j: number): void {
  const tileJ = Math.floor(j / TILE)
  const c = j - tileJ * TILE
  for (let i = 0; i < before.length; i++) {
    const value = before[i]
    if (value === 0) continue
    const tileI = Math.floor(i / TILE)
    const r = i - tileI * TILE
    if (tileI >= tileJ) tiles[((tileI * (tileI + 1)) / 2 + tileJ) * TILE * TILE + r * TILE + c] += value
    if (tileI < tileJ || (tileI === tileJ && i !== j))
      tiles[((tileJ * (tileJ + 1)) / 2 + tileI) * TILE * TILE + c * TILE + r] += value
  }
}

/** Adds lambda; the padding becomes the identity. */
function finishDiagonal(tiles: Float32Array, items: number, side: number, ridge: number): void {
  const placeOf = (i: number) => {
    const t = Math.floor(i / TILE)
    return ((t * (t + 1)) / 2 + t) * TILE * TILE + (i - t * TILE) * (TILE + 1)
  }
  let sum = 0
  for (let i = 0; i < items; i++) sum += tiles[placeOf(i)]
  const lambda = Math.max(1e-3, (ridge * sum) / items)
  for (let i = 0; i < side * TILE; i++) tiles[placeOf(i)] = i < items ? tiles[placeOf(i)] + lambda : 1
}

/** The square matrix of which the tiles hold minus the lower half. */
function unpackMinus(tiles: Float32Array, out: Float32Array, side: number): void {
  const padded = side * TILE
  let tile = 0
  for (let i = 0; i < side; i++) {
    for (let j = 0; j <= i; j++) {
      for (let r = 0; r < TILE; r++) {
        for (let c = 0; c < TILE; c++) {
          const value = -tiles[tile + r * TILE + c]
          out[(i * TILE + r) * padded + j * TILE + c] = value
          out[(j * TILE + c) * padded + i * TILE + r] = value
        }
      }
      tile += TILE * TILE
    }
  }
}

/** All weights as a table; an item never met has an empty row. */
export function whole(weights: Float32Array, items: number, padded: number) {
  const indptr = new Int32Array(items + 1)
  const targets = new Int32Array(items * items)
  const values = new Float32Array(items * items)
  let n = 0
  for (let i = 0; i < items; i++) {
    const row = weights.subarray(i * padded, i * padded + items)
    if (row.some((w) => w !== 0)) {
      values.set(row, n)
      for (let j = 0; j < items; j++) targets[n + j] = j
      n += items
    }
    indptr[i + 1] = n
  }
  return { indptr, targets: targets.subarray(0, n), values: values.subarray(0, n) }
}
