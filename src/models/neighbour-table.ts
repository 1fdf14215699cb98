/**
 * A sparse item-to-item table, built target by target and served by the kernels: for each item of a history, the targets
 * that it speaks for.
 */
import { type ItemRows, narrowRows, sparseRows } from '../kernels/item-rows.ts'
import type { ModelArray, UnpackedModel } from './bytes.ts'
import { strongest } from './contributions.ts'
import { kthLargest } from './kth-largest.ts'
import type { Contribution, History } from './model.ts'
import { narrowTable } from './narrow-table.ts'

export interface NeighbourTable {
  /** Length items + 1: source i's targets are targets[indptr[i] .. indptr[i+1]), ascending. */
  readonly indptr: Int32Array
  readonly targets: Int32Array
  readonly values: Float32Array
}

export interface ServedTable {
  /**
   * Fills `out` (length items) with the sum of the history's rows. Returns false where no item of the history has a
   * row: then `out` is left alone and the caller decides what a stranger gets.
   */
  score(history: History, out: Float32Array): boolean
  /** What `score` gives `item`; null where it would return false. */
  scoreOf(history: History, item: number): number | null
  /** The at most `count` items of the history with the largest positive share in `item`'s score, largest first. */
  explain(history: History, item: number, count: number): Contribution[]
  /** Calls `give(source, share)` for each item of the history with a positive share in `item`'s score. */
  shares(history: History, item: number, give: (source: number, share: number) => void): void
  /** For `packModel`; `openTable` takes them back. */
  arrays(): Record<string, ModelArray>
}

/** Up to this many items a row may be stored whole, a byte an item; it is then quicker to add up than a sparse one ... */
const NARROW_ITEMS = 8192
/** ... which has more than this share of the items. */
const NARROW_SHARE = 1 / 16

/** Brings a table into the form in which it is quickest to serve. */
export function serveTable(table: NeighbourTable): ServedTable {
  const items = table.indptr.length - 1
  const known = Uint8Array.from({ length: items }, (_, i) => (table.indptr[i + 1] > table.indptr[i] ? 1 : 0))
  const dense = items <= NARROW_ITEMS && table.targets.length > NARROW_SHARE * items * items
  return served(dense ? narrowRows(narrowTable(table)) : sparseRows(sparseOf(table)), known)
}

/** Opens what `arrays` gave. */
export function openTable(packed: UnpackedModel): ServedTable {
  const { has, i16, i32, f32, u8 } = packed
  const rows = has('q')
    ? narrowRows({ q: i16('q'), unit: f32('unit'), columns: i32('columns'), residuals: f32('residuals') })
    : sparseRows({ rowptr: i32('rowptr'), columns: i32('columns'), values: f32('values') })
  return served(rows, u8('known'))
}

function sparseOf({ indptr, targets, values }: NeighbourTable) {
  return { rowptr: indptr, columns: targets, values }
}

function served(rows: ItemRows, known: Uint8Array): ServedTable {
  const hears = ({ items, weights }: History): boolean => {
    for (let k = 0; k < items.length; k++) if (weights[k] !== 0 && known[items[k]] === 1) return true
    return false
  }
  const shares: ServedTable['shares'] = ({ items, weights }, item, give) => {
    for (let k = 0; k < items.length; k++) {
      const share = known[items[k]] === 1 ? weights[k] * rows.weight(items[k], item) : 0
      if (share > 0) give(items[k], share)
    }
  }
  return {
    score: (history, out) => hears(history) && rows.add(history.items, history.weights, out) > 0,
    scoreOf: (history, item) => (hears(history) ? rowSum(rows, history, item) : null),
    explain(history, item, count): Contribution[] {
      const parts = strongest(count)
      shares(history, item, parts.offer)
      return parts.list()
    },
    shares,
    arrays: () => ({ ...rows.arrays, known }),
  }
}

/** Sum over the history of weight times the row's entry `item`. */
export function rowSum(rows: ItemRows, { items, weights }: History, item: number): number {
  let sum = 0
  for (let k = 0; k < items.length; k++) {
    if (items[k] >= 0 && items[k] < rows.items) sum += weights[k] * rows.weight(items[k], item)
  }
  return sum
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
