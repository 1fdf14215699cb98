/**
 * A random walk of one and two steps over what follows what in sessions (in the manner of S-Walk, Choi et al. 2022, with
 * counts for its linear models): T_ij = c_ij / (n_i + 2) * (m_j + 5)^-0.4, c_ij = decayed counts of j after i plus 0.7
 * times those of j before i. Two steps reach items that no session has met together: on sparse data, most pairs. One step
 * has a fourth of their sum, for what it reaches is told by the sessions themselves.
 */
import { kthLargest } from './kth-largest.ts'
import type { Progress } from './model.ts'
import type { NeighbourTable } from './neighbour-table.ts'
import { placesOf, rowsOf, type Sessions } from './order.ts'
import { pace } from './pace.ts'

const LAGS = 8
const LAG_DECAY = 2
const BACKWARD = 0.7
const SHRINK = 2
const TARGET_SHRINK = 5
const TARGET_POWER = 0.4
/** Sum of what one step reaches beside that of two. */
const ONE_STEP = 0.25
/** Largest entries of a row of T that are walked along, and of the walk's that are kept. */
const FANOUT = 150
const KEPT = 200

/** The walk by source, pruned. */
export async function walkTable(
  sessions: Sessions,
  items: number,
  aging: number,
  progress: Progress,
): Promise<NeighbourTable> {
  const counts = await followers(sessions, items, aging, progress)
  const arriving = new Float64Array(items)
  counts.targets.forEach((target, e) => {
    arriving[target] += counts.values[e]
  })
  const toTarget = arriving.map((m) => (m + TARGET_SHRINK) ** -TARGET_POWER)
  for (let i = 0; i < items; i++) {
    let leaving = 0
    for (let e = counts.indptr[i]; e < counts.indptr[i + 1]; e++) leaving += counts.values[e]
    for (let e = counts.indptr[i]; e < counts.indptr[i + 1]; e++) {
      counts.values[e] *= toTarget[counts.targets[e]] / (leaving + SHRINK)
    }
  }
  const rows = rowCollector(items)
  for (let i = 0; i < items; i++) {
    if (i % 2048 === 0) await pace(progress, 2 + i / items, 4, 'walk')
    let one = 0
    let two = 0
    for (let e = counts.indptr[i]; e < counts.indptr[i + 1]; e++) {
      const middle = counts.targets[e]
      const first = counts.values[e]
      one += first
      for (let f = counts.indptr[middle]; f < counts.indptr[middle + 1]; f++) {
        const both = first * counts.values[f]
        rows.add(counts.targets[f], both)
        two += both
      }
    }
    for (let e = counts.indptr[i]; e < counts.indptr[i + 1]; e++) {
      rows.add(counts.targets[e], (ONE_STEP * two * counts.values[e]) / one)
    }
    rows.finish(KEPT)
  }
  return rows.table()
}

/** Decayed counts by source, the largest FANOUT of each row. */
async function followers({ starts, items: entries, ages }: Sessions, items: number, aging: number, progress: Progress) {
  const index = placesOf(entries, items)
  const sessionOf = rowsOf(starts)
  const rows = rowCollector(items)
  for (let i = 0; i < items; i++) {
    if (i % 2048 === 0) await pace(progress, 1 + i / items, 4, 'followers')
    for (let p = index.starts[i]; p < index.starts[i + 1]; p++) {
      const at = index.places[p]
      const session = sessionOf[at]
      const voice = Math.exp(-aging * ages[session])
      const last = Math.min(starts[session + 1] - 1, at + LAGS)
      for (let q = at + 1; q <= last; q++) rows.add(entries[q], voice * Math.exp(-(q - at - 1) / LAG_DECAY))
      const first = Math.max(starts[session], at - LAGS)
      for (let q = at - 1; q >= first; q--) rows.add(entries[q], BACKWARD * voice * Math.exp(-(at - q - 1) / LAG_DECAY))
    }
    rows.finish(FANOUT)
  }
  return rows.table()
}

/** Sums up one row after another in a dense row, keeps each one's largest entries, targets ascending. */
function rowCollector(items: number) {
  const dense = new Float64Array(items)
  const touched = new Int32Array(items)
  let count = 0
  const indptr = new Int32Array(items + 1)
  let targets = new Int32Array(1 << 16)
  let values = new Float32Array(1 << 16)
  let row = 0
  let n = 0
  return {
    add(target: number, value: number): void {
      if (dense[target] === 0) touched[count++] = target
      dense[target] += value
    },
    finish(most: number): void {
      const kept = count > most ? highestOf(dense, touched.subarray(0, count), most) : touched.slice(0, count).sort()
      if (n + kept.length > targets.length) {
        const largerTargets = new Int32Array(2 * targets.length)
        const largerValues = new Float32Array(2 * targets.length)
        largerTargets.set(targets)
        largerValues.set(values)
        targets = largerTargets
        values = largerValues
      }
      for (const target of kept) {
        targets[n] = target
        values[n++] = dense[target]
      }
      for (let k = 0; k < count; k++) dense[touched[k]] = 0
      count = 0
      indptr[++row] = n
    },
    table: (): NeighbourTable => ({ indptr, targets: targets.slice(0, n), values: values.slice(0, n) }),
  }
}

/** The `most` items of highest value, ascending; of equals the lower, so that the same rows come out on every machine. */
function highestOf(values: Float64Array, items: Int32Array, most: number): Int32Array {
  const own = new Float64Array(items.length)
  for (let k = 0; k < own.length; k++) own[k] = values[items[k]]
  const cut = kthLargest(own, most)
  const higher = items.filter((item) => values[item] > cut)
  const equal = items.filter((item) => values[item] === cut).sort()
  const kept = new Int32Array(most)
  kept.set(higher)
  kept.set(equal.subarray(0, most - higher.length), higher.length)
  return kept.sort()
}
