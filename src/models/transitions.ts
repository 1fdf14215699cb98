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
    const sequences = inOrderOfTime(data)
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
  readonly times: Float64Array
  /** Length entries: where the entry's customer begins and ends in `items`. */
  readonly begin: Int32Array
  readonly end: Int32Array
}

function inOrderOfTime(data: TrainingData): Sequences {
  const { matrix } = data
  const items = new Int32Array(matrix.indices.length)
  const times = new Float64Array(items.length)
  const begin = new Int32Array(items.length)
  const end = new Int32Array(items.length)
  let n = 0
  for (let row = 0; row < matrix.rows; row++) {
    const history = historyOf(data, row)
    const start = n
    // The sort is stable and rows are ascending by item, so ties stand in order of item.
    const order = history.items.map((_, k) => k).sort((a, b) => history.times![a] - history.times![b])
    for (const k of order) {
      if (!(history.weights[k] > 0)) continue
      items[n] = history.items[k]
      times[n++] = history.times![k]
    }
    begin.fill(start, start, n)
    end.fill(n, start, n)
  }
  return { items: items.subarray(0, n), times, begin, end }
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
  const { firstEntry, nextEntry, customers } = entriesByItem(sequences.items, items)
  const counts = new Float64Array(items)
  const touched = new Int32Array(items)
  const sourceTotals = new Float64Array(items)
  const stepSize = Math.max(16, Math.ceil(items / 50))
  await pace(progress, 0, items, 'transitions')
  for (let at = 0; at < sequences.items.length; at++) {
    around(sequences, at, options, lagWeights, (source, weight) => {
      sourceTotals[source] += weight
    })
  }
  let found = 0
  const add = (source: number, weight: number) => {
    if (counts[source] === 0) touched[found++] = source
    counts[source] += weight
  }
  const chosen = strongestPerTarget(items, options.neighbours)
  for (let target = 0; target < items; target++) {
    if (target % stepSize === 0) await pace(progress, target, items, 'transitions')
    found = 0
    for (let at = firstEntry[target]; at >= 0; at = nextEntry[at]) around(sequences, at, options, lagWeights, add)
    const scale = (customers[target] + shrink) ** -targetPower
    for (let k = 0; k < found; k++) {
      const source = touched[k]
      if (source !== target) chosen.offer(source, (counts[source] * scale) / (sourceTotals[source] + shrink))
      counts[source] = 0
    }
    chosen.finish(target)
  }
  return chosen.table()
}

/** Calls `add(source, weight)` for each entry near entry `at` that points to it. */
function around(
  { items, times, begin, end }: Sequences,
  at: number,
  options: TransitionsOptions,
  lagWeights: Float64Array,
  add: (source: number, weight: number) => void,
): void {
  const both = options.direction === 'both'
  const first = Math.max(begin[at], at - options.window)
  for (let s = at - 1; s >= first; s--) {
    const share = both || times[s] === times[at] ? 0.5 : 1
    add(items[s], share * lagWeights[at - s])
  }
  const last = Math.min(end[at] - 1, at + options.window)
  for (let s = at + 1; s <= last; s++) {
    if (!both && times[s] !== times[at]) break
    add(items[s], 0.5 * lagWeights[s - at])
  }
}

/** Linked lists of the entries of each item; -1 ends. */
function entriesByItem(entries: Int32Array, items: number) {
  const firstEntry = new Int32Array(items).fill(-1)
  const nextEntry = new Int32Array(entries.length)
  const customers = new Float64Array(items)
  for (let at = entries.length - 1; at >= 0; at--) {
    nextEntry[at] = firstEntry[entries[at]]
    firstEntry[entries[at]] = at
    customers[entries[at]]++
  }
  return { firstEntry, nextEntry, customers }
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
