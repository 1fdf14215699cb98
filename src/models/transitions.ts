/**
 * What comes after what: item-to-item counts along each customer's history in order of time, the nearer the more,
 * a Markov chain with skips (as in FPMC's and SKNN's plain ancestors). With lag l between two entries,
 *
 *   c(i -> j) = sum over pairs, j after i by l <= window, of e^(-(l - 1) / lagDecay)
 *   s(i -> j) = c(i -> j) / ((n_i + shrink) * (m_j + shrink)^targetPower),   n_i = sum_j c(i -> j), m_j = customers of j
 *
 * Simultaneous pairs count half in each direction; direction "both" counts every pair so. A customer's score of j is
 * the sum of s(i -> j) e^(-rank / reach) over the history, rank counted from the latest entry.
 */
import { packModel, unpackModel } from './bytes.ts'
import { historyOf } from './matrix.ts'
import { type History, type Model, ModelDeclined, type ModelKind, type Progress, type TrainingData } from './model.ts'
import { type NeighbourTable, openTable, type ServedTable, serveTable, strongestPerTarget } from './neighbour-table.ts'
import { latestFirst, placesOf } from './order.ts'
import { pace } from './pace.ts'
import { fader } from './recency.ts'

export type TransitionsOptions = {
  direction: 'forward' | 'both'
  /** Pairs further apart than this many entries do not count. */
  window: number
  /** Entries after which a pair counts 1/e. */
  lagDecay: number
  /** Entries of a history after which one speaks with 1/e; 0 = all speak alike. */
  reach: number
  shrink: number
  targetPower: number
  /** How many sources are kept for each target. */
  neighbours: number
}

const KIND = 'transitions'
const VERSION = 1

export const transitions: ModelKind<TransitionsOptions> = {
  kind: KIND,
  defaults: {
    direction: 'forward',
    window: 20,
    lagDecay: 5,
    reach: 3,
    shrink: 20,
    targetPower: 0.3,
    neighbours: 1000,
  },
  async fit(data, options, progress): Promise<Model> {
    if (!data.times) throw new ModelDeclined('transitions: the interactions have no times')
    const sequences = inOrderOfTime(data, options)
    if (sequences.items.length === 0) throw new ModelDeclined('transitions: no customer chose anything yet')
    const table = await countTransitions(sequences, data.matrix.columns, options, progress)
    const popularity = new Float32Array(data.matrix.columns)
    for (const item of sequences.items) popularity[item] += 1 / data.matrix.rows
    return makeModel(serveTable(table), popularity, options.reach)
  },
  fromBytes(bytes): Model {
    const packed = unpackModel(bytes, KIND, VERSION)
    return makeModel(openTable(packed), packed.f32('popularity'), Number(packed.meta.reach))
  },
}

/** All customers' positive entries, each customer's in order of time (ties by item), one after another. */
interface Sequences {
  readonly items: Int32Array
  /**
   * Three numbers an entry, side by side because entries are looked up far apart: how many before it are within the window,
   * how many of these are of the same moment, and how many behind it point to it.
   */
  readonly near: Int32Array
}

function inOrderOfTime(data: TrainingData, { direction, window }: TransitionsOptions): Sequences {
  const { matrix } = data
  const items = new Int32Array(matrix.indices.length)
  const times = new Float64Array(items.length)
  const near = new Int32Array(3 * items.length)
  let n = 0
  for (let row = 0; row < matrix.rows; row++) {
    const history = historyOf(data, row)
    const order = latestFirst(history)
    const start = n
    for (let k = order.length - 1; k >= 0; k--) {
      const entry = order[k]
      if (!(history.weights[entry] > 0)) continue
      items[n] = history.items[entry]
      times[n++] = history.times![entry]
    }
    for (let from = start, to = start; from < n; from = to) {
      while (to < n && times[to] === times[from]) to++
      for (let at = from; at < to; at++) {
        near[3 * at] = Math.min(window, at - start)
        near[3 * at + 1] = Math.min(window, at - from)
        near[3 * at + 2] = Math.min(window, (direction === 'both' ? n : to) - 1 - at)
      }
    }
  }
  return { items: items.subarray(0, n), near }
}

/** Counts by target, so that one dense row of length items is enough; cost entries * window. */
async function countTransitions(
  sequences: Sequences,
  items: number,
  options: TransitionsOptions,
  progress: Progress,
): Promise<NeighbourTable> {
  const { shrink, targetPower } = options
  const lagWeights = Float64Array.from({ length: options.window + 1 }, (_, l) => Math.exp(-(l - 1) / options.lagDecay))
  const { starts, places } = placesOf(sequences.items, items)
  const counts = new Float64Array(items)
  const touched = new Int32Array(items)
  const sourceTotals = new Float64Array(items)
  const stepSize = Math.max(16, Math.ceil(items / 50))
  await pace(progress, 0, items, 'transitions')
  const voices = { ...sequences, plain: options.direction === 'both' ? 0.5 : 1, lagWeights }
  for (let at = 0; at < sequences.items.length; at++) addAround(voices, at, sourceTotals, touched, 0)
  const chosen = strongestPerTarget(items, options.neighbours)
  for (let target = 0; target < items; target++) {
    if (target % stepSize === 0) await pace(progress, target, items, 'transitions')
    let found = 0
    for (let p = starts[target]; p < starts[target + 1]; p++)
      found = addAround(voices, places[p], counts, touched, found)
    const scale = (starts[target + 1] - starts[target] + shrink) ** -targetPower
    for (let k = 0; k < found; k++) {
      const source = touched[k]
      if (source !== target) chosen.offer(source, (counts[source] * scale) / (sourceTotals[source] + shrink))
      counts[source] = 0
    }
    chosen.finish(target)
  }
  return chosen.table()
}

interface Voices extends Sequences {
  readonly lagWeights: Float64Array
  /** What a pair of different moments counts. */
  readonly plain: number
}

/**
 * Adds to `counts`, by source, the weight of each entry near entry `at` that points to it; items whose count was 0 are noted
 * in `touched` from place `found` on. Returns where the next goes.
 */
function addAround(
  { items, near, lagWeights, plain }: Voices,
  at: number,
  counts: Float64Array,
  touched: Int32Array,
  found: number,
): number {
  const before = near[3 * at]
  const tied = near[3 * at + 1]
  const behind = near[3 * at + 2]
  for (let l = 1; l <= before; l++) {
    const source = items[at - l]
    if (counts[source] === 0) touched[found++] = source
    counts[source] += (l <= tied ? 0.5 : plain) * lagWeights[l]
  }
  for (let l = 1; l <= behind; l++) {
    const source = items[at + l]
    if (counts[source] === 0) touched[found++] = source
    counts[source] += 0.5 * lagWeights[l]
  }
  return found
}

function makeModel(table: ServedTable, popularity: Float32Array, reach: number): Model {
  const items = popularity.length
  const hear = fader({ recency: 0, reach })
  const unknown = Int32Array.from(popularity.keys()).filter((i) => popularity[i] === 0)
  // The best items of the history scored last are explained next.
  let last: { readonly history: History; readonly heard: History } | undefined
  const hearNow = (history: History): History => {
    last = { history, heard: hear(history) }
    return last.heard
  }
  return {
    kind: KIND,
    items,
    score(history, out): void {
      if (!table.score(hearNow(history), out)) out.set(popularity)
      for (const i of unknown) out[i] = Number.NEGATIVE_INFINITY
    },
    scoreOf: (history, item) =>
      popularity[item] === 0 ? Number.NEGATIVE_INFINITY : (table.scoreOf(hear(history), item) ?? popularity[item]),
    explain: (history, item, count) =>
      table.explain(last?.history === history ? last.heard : hearNow(history), item, count),
    toBytes: () => packModel(KIND, VERSION, { reach }, { ...table.arrays(), popularity }),
  }
}
