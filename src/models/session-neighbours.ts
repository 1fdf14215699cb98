/**
 * What comes next in a session, from sessions like it: V-SKNN (Ludewig and Jannach 2018) with the refinements of V-STAN,
 * smoothed by a walk W of one and two steps over what follows what (`session-walk.ts`). With idf_i = ln((S + 1) / (S_i + 1/2)),
 * r_i the rank of item i from the latest of the present session h, and age(s) from 0 (newest) to 1 (oldest session):
 *
 *   sim(s)     = sum over i in both h and s of e^(-r_i / reach) idf_i^matchPower * e^(-aging age(s))
 *   near(j)    = sum over the `neighbours` most similar s of sim(s)^sharpness idf_j^targetPower dist(s, j)
 *   walk(j)    = sum over h of e^(-r_i / reach) W_ij
 *   score(j)   = near(j) / sum near + walkShare walk(j) / sum walk, and of an item of h itself
 *   score(i)   = min(1, returns / 0.2) (the same + reminder e^(-r_i / reach))
 *
 * dist falls by e^(-(d - 1) / spread) with the distance d between j and the latest item of h that s has; that item itself
 * counts `again`, for people come back to what they just saw: as `returns` says, the share of choices in these very data that
 * came back. Where nobody ever does, a session's own items go behind all others that are known of. Serving reads the sessions
 * of the present items from an inverted index: a click changes the next answer, and nothing is trained for it. An item refused
 * takes its walk away.
 */
import { packModel, unpackModel } from './bytes.ts'
import { kthLargest } from './kth-largest.ts'
import { type Contribution, type History, type Model, ModelDeclined, type ModelKind } from './model.ts'
import { openTable, type ServedTable, serveTable } from './neighbour-table.ts'
import { inOrder, latestFirst, type Ordered, placesOf, rowsOf, type Sessions } from './order.ts'
import { pace } from './pace.ts'
import { walkTable } from './session-walk.ts'

export type SessionOptions = {
  /** Entries of the present session after which one speaks with 1/e. */
  reach: number
  matchPower: number
  targetPower: number
  /** How many times e smaller the oldest session's voice is than the newest's. */
  aging: number
  neighbours: number
  sharpness: number
  /** Items of distance after which a neighbour's item counts 1/e. */
  spread: number
  again: number
  walkShare: number
  /** What the latest item of the session gets for being there; earlier ones fading by `reach`. */
  reminder: number
}

const KIND = 'session-neighbours'
const VERSION = 2
/** Entries of the present session that are looked at, from the latest. */
const LOOKED_AT = 20
/** Items to each side of the matched one that a neighbour speaks of: long histories are many sessions. */
const AROUND = 20
/** Share of choices that came back, from which on the items of a session count in full: that of the data on which all was set. */
const USUAL_RETURNS = 0.2
/** At most so many of an item's sessions are looked at, the latest; keeps the slowest answer in bounds. */
const MOST_PLACES = 1500

export const sessionNeighbours: ModelKind<SessionOptions> = {
  kind: KIND,
  defaults: {
    ...{ reach: 2, matchPower: 1.5, targetPower: 1.5, aging: 1.2, neighbours: 500, sharpness: 1.5 },
    ...{ spread: 5, again: 1.5, walkShare: 1, reminder: 0.1 },
  },
  async fit(data, options, progress): Promise<Model> {
    if (!data.times) throw new ModelDeclined(`${KIND}: the interactions have no times`)
    await pace(progress, 0, 4, 'sessions')
    const ordered = byAge(inOrder(data))
    if (ordered.items.length === 0) throw new ModelDeclined(`${KIND}: nobody chose anything yet`)
    const walk = await walkTable(ordered, data.matrix.columns, options.aging, progress)
    const returning = Math.min(1, (data.returns ?? USUAL_RETURNS) / USUAL_RETURNS)
    return makeModel(ordered, serveTable(walk), { ...options, returning }, data.matrix.columns)
  },
  fromBytes(bytes): Model {
    const packed = unpackModel(bytes, KIND, VERSION)
    const { meta, i32, f32 } = packed
    const sessions = { starts: i32('starts'), items: i32('sessionItems'), ages: f32('ages') }
    return makeModel(sessions, openTable(packed), meta.options as Settings, Number(meta.items))
  },
}

/** Options and, from 0 to 1, how loud the items of the present session are themselves. */
type Settings = SessionOptions & { readonly returning: number }

function byAge({ starts, items, lastTimes }: Ordered): Sessions {
  const rows = Int32Array.from(lastTimes.keys()).filter((row) => starts[row + 1] > starts[row])
  rows.sort((a, b) => lastTimes[a] - lastTimes[b] || a - b)
  const newest = lastTimes[rows[rows.length - 1]]
  const span = Math.max(1, newest - lastTimes[rows[0]])
  const sorted = new Int32Array(items.length)
  const sortedStarts = new Int32Array(rows.length + 1)
  const ages = new Float32Array(rows.length)
  let n = 0
  rows.forEach((row, s) => {
    sorted.set(items.subarray(starts[row], starts[row + 1]), n)
    n += starts[row + 1] - starts[row]
    sortedStarts[s + 1] = n
    ages[s] = (newest - lastTimes[row]) / span
  })
  return { starts: sortedStarts, items: sorted, ages }
}

/** The neighbours of one history: the first `count` of these arrays, valid until the next search. */
interface Found {
  count: number
  readonly sessions: Int32Array
  readonly voices: Float32Array
  /** Place in the sessions' items of the latest matched item. */
  readonly places: Int32Array
}

/** Searching the sessions like a history, and hearing what they speak of. */
function searcher(sessions: Sessions, options: SessionOptions, items: number) {
  const index = placesOf(sessions.items, items)
  const sessionOf = rowsOf(sessions.starts)
  const count = sessions.ages.length
  const popularity = Float32Array.from({ length: items }, (_, i) => (index.starts[i + 1] - index.starts[i]) / count)
  const idf = Float64Array.from(popularity, (share) => Math.log((count + 1) / (share * count + 0.5)))
  const matchWeight = idf.map((x) => Math.max(x, 1e-3) ** options.matchPower)
  const targetWeight = idf.map((x) => Math.max(x, 1e-3) ** options.targetPower)
  const freshness = Float64Array.from(sessions.ages, (age) => Math.exp(-options.aging * age))
  const near = Float64Array.from({ length: AROUND + 1 }, (_, d) =>
    d === 0 ? options.again : Math.exp(-(d - 1) / options.spread),
  )
  const sums = new Float32Array(count)
  const matched = new Int32Array(count)
  const touched = new Int32Array(count)
  const found: Found = {
    ...{ count: 0, sessions: new Int32Array(count), voices: new Float32Array(count), places: matched },
  }

  function find(history: History): Found {
    let n = 0
    for (let k = 0; k < history.items.length; k++) {
      const item = history.items[k]
      const weight = history.weights[k] * matchWeight[item]
      if (!(weight > 0)) continue
      for (
        let p = Math.max(index.starts[item], index.starts[item + 1] - MOST_PLACES);
        p < index.starts[item + 1];
        p++
      ) {
        const session = sessionOf[index.places[p]]
        if (sums[session] === 0) {
          touched[n++] = session
          matched[session] = index.places[p]
        }
        sums[session] += weight
      }
    }
    for (let k = 0; k < n; k++) sums[touched[k]] *= freshness[touched[k]]
    const cut = n > options.neighbours ? largest(sums, touched, n, options.neighbours) : 0
    found.count = 0
    let highest = 0
    for (let k = 0; k < n; k++) {
      const session = touched[k]
      if (sums[session] >= cut) {
        found.sessions[found.count] = session
        found.voices[found.count++] = sums[session]
        highest = Math.max(highest, sums[session])
      }
      sums[session] = 0
    }
    for (let k = 0; k < found.count; k++) found.voices[k] = (found.voices[k] / highest) ** options.sharpness
    return found
  }

  /** Calls `give(item, voice, session)` for everything that the neighbours speak of. */
  function speak(neighbours: Found, give: (item: number, voice: number, neighbour: number) => void): void {
    for (let k = 0; k < neighbours.count; k++) {
      const session = neighbours.sessions[k]
      const at = neighbours.places[session]
      const to = Math.min(sessions.starts[session + 1], at + AROUND + 1)
      for (let p = Math.max(sessions.starts[session], at - AROUND); p < to; p++) {
        const item = sessions.items[p]
        give(item, neighbours.voices[k] * near[Math.abs(p - at)] * targetWeight[item], k)
      }
    }
  }

  return { find, found, speak, popularity, matchWeight }
}

type Searcher = ReturnType<typeof searcher>

function scaleOfNear(speak: Searcher['speak'], neighbours: Found): number {
  let total = 0
  speak(neighbours, (_, voice) => {
    total += voice
  })
  return total > 0 ? 1 / total : 0
}

function makeModel(sessions: Sessions, walk: ServedTable, options: Settings, items: number): Model {
  const { find, found, speak, popularity, matchWeight } = searcher(sessions, options, items)

  /** Popularity decides among items of which neither knows anything, and for a stranger. */
  const least = popularity.map((share) => (share === 0 ? Number.NEGATIVE_INFINITY : 1e-6 * share))
  /** Of the history asked last: its best items are explained next, one after another. */
  let last: { readonly history: History; readonly recent: History; readonly scale: number } | undefined
  /** The neighbours themselves are those of the last search. */
  const heard = (history: History) => {
    if (last?.history !== history) {
      const recent = latestPart(history, items, options.reach)
      last = { history, recent, scale: scaleOfNear(speak, find(recent)) }
    }
    return last
  }

  function score(history: History, out: Float32Array): void {
    const { recent, scale: scaleNear } = heard(history)
    if (walk.score(recent, out)) {
      let total = 0
      for (let i = 0; i < items; i++) total += Math.abs(out[i])
      const scale = total > 0 ? options.walkShare / total : 0
      for (let i = 0; i < items; i++) out[i] = scale * out[i] + least[i]
    } else out.set(least)
    speak(found, (item, voice) => {
      out[item] += scaleNear * voice
    })
    eachOwn(recent, (item, reminder) => {
      if (popularity[item] > 0) out[item] = options.returning * (out[item] + reminder)
    })
  }

  /** Calls `give(item, reminder)` for the items of the session itself that were not refused. */
  function eachOwn(recent: History, give: (item: number, reminder: number) => void): void {
    for (let k = 0; k < recent.items.length; k++) {
      if (recent.weights[k] > 0) give(recent.items[k], options.reminder * recent.weights[k])
    }
  }

  function explain(history: History, item: number, most: number): Contribution[] {
    if (!(item >= 0 && item < items)) return []
    const { recent, scale } = heard(history)
    const walked = walk.explain(recent, item, recent.items.length)
    const total = walked.reduce((sum, part) => sum + part.weight, 0)
    const shares = new Map(walked.map((part) => [part.item, (options.walkShare * part.weight) / total]))
    speak(found, (spoken, voice, k) => {
      if (spoken !== item) return
      const session = found.sessions[k]
      const met = sessions.items.subarray(sessions.starts[session], sessions.starts[session + 1])
      const common = Array.from(recent.items.keys()).filter(
        (h) => recent.weights[h] > 0 && met.includes(recent.items[h]),
      )
      const voiceOf = (h: number) => recent.weights[h] * matchWeight[recent.items[h]]
      const all = common.reduce((sum, h) => sum + voiceOf(h), 0)
      for (const h of common) {
        const source = recent.items[h]
        shares.set(source, (shares.get(source) ?? 0) + (scale * voice * voiceOf(h)) / all)
      }
    })
    eachOwn(recent, (own, reminder) => {
      if (own === item) shares.set(own, (shares.get(own) ?? 0) + reminder)
    })
    const parts = Array.from(shares, ([source, weight]) => ({ item: source, weight }))
    return parts.sort((a, b) => b.weight - a.weight || a.item - b.item).slice(0, most)
  }

  return {
    ...{ kind: KIND, items, score, explain },
    toBytes: () => {
      const { starts, items: sessionItems, ages } = sessions
      return packModel(KIND, VERSION, { options, items }, { starts, sessionItems, ages, ...walk.arrays() })
    },
  }
}

/** The latest entries within the model's range, latest first, weights fading with e^(-rank / reach). */
function latestPart(history: History, items: number, reach: number): History {
  const order = latestFirst(history)
    .filter((k) => history.items[k] >= 0 && history.items[k] < items)
    .subarray(0, LOOKED_AT)
  return {
    items: Int32Array.from(order, (k) => history.items[k]),
    weights: Float32Array.from(order, (k, rank) => history.weights[k] * Math.exp(-rank / reach)),
  }
}

/** The k-th largest of values[at[0 .. n-1]]. */
function largest(values: Float32Array, at: Int32Array, n: number, k: number): number {
  const chosen = new Float32Array(n)
  for (let i = 0; i < n; i++) chosen[i] = values[at[i]]
  return kthLargest(chosen, k)
}
