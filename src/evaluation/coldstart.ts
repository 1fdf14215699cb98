/**
 * Protocol `coldstart`: customers held out whole. Given what each told of himself and his first 0, 1, 3, 5, 10 selections by
 * time (ties as the file has them), all items but the revealed ones are ranked; the targets at every point are all
 * selections after the tenth. Customers who did not get that far are left out. Beside it popularity and the mean of those
 * of the same gender and age, shrunk to popularity, where the file of users tells them; and, since a guess that knows what
 * is chosen late has learned something of the protocol too, that mean over selections after the tenth alone.
 */
import { HabitueError } from '../errors.ts'
import type { Beginnings, FirstGuess, FirstGuessOptions } from '../models/first-guess.ts'
import { fitFirstGuess } from '../models/first-guess.ts'
import { laterCounts } from '../models/first-guess-fit.ts'
import { ndcgAt, ranksAmongAll } from '../models/metrics.ts'
import type { History, Progress } from '../models/model.ts'
import type { Traits } from '../models/trait-columns.ts'
import type { World } from '../world.ts'
import { DelimitedFile } from './delimited.ts'
import { Ids, type Interactions, readInteractions } from './interactions.ts'
import { type Outcome, peakRssMb } from './outcome.ts'

export interface ColdstartFiles {
  readonly interactions: string
  readonly users: string
  readonly cold: string
}

export interface ColdstartRequest {
  readonly options: FirstGuessOptions
  readonly seed: number
  readonly progress: Progress
  readonly world: World
}

const CUT = 10
const REVEALED = 10
const POINTS = [0, 1, 3, 5, 10] as const
/** Customers' worth of popularity in the mean of a group. */
const SHRINK = 50
/** Half the width of a 95 % interval, in standard errors. */
const NINETY_FIVE = 1.96

/** @throws HabitueError on unreadable files; the signal's reason when aborted */
export async function evaluateColdstart(files: ColdstartFiles, request: ColdstartRequest): Promise<Outcome> {
  const { warm, cold } = readCustomers(files)
  if (cold.traits.length === 0) {
    throw new HabitueError('invalid_file', `nobody in ${files.cold} has more than ${REVEALED} selections`, {
      file: files.cold,
    })
  }
  const start = request.world.elapsed()
  const guess = await fitFirstGuess(warm, request.options, request.seed, request.progress)
  const fitSeconds = (request.world.elapsed() - start) / 1000
  const metrics = score(guess, warm, cold, request.progress)
  return { protocol: 'coldstart', model: 'first-guess', metrics, fitSeconds, peakRssMb: peakRssMb() }
}

function score(guess: FirstGuess, warm: Beginnings, cold: Beginnings, progress: Progress): Record<string, number> {
  const popularity = groupMeans(warm, 0, () => '')
  const everybody = () => popularity('')
  const references: Record<string, (traits: Traits) => Float32Array> = { popularity: everybody }
  const group = genderAndAge(warm)
  if (group) {
    const [all, later] = [0, REVEALED].map((after) => groupMeans(warm, after, group))
    references['gender-age'] = (traits) => all(group(traits))
    references['gender-age-later'] = (traits) => later(group(traits))
  }
  const metrics: Record<string, number> = {}
  for (const point of POINTS) {
    const at = point === 0 ? '' : `/after${point}`
    const ours = each(cold, point, progress, (traits, history, out) => guess.score(traits, history, out))
    metrics[`ndcg@${CUT}${at}`] = mean(ours)
    for (const [name, scores] of Object.entries(references)) {
      const theirs = each(cold, point, progress, (traits, _history, out) => out.set(scores(traits)))
      metrics[`${name}/ndcg@${CUT}${at}`] = mean(theirs)
      const gains = ours.map((value, c) => value - theirs[c])
      const gain = mean(gains)
      const width = NINETY_FIVE * standardError(gains, gain)
      metrics[`gain-over-${name}${at}/low`] = gain - width
      metrics[`gain-over-${name}${at}/high`] = gain + width
    }
  }
  return metrics
}

/** NDCG@10 of each cold customer after `point` revealed selections. */
function each(
  { starts, items, traits, columns }: Beginnings,
  point: number,
  progress: Progress,
  write: (traits: Traits, history: History, out: Float32Array) => void,
): Float64Array {
  const scores = new Float32Array(columns)
  const weights = new Float32Array(point).fill(1)
  return Float64Array.from(traits, (told, c) => {
    if (c % 100 === 0) {
      progress.step(c, traits.length, `scoring after ${point}`)
      progress.signal.throwIfAborted()
    }
    const shown = items.subarray(starts[c], starts[c] + point)
    const targets = items.subarray(starts[c] + REVEALED, starts[c + 1])
    write(told, { items: shown, weights }, scores)
    return ndcgAt(CUT, firstRanks(scores, targets, shown))
  })
}

/** Ranks of the targets; those that cannot be among the first `CUT` are not counted out but said to stand beyond. */
function firstRanks(scores: Float32Array, targets: Int32Array, masked: Int32Array): Float64Array {
  for (const item of masked) scores[item] = Number.NEGATIVE_INFINITY
  const least = scores.toSorted()[Math.max(0, scores.length - CUT)]
  const ranks = new Float64Array(targets.length).fill(Number.POSITIVE_INFINITY)
  ranks.set(
    ranksAmongAll(
      scores,
      targets.filter((item) => scores[item] >= least),
      masked,
    ),
  )
  return ranks
}

/** What each group chose after its first `after` selections: shares of its customers, shrunk to everybody's. */
function groupMeans(data: Beginnings, after: number, groupOf: (traits: Traits) => string) {
  const everybody = laterCounts(data, after)
  const shares = everybody.counts.map((count) => count / Math.max(1, everybody.customers))
  const members = new Map<string, number[]>()
  data.traits.forEach((traits, c) => {
    const group = groupOf(traits)
    const list = members.get(group)
    if (list) list.push(c)
    else members.set(group, [c])
  })
  const means = new Map<string, Float32Array>()
  for (const [group, customers] of members) {
    const counts = new Float64Array(data.columns)
    for (const c of customers) for (let e = data.starts[c] + after; e < data.starts[c + 1]; e++) counts[data.items[e]]++
    const of = (count: number, i: number) => (count + SHRINK * shares[i]) / (customers.length + SHRINK)
    means.set(group, Float32Array.from(counts, of))
  }
  const stranger = Float32Array.from(shares)
  return (group: string): Float32Array => means.get(group) ?? stranger
}

/** Null where the file tells neither. */
function genderAndAge({ traits }: Beginnings): ((traits: Traits) => string) | null {
  const names = ['gender', 'age'].filter((name) => traits.some((told) => told[name] !== undefined))
  return names.length === 0 ? null : (told) => names.map((name) => String(told[name] ?? '')).join(' ')
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}

function standardError(values: Float64Array, around: number): number {
  const squares = values.reduce((sum, value) => sum + (value - around) ** 2, 0)
  return Math.sqrt(squares / Math.max(1, values.length - 1) / Math.max(1, values.length))
}

/** Those to learn from, and those held out who got beyond the revealed selections. */
function readCustomers(files: ColdstartFiles): { warm: Beginnings; cold: Beginnings } {
  const users = new Ids()
  const items = new Ids()
  const interactions = readInteractions(files.interactions, users, items)
  const traits = readTraits(files.users, users)
  const held = readHeld(files.cold, users)
  const rows = inOrderOfTime(interactions, users.size)
  const select = (keep: (user: number) => boolean): Beginnings => {
    const chosen = Array.from({ length: users.size }, (_, user) => user).filter((user) => keep(user))
    const starts = new Int32Array(chosen.length + 1)
    chosen.forEach((user, c) => {
      starts[c + 1] = starts[c] + rows[user].length
    })
    const out = new Int32Array(starts[chosen.length])
    chosen.forEach((user, c) => {
      out.set(rows[user], starts[c])
    })
    return { starts, items: out, traits: chosen.map((user) => traits[user] ?? {}), columns: items.size }
  }
  return {
    warm: select((user) => !held.has(user) && rows[user].length > 0),
    cold: select((user) => held.has(user) && rows[user].length > REVEALED),
  }
}

/** Each user's items by time, equal times as in the file; an item that comes again counts when it came first. */
function inOrderOfTime({ users, items, times }: Interactions, count: number): number[][] {
  const entries = Array.from(users.keys())
  if (times) entries.sort((a, b) => times[a] - times[b] || a - b)
  const rows = Array.from({ length: count }, () => new Set<number>())
  for (const e of entries) rows[users[e]].add(items[e])
  return rows.map((row) => [...row])
}

/** By user index: every column of the file but `user` is a trait. */
function readTraits(path: string, users: Ids): Traits[] {
  const file = new DelimitedFile(path)
  const user = file.column('user')
  const out: Traits[] = []
  while (file.next()) {
    const traits = file.columns.flatMap((name, c): [string, string][] => (c === user ? [] : [[name, file.text(c)]]))
    out[users.add(file, user)] = Object.fromEntries(traits)
  }
  return out
}

function readHeld(path: string, users: Ids): Set<number> {
  const file = new DelimitedFile(path)
  const user = file.column('user')
  const held = new Set<number>()
  while (file.next()) held.add(users.add(file, user))
  return held
}
