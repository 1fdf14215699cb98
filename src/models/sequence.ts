/**
 * What a customer chooses next, from the order of what came before: ridge regressions of several reaches
 * (`sequence-ridge.ts`) and places in other histories like the present one (`sequence-places.ts`), each estimating how
 * likely j is:
 *
 *   score(j) = sum over scales s of weight_s temper((x_s B_s)_j) + placesWeight temper(share of j among what places say)
 *
 * with temper(p) = sign(p) |p|^power: below 1 it rewards an item on which the parts agree more than one that a single
 * part is sure of. On ML-1M's validation items power 1 gave HR@10 .323 / NDCG@10 .191, .5 .327 / .193, .35 .328 / .195.
 */
import { packModel, unpackModel } from './bytes.ts'
import type { Contribution, History, Model, ModelKind } from './model.ts'
import { ModelDeclined } from './model.ts'
import { openTable, type ServedTable } from './neighbour-table.ts'
import { inOrder, latestFirst } from './order.ts'
import { pace } from './pace.ts'
import { likePlaces } from './sequence-places.ts'
import { fitRidge, type RidgeScale, windowOf } from './sequence-ridge.ts'

export type SequenceOptions = {
  /** How much the places of other histories count beside the regressions. */
  placesWeight: number
  /** Power of each part's estimate, above 0 to 1. */
  power: number
  /** Weight of the regression of the longest reach; 0 = without it. */
  longWeight: number
  /** Multiplies the lambda of every regression. */
  ridge: number
  memoryMb: number
  /** Threads; 0 = one a core. */
  threads: number
}

const KIND = 'sequence'
const VERSION = 1
const scales: readonly (RidgeScale & { readonly weight?: number })[] = [
  { reach: 8, ahead: 1, ridge: 0.25, weight: 1 },
  { reach: 1, ahead: 0, ridge: 0.9, weight: 1 },
  { reach: 30, ahead: 4, ridge: 0.25 },
]

interface Part {
  readonly reach: number
  readonly weight: number
  readonly table: ServedTable
}

export const sequence: ModelKind<SequenceOptions> = {
  kind: KIND,
  defaults: { placesWeight: 1, power: 0.35, longWeight: 0.7, ridge: 1, memoryMb: 1024, threads: 0 },
  async fit(data, options, progress): Promise<Model> {
    if (!data.times) throw new ModelDeclined('sequence: the interactions have no times')
    await pace(progress, 0, scales.length, 'order')
    const ordered = inOrder(data)
    const items = data.matrix.columns
    if (ordered.items.length === 0) throw new ModelDeclined('sequence: nobody chose anything yet')
    const parts: Part[] = []
    for (const [done, scale] of scales.entries()) {
      const weight = scale.weight ?? options.longWeight
      if (weight === 0) continue
      const step = (_done: number, _total: number, note: string) => progress.step(done, scales.length, note)
      const one = { ...scale, ridge: scale.ridge * options.ridge }
      const table = await fitRidge(ordered, items, one, options, { step, signal: progress.signal })
      parts.push({ reach: scale.reach, weight, table })
    }
    const { placesWeight, power } = options
    return makeModel(parts, ordered, { placesWeight, power, items })
  },
  fromBytes(bytes): Model {
    const packed = unpackModel(bytes, KIND, VERSION)
    const stored = packed.meta.parts as readonly { reach: number; weight: number }[]
    const parts = stored.map(({ reach, weight }, p) => {
      const inner = unpackModel(packed.u8(`part${p}`), `${KIND}-part`, VERSION)
      return { reach, weight, table: openTable(inner) }
    })
    const ordered = { starts: packed.i32('starts'), items: packed.i32('entries') }
    return makeModel(parts, ordered, packed.meta.combine as Combine)
  },
}

interface Combine {
  readonly placesWeight: number
  readonly power: number
  readonly items: number
}

function makeModel(
  parts: readonly Part[],
  entries: { readonly starts: Int32Array; readonly items: Int32Array },
  combine: Combine,
): Model {
  const { placesWeight, power, items } = combine
  const popularity = new Float32Array(items)
  for (const item of entries.items) popularity[item] += 1 / (entries.starts.length - 1)
  const places = likePlaces(entries, items)
  const scratch = new Float32Array(items)
  return {
    kind: KIND,
    items,
    score(history, out): void {
      const recent = latestPart(history, items)
      out.fill(0)
      for (const { reach, weight, table } of parts) {
        if (table.score(faded(recent, reach), scratch)) addTempered(out, scratch, weight, 1, power)
      }
      const total = places.score(recent, scratch)
      if (total > 0) addTempered(out, scratch, placesWeight, 1 / total, power)
      for (let i = 0; i < items; i++) {
        out[i] = popularity[i] === 0 ? Number.NEGATIVE_INFINITY : out[i] + 1e-6 * popularity[i]
      }
    },
    explain(history, item, count): Contribution[] {
      if (!(item >= 0 && item < items)) return []
      const recent = latestPart(history, items)
      const shares = new Map<number, number>()
      const give = (source: number, weight: number) => shares.set(source, (shares.get(source) ?? 0) + weight)
      for (const { reach, weight, table } of parts) {
        const own = faded(recent, reach)
        if (!table.score(own, scratch)) continue
        const slope = weight * slopeOf(scratch[item], power)
        for (const part of table.explain(own, item, own.items.length)) give(part.item, slope * part.weight)
      }
      const total = places.score(recent, scratch)
      const slope = total > 0 ? (placesWeight * slopeOf(scratch[item] / total, power)) / total : 0
      if (slope > 0) places.explain(recent, item, (source, voice) => give(source, slope * voice))
      const list = Array.from(shares, ([source, weight]) => ({ item: source, weight }))
      return list.sort((a, b) => b.weight - a.weight || a.item - b.item).slice(0, count)
    },
    toBytes(): Uint8Array {
      const arrays: Record<string, Uint8Array | Int32Array> = { starts: entries.starts, entries: entries.items }
      parts.forEach(({ table }, p) => {
        arrays[`part${p}`] = packModel(`${KIND}-part`, VERSION, {}, table.arrays())
      })
      const stored = parts.map(({ reach, weight }) => ({ reach, weight }))
      return packModel(KIND, VERSION, { parts: stored, combine }, arrays)
    },
  }
}

/** The history's known entries, latest first. */
function latestPart(history: History, items: number): History {
  const order = latestFirst(history).filter((k) => history.items[k] >= 0 && history.items[k] < items)
  return {
    items: Int32Array.from(order, (k) => history.items[k]),
    weights: Float32Array.from(order, (k) => history.weights[k]),
  }
}

/** `recent` (latest first) with weights falling by e^(-rank / reach). */
function faded(recent: History, reach: number): History {
  const most = windowOf(reach)
  return {
    items: recent.items.subarray(0, most),
    weights: recent.weights.subarray(0, most).map((weight, rank) => weight * Math.exp(-rank / reach)),
  }
}

/** out += weight * temper(scale * scores). */
function addTempered(out: Float32Array, scores: Float32Array, weight: number, scale: number, power: number): void {
  for (let i = 0; i < out.length; i++) {
    const score = scale * scores[i]
    if (score !== 0) out[i] += score > 0 ? weight * score ** power : -weight * (-score) ** power
  }
}

/** temper(score) / score: by which a part's contributions become shares of its tempered score. */
function slopeOf(score: number, power: number): number {
  return score === 0 ? 0 : Math.abs(score) ** (power - 1)
}
