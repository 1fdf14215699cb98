/**
 * Protocol `coldstart`: customers held out whole. Given what each told of himself and his first 0, 1, 3, 5, 10 selections by
 * time (ties as the file has them), all items but the revealed ones are ranked; the targets at every point are all
 * selections after the tenth. What a selection was given (stars) is told with it, where the file has it. Customers who did not get that far are left out. Beside it popularity and the mean of those
 * of the same gender and age, shrunk to popularity, where the file of users tells them; and, since a guess that knows what
 * is chosen late has learned something of the protocol too, that mean over selections after the tenth alone.
 */
import { HabitueError } from '../errors.ts'
import { type Beginnings, beyond, laterCounts, meanAndError, ndcgAfter } from '../models/beginnings.ts'
import type { FirstGuess, FirstGuessOptions } from '../models/first-guess.ts'
import { fitFirstGuess } from '../models/first-guess.ts'
import { countingOrder } from '../models/matrix.ts'
import type { Progress } from '../models/model.ts'
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

const REVEALED = 10
const POINTS = [0, 1, 3, 5, 10] as const
/** Customers' worth of popularity in the mean of a group. */
const SHRINK = 50
/** Half the width of a 95 % interval, in standard errors. */
const NINETY_FIVE = 1.96

/** @throws HabitueError on unreadable files; the signal's reason when aborted */
export async function evaluateColdstart(files: ColdstartFiles, request: ColdstartRequest): Promise<Outcome> {
  const { warm, cold } = readCustomers(files)
  if (beyond(warm, request.options.from).length === 0) {
    throw new HabitueError('invalid_file', `nobody in ${files.interactions} is left to learn from`, {
      file: files.interactions,
    })
  }
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
  for (const [done, point] of POINTS.entries()) {
    const at = point === 0 ? '' : `/after${point}`
    progress.step(done, POINTS.length, `scoring after ${point}`)
    progress.signal.throwIfAborted()
    const asked = { selections: point, after: REVEALED }
    const ours = ndcgAfter(cold, asked, (traits, history, out) => guess.score(traits, history, out))
    metrics[`ndcg@10${at}`] = meanAndError(ours).mean
    for (const [name, scores] of Object.entries(references)) {
      const theirs = ndcgAfter(cold, asked, (traits, _history, out) => out.set(scores(traits)))
      metrics[`${name}/ndcg@10${at}`] = meanAndError(theirs).mean
      const { mean, error } = meanAndError(ours.map((value, c) => value - theirs[c]))
      metrics[`gain-over-${name}${at}/low`] = mean - NINETY_FIVE * error
      metrics[`gain-over-${name}${at}/high`] = mean + NINETY_FIVE * error
    }
  }
  return metrics
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

/** Those to learn from, and those held out who got beyond the revealed selections. */
function readCustomers(files: ColdstartFiles): { warm: Beginnings; cold: Beginnings } {
  const users = new Ids()
  const ids = new Ids()
  const interactions = readInteractions(files.interactions, users, ids)
  const traits = readTraits(files.users, users)
  const held = readHeld(files.cold, users)
  const rows = inOrderOfTime(interactions, users.size, ids.size)
  const strengths = strengthsOf(interactions)
  const select = (keep: (user: number) => boolean): Beginnings => {
    const chosen = Array.from({ length: users.size }, (_, user) => user).filter((user) => keep(user))
    const starts = new Int32Array(chosen.length + 1)
    chosen.forEach((user, c) => {
      starts[c + 1] = starts[c] + rows[user].length
    })
    const items = new Int32Array(starts[chosen.length])
    const own = strengths && new Float32Array(items.length)
    chosen.forEach((user, c) => {
      rows[user].forEach((entry, k) => {
        items[starts[c] + k] = interactions.items[entry]
        if (own && strengths) own[starts[c] + k] = strengths[entry]
      })
    })
    return {
      starts,
      items,
      strengths: own,
      traits: chosen.map((user) => traits[user] ?? {}),
      columns: ids.size,
    }
  }
  return {
    warm: select((user) => !held.has(user) && rows[user].length > 0),
    cold: select((user) => held.has(user) && rows[user].length > REVEALED),
  }
}

/** Each user's entries by time, equal times as in the file; an item that comes again counts when it came first. */
function inOrderOfTime({ users, items, times }: Interactions, count: number, itemCount: number): Int32Array[] {
  const order = countingOrder(Int32Array.from(users.keys()), users, count)
  const last = new Int32Array(itemCount).fill(-1)
  let from = 0
  return Array.from({ length: count }, (_, user) => {
    let to = from
    while (to < order.length && users[order[to]] === user) to++
    const row = order.subarray(from, to)
    if (times) row.sort((a, b) => times[a] - times[b] || a - b)
    let kept = 0
    for (const entry of row) {
      if (last[items[entry]] === user) continue
      last[items[entry]] = user
      row[kept++] = entry
    }
    from = to
    return row.subarray(0, kept)
  })
}

/** From 1 up: every row is a selection, also one with the lowest value. */
function strengthsOf({ ratings }: Interactions): Float64Array | undefined {
  if (!ratings) return undefined
  const lowest = ratings.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY)
  return ratings.map((value) => value - lowest + 1)
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
