/** A sparse item-to-item table by source: for each item of a history, the targets that it speaks for. */
import { type SparseArrays, sparseRows } from '../kernels/item-rows.ts'
import type { Contribution, History } from './model.ts'

export interface NeighbourTable {
  /** Length items + 1: source i's targets are targets[indptr[i] .. indptr[i+1]), ascending. */
  readonly indptr: Int32Array
  readonly targets: Int32Array
  readonly values: Float32Array
}

export interface ServedTable {
  readonly table: NeighbourTable
  /**
   * Fills `out` (length items) with the sum of the history's rows. Returns false where no item of the history has a
   * row: then what is in `out` means nothing and the caller decides what a stranger gets.
   */
  score(history: History, out: Float32Array): boolean
}

/** Copies the table to where the kernel reads it. */
export function serveTable(table: NeighbourTable): ServedTable {
  const rows = sparseRows({ rowptr: table.indptr, columns: table.targets, values: table.values })
  const { rowptr, columns, values } = rows.arrays as SparseArrays
  const served = { indptr: rowptr, targets: columns, values }
  return {
    table: served,
    score(history, out): boolean {
      const known = history.items.some((item, k) => history.weights[k] !== 0 && rowptr[item + 1] > rowptr[item])
      return known && rows.add(history.items, history.weights, out) > 0
    },
  }
}

/** The at most `count` items of the history with the largest positive share in `item`'s score, largest first. */
export function explainByNeighbours(
  table: NeighbourTable,
  history: History,
  item: number,
  count: number,
): Contribution[] {
  const items = table.indptr.length - 1
  const shares: Contribution[] = []
  for (let k = 0; k < history.items.length; k++) {
    const source = history.items[k]
    if (source < 0 || source >= items) continue
    const weight = history.weights[k] * valueAt(table, source, item)
    if (weight > 0) shares.push({ item: source, weight })
  }
  return shares.sort((a, b) => b.weight - a.weight || a.item - b.item).slice(0, count)
}

/** Binary search in the source's row; 0 where it does not speak for `target`. */
function valueAt(table: NeighbourTable, source: number, target: number): number {
  let low = table.indptr[source]
  let high = table.indptr[source + 1]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (table.targets[middle] < target) low = middle + 1
    else high = middle
  }
  return low < table.indptr[source + 1] && table.targets[low] === target ? table.values[low] : 0
}

/** A table holds about this many entries at most, 8 bytes each, however many neighbours are asked for. */
const MAX_ENTRIES = 5_000_000
const MIN_NEIGHBOURS = 50

/**
 * Builds a table target by target, keeping the `most` strongest sources of each (fewer where there are very many items):
 * `offer` its sources, then `finish` it. Targets must be finished in ascending order.
 */
export function strongestPerTarget(items: number, most: number) {
  const limit = Math.min(most, Math.max(MIN_NEIGHBOURS, Math.floor(MAX_ENTRIES / items)))
  const offeredSources = new Int32Array(items)
  const offeredValues = new Float64Array(items)
  let offered = 0
  const sources: Int32Array[] = []
  const values: Float32Array[] = []
  const targets: number[] = []
  return {
    offer(source: number, value: number): void {
      offeredSources[offered] = source
      offeredValues[offered++] = value
    },
    finish(target: number): void {
      const cut = offered > limit ? kthLargest(offeredValues.slice(0, offered), limit) : Number.NEGATIVE_INFINITY
      const keptSources: number[] = []
      const keptValues: number[] = []
      for (let k = 0; k < offered && keptSources.length < limit; k++) {
        if (offeredValues[k] < cut) continue
        keptSources.push(offeredSources[k])
        keptValues.push(offeredValues[k])
      }
      offered = 0
      targets.push(target)
      sources.push(Int32Array.from(keptSources))
      values.push(Float32Array.from(keptValues))
    },
    table: (): NeighbourTable => bySource(items, targets, sources, values),
  }
}

function kthLargest(values: Float64Array, k: number): number {
  return values.sort()[values.length - k]
}

function bySource(items: number, targets: number[], sources: Int32Array[], values: Float32Array[]): NeighbourTable {
  const indptr = new Int32Array(items + 1)
  for (const list of sources) for (const source of list) indptr[source + 1]++
  for (let i = 0; i < items; i++) indptr[i + 1] += indptr[i]
  const next = indptr.slice()
  const outTargets = new Int32Array(indptr[items])
  const outValues = new Float32Array(indptr[items])
  for (let t = 0; t < targets.length; t++) {
    for (let k = 0; k < sources[t].length; k++) {
      const at = next[sources[t][k]]++
      outTargets[at] = targets[t]
      outValues[at] = values[t][k]
    }
  }
  return { indptr, targets: outTargets, values: outValues }
}
