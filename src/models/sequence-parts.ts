/**
 * The parts of `sequence`: each says from a history (latest entry first) how likely every item comes next. Ridge
 * regressions know the items that are chosen often enough to fit a square matrix of them into the memory; the others
 * know all.
 */
import type { UnpackedModel } from './bytes.ts'
import { type ModelArray, packModel, unpackModel } from './bytes.ts'
import type { History, Model, Progress, TrainingData } from './model.ts'
import { openTable, type ServedTable } from './neighbour-table.ts'
import { inOrder, type Ordered } from './order.ts'
import { fitOdds, mostItemsOfOdds, type Odds, reaches } from './sequence-odds.ts'
import { likePlaces } from './sequence-places.ts'
import { fitRidge, mostItems, type RidgeScale, windowOf } from './sequence-ridge.ts'
import { sessionNeighbours } from './session-neighbours.ts'

export interface Part {
  /** Fills `out` (length items) with estimates; false where the history tells it nothing, and `out` is then worthless. */
  score(recent: History, out: Float32Array): boolean
  /** The estimate of one item, 0 where the history tells nothing of it; where that is cheap. */
  scoreOf?(recent: History, item: number): number
  /** Calls `give(source, share)` for what each item of the history has in the estimate of `item`. */
  explain(recent: History, item: number, give: (source: number, share: number) => void): void
  /** For `packModel`; `openPart` takes them back. */
  toBytes(): Uint8Array
}

/** Ridge regressions by their reach, the logistic one, then what needs no matrix. */
export const partNames = ['reach8', 'reach1', 'reach30', 'odds', 'places', 'sessions'] as const
export type PartName = (typeof partNames)[number]

const scales: Readonly<Partial<Record<PartName, RidgeScale>>> = {
  reach8: { reach: 8, ahead: 1, ridge: 0.25 },
  reach1: { reach: 1, ahead: 0, ridge: 0.9 },
  reach30: { reach: 30, ahead: 4, ridge: 0.25 },
}

export interface PartLimits {
  /** Multiplies the lambda of every regression. */
  readonly ridge: number
  readonly memoryMb: number
  readonly threads: number
}

/** Fits one part. @throws ModelDeclined where its regression is singular */
export async function fitPart(
  name: PartName,
  data: TrainingData,
  limits: PartLimits,
  progress: Progress,
): Promise<Part> {
  const scale = scales[name]
  const items = data.matrix.columns
  if (name === 'sessions') return sessionsPart(await sessionNeighbours.fit(data, sessionNeighbours.defaults, progress))
  const ordered = inOrder(data)
  if (name === 'odds') {
    const head = oftenest(ordered.items, items, mostItemsOfOdds(limits.memoryMb, ordered.items.length))
    const { threads } = limits
    return oddsPart(
      await fitOdds(among(ordered, head, items), head.length, { threads, seed: data.seed }, progress),
      head,
      items,
    )
  }
  if (!scale) return placesPart(ordered.starts, ordered.items, items)
  const head = oftenest(ordered.items, items, mostItems(limits.memoryMb))
  const table = await fitRidge(
    among(ordered, head, items),
    head.length,
    { ...scale, ridge: scale.ridge * limits.ridge },
    limits,
    progress,
  )
  return ridgePart(table, scale.reach, head, items)
}

export function openPart(name: PartName, bytes: Uint8Array, items: number): Part {
  if (name === 'sessions') return sessionsPart(sessionNeighbours.fromBytes(bytes))
  const packed: UnpackedModel = unpackModel(bytes, partKind, 1)
  if (name === 'odds') {
    const tables = reaches.map((reach) => openTable(unpackModel(packed.u8(`reach${reach}`), partKind, 1)))
    return oddsPart({ bias: packed.f32('bias'), tables }, packed.i32('head'), items)
  }
  const scale = scales[name]
  if (!scale) return placesPart(packed.i32('starts'), packed.i32('entries'), items)
  return ridgePart(openTable(packed), scale.reach, packed.i32('head'), items)
}

const partKind = 'sequence-part'

/** The `most` items that stand oftenest in `entries`, ascending; ties go to the lower item. */
function oftenest(entries: Int32Array, items: number, most: number): Int32Array {
  const counts = new Int32Array(items)
  for (const item of entries) counts[item]++
  const chosen = Int32Array.from(counts.keys()).filter((item) => counts[item] > 0)
  if (chosen.length > most) chosen.sort((a, b) => counts[b] - counts[a] || a - b)
  return chosen.slice(0, most).sort()
}

/** The histories with only the items of `head`, each by its place in it. */
function among({ starts, items: entries, lastTimes }: Ordered, head: Int32Array, items: number): Ordered {
  const placeOf = placesIn(head, items)
  const kept = new Int32Array(entries.length)
  const keptStarts = new Int32Array(starts.length)
  let n = 0
  for (let row = 0; row + 1 < starts.length; row++) {
    for (let e = starts[row]; e < starts[row + 1]; e++) {
      const place = placeOf[entries[e]]
      if (place >= 0) kept[n++] = place
    }
    keptStarts[row + 1] = n
  }
  return { starts: keptStarts, items: kept.subarray(0, n), lastTimes }
}

/** By item its place in `head`; -1 = it is not there. */
function placesIn(head: Int32Array, items: number): Int32Array {
  const placeOf = new Int32Array(items).fill(-1)
  head.forEach((item, place) => {
    placeOf[item] = place
  })
  return placeOf
}

/** The latest entries that a regression knows, by their places in its matrix, fading with e^(-rank / reach). */
function fading(reach: number, placeOf: Int32Array): (recent: History) => History {
  const voices = Float32Array.from({ length: windowOf(reach) }, (_, rank) => Math.exp(-rank / reach))
  return kept((recent: History): History => {
    const most = Math.min(voices.length, recent.items.length)
    const own = { items: new Int32Array(most), weights: new Float32Array(most) }
    let rank = 0
    for (let k = 0; k < recent.items.length && rank < most; k++) {
      const place = placeOf[recent.items[k]]
      if (place < 0) continue
      own.items[rank] = place
      own.weights[rank] = recent.weights[k] * voices[rank++]
    }
    return { items: own.items.subarray(0, rank), weights: own.weights.subarray(0, rank) }
  })
}

function ridgePart(table: ServedTable, reach: number, head: Int32Array, items: number): Part {
  const placeOf = placesIn(head, items)
  const scores = new Float32Array(head.length)
  const faded = fading(reach, placeOf)
  return {
    score(recent, out): boolean {
      if (!table.score(faded(recent), scores)) return false
      out.fill(0)
      for (let place = 0; place < head.length; place++) out[head[place]] = scores[place]
      return true
    },
    scoreOf: (recent, item) => (placeOf[item] < 0 ? 0 : (table.scoreOf(faded(recent), placeOf[item]) ?? 0)),
    explain(recent, item, give): void {
      const place = placeOf[item]
      if (place >= 0) table.shares(faded(recent), place, (source, share) => give(head[source], share))
    },
    toBytes: () => packModel(partKind, 1, {}, { ...table.arrays(), head }),
  }
}

function oddsPart({ bias, tables }: Odds, head: Int32Array, items: number): Part {
  const placeOf = placesIn(head, items)
  const faded = reaches.map((reach) => fading(reach, placeOf))
  const scores = new Float32Array(head.length)
  const sums = new Float32Array(head.length)
  return {
    score(recent, out): boolean {
      sums.set(bias)
      let told = false
      tables.forEach((table, r) => {
        if (!table.score(faded[r](recent), scores)) return
        told = true
        for (let place = 0; place < sums.length; place++) sums[place] += scores[place]
      })
      if (!told) return false
      out.fill(0)
      for (const item of recent.items) if (placeOf[item] >= 0) sums[placeOf[item]] = Number.NEGATIVE_INFINITY
      const most = sums.reduce((largest, sum) => Math.max(largest, sum), Number.NEGATIVE_INFINITY)
      let total = 0
      for (let place = 0; place < head.length; place++) {
        sums[place] = Math.exp(sums[place] - most)
        total += sums[place]
      }
      for (let place = 0; place < head.length; place++) out[head[place]] = sums[place] / total
      return total > 0
    },
    explain(recent, item, give): void {
      const place = placeOf[item]
      const estimate = new Float32Array(items)
      if (place < 0 || !this.score(recent, estimate)) return
      const shares: [source: number, share: number][] = []
      tables.forEach((table, r) => {
        table.shares(faded[r](recent), place, (source, share) => shares.push([head[source], share]))
      })
      // What speaks against it may outweigh what speaks for it: so by how loud all are, not by their sum.
      const all = shares.reduce((sum, [, share]) => sum + Math.abs(share), 0)
      if (all === 0) return
      for (const [source, share] of shares) give(source, (estimate[item] * share) / all)
    },
    toBytes: () =>
      packModel(
        partKind,
        1,
        {},
        {
          ...{ bias, head },
          ...Object.fromEntries(
            tables.map((table, r) => [`reach${reaches[r]}`, packModel(partKind, 1, {}, table.arrays())]),
          ),
        },
      ),
  }
}

/** Works each history out once: several items are asked about, and explained, after it is scored. */
export function kept<T extends object>(work: (history: History) => T): (history: History) => T {
  const known = new WeakMap<History, T>()
  return (history) => {
    let found = known.get(history)
    if (!found) {
      found = work(history)
      known.set(history, found)
    }
    return found
  }
}

function placesPart(starts: Int32Array, entries: Int32Array, items: number): Part {
  const places = likePlaces({ starts, items: entries }, items)
  return {
    score(recent, out): boolean {
      const total = places.score(recent, out)
      if (total <= 0) return false
      for (let i = 0; i < items; i++) out[i] /= total
      return true
    },
    explain(recent, item, give): void {
      const total = places.score(recent, new Float32Array(items))
      places.explain(recent, item, (source, voice) => give(source, voice / total))
    },
    toBytes: () => packModel(partKind, 1, {}, { starts, entries } satisfies Record<string, ModelArray>),
  }
}

/** Sessions like this one, and what follows what (`session-neighbours.ts`); its scores sum to about 1. */
function sessionsPart(model: Model): Part {
  /** Its own arrays stand latest last. */
  const backwards = (recent: History): History => ({
    items: recent.items.slice().reverse(),
    weights: recent.weights.slice().reverse(),
  })
  return {
    score(recent, out): boolean {
      if (recent.items.length === 0) return false
      model.score(backwards(recent), out)
      for (let i = 0; i < out.length; i++) if (!(out[i] > 0)) out[i] = 0
      return true
    },
    explain(recent, item, give): void {
      for (const part of model.explain(backwards(recent), item, recent.items.length)) give(part.item, part.weight)
    },
    toBytes: () => model.toBytes(),
  }
}
