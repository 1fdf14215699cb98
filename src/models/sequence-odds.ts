/**
 * Multinomial logistic regression from a decayed history to the next item: with x_r the history in which an entry speaks with
 * e^(-rank / reach r), and B_r a weight for every pair of items,
 *
 *   p(j) = e^(bias_j + sum over reaches r of (B_r^T x_r)_j) / sum over the items i that the history has not of e^(...)_i
 *
 * Where ridge regressions add up what speaks for an item, here it multiplies: an item must go with all of the history. B is
 * learned by gradient over all places of all histories against all items; large data are gone over once.
 * Kernel: wasm/follow.ts; a pass takes entries x items steps, however far the reach.
 */
import { borrow, floatsAt, giveBack, intsAt, Layout } from '../kernels/memory.ts'
import { openPool, threadsFor } from '../kernels/pool.ts'
import { seededRandom } from '../world.ts'
import type { Progress } from './model.ts'
import { type ServedTable, serveTable } from './neighbour-table.ts'
import type { Ordered } from './order.ts'
import { pace } from './pace.ts'
import { whole } from './sequence-ridge.ts'

/** Entries after which one speaks with 1/e. */
export const reaches = [8, 1] as const
const RATE = 0.4
/** Small data are gone over more often, until there were so many entries ... */
const ENTRIES = 1e6
/** ... but not more often than this. */
const MOST_PASSES = 5
/** What the squares of gradients start with. */
const FIRST_SQUARE = 1
/** Entries between which gradients flow back. */
const PIECE = 256
const HISTORIES_A_RUN = 64
/** Entries x passes x items, at most: some ten seconds of a core. */
const MOST_STEPS = 4e9
const MEGABYTE = 2 ** 20
/** Bytes that a pair of items takes while it is fitted: weights and squares of each reach, the table that is served. */
const BYTES_A_PAIR = 26
const NEVER = -1e9

export interface Odds {
  readonly bias: Float32Array
  /** By reach. */
  readonly tables: readonly ServedTable[]
}

/** So many items may take part, with that many entries. */
export function mostItemsOfOdds(memoryMb: number, entries: number): number {
  return Math.floor(
    Math.min(Math.sqrt((memoryMb * MEGABYTE) / BYTES_A_PAIR), MOST_STEPS / Math.max(1, entries * passesOver(entries))),
  )
}

function passesOver(entries: number): number {
  return Math.max(1, Math.min(MOST_PASSES, Math.round(ENTRIES / entries)))
}

export async function fitOdds(
  ordered: Ordered,
  items: number,
  limits: { readonly threads: number; readonly seed: number },
  progress: Progress,
): Promise<Odds> {
  const n = Math.ceil(items / 4) * 4
  const rows = Int32Array.from(ordered.starts.keys()).filter((row) => ordered.starts[row + 1] - ordered.starts[row] > 1)
  const passes = passesOver(ordered.items.length)
  const work = passes * ordered.items.length * items
  const threads = threadsFor(work, limits.threads)
  const layout = new Layout()
  const at = {
    items: layout.words(ordered.items.length),
    starts: layout.words(ordered.starts.length),
    order: layout.words(rows.length),
    decays: layout.words(reaches.length),
    weights: layout.words(reaches.length * n * n),
    squares: layout.words(reaches.length * n * n),
    bias: layout.words(n),
    biasSquares: layout.words(n),
    state: layout.words((2 * reaches.length + 2) * n),
    expected: layout.words(PIECE * n),
    sums: layout.words(threads * PIECE),
  }
  const memory = borrow(layout)
  const pool = openPool(memory, work, progress.signal, limits.threads)
  try {
    intsAt(memory, at.items, ordered.items.length).set(ordered.items)
    intsAt(memory, at.starts, ordered.starts.length).set(ordered.starts)
    floatsAt(memory, at.decays, reaches.length).set(reaches.map((reach) => Math.exp(-1 / reach)))
    floatsAt(memory, at.squares, reaches.length * n * n).fill(FIRST_SQUARE)
    floatsAt(memory, at.biasSquares, n).fill(FIRST_SQUARE)
    const bias = floatsAt(memory, at.bias, n)
    bias.set(logShares(ordered.items, items, n))
    const random = seededRandom(limits.seed)
    for (let pass = 0; pass < passes; pass++) {
      intsAt(memory, at.order, rows.length).set(shuffled(rows, random))
      for (let from = 0; from < rows.length; from += HISTORIES_A_RUN) {
        await pace(progress, pass + from / rows.length, passes, `pass ${pass + 1}`)
        const to = Math.min(from + HISTORIES_A_RUN, rows.length)
        await pool.run(
          ...(['follow', at.items, at.starts, at.order, from, to, n, at.decays, reaches.length] as const),
          ...([at.weights, at.squares, at.bias, at.biasSquares, RATE, PIECE, at.state, at.expected, at.sums] as const),
        )
      }
    }
    const tables = reaches.map((_, r) =>
      serveTable(whole(floatsAt(memory, at.weights + 4 * r * n * n, n * n), items, n)),
    )
    return { bias: bias.slice(0, items), tables }
  } finally {
    await pool.close()
    giveBack(memory)
  }
}

/** ln of each item's share of the entries; what pads is never expected. */
function logShares(entries: Int32Array, items: number, padded: number): Float32Array {
  const counts = new Float64Array(items).fill(0.5)
  for (const item of entries) counts[item]++
  return Float32Array.from({ length: padded }, (_, i) => (i < items ? Math.log(counts[i] / entries.length) : NEVER))
}

function shuffled(rows: Int32Array, random: () => number): Int32Array {
  const order = rows.slice()
  for (let k = order.length - 1; k > 0; k--) {
    const other = Math.floor(random() * (k + 1))
    const row = order[k]
    order[k] = order[other]
    order[other] = row
  }
  return order
}
