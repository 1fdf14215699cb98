/**
 * Protocol `growth`: how good the blend is on ever more of the same data. Some customers are never learned from; of each a
 * moment of his life is drawn: the twenty interactions before it are his history, the next three are to be found among all
 * items but those of the history. The others are learned from in a drawn order, each with his first twenty interactions
 * (more only where those of all are too few), until so many events are reached.
 */
import { difference } from '../models/blend-weights.ts'
import { matrixFromTriples } from '../models/matrix.ts'
import { ndcgAt, ranksAmongAll } from '../models/metrics.ts'
import type { History, Model, TrainingData } from '../models/model.ts'
import { popularity } from '../models/popularity.ts'
import { seededRandom } from '../world.ts'
import type { Interactions } from './interactions.ts'
import { type EvaluationRequest, timedFit } from './outcome.ts'

const CUT = 10
const HISTORY = 20
const TARGETS = 3
const ASKED = 800
export const growthSteps = [100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000] as const

export interface GrowthPoint {
  readonly events: number
  readonly customers: number
  /** NDCG@10 over the customers who are asked about. */
  readonly blend: number
  readonly popularity: number
  /** Blend less popularity, customer by customer: 95 % interval. */
  readonly low: number
  readonly high: number
  readonly members: readonly string[]
  readonly fitSeconds: number
}

export interface GrowthInput {
  readonly interactions: Interactions
  readonly users: number
  readonly items: number
  /** No step beyond so many events. */
  readonly most: number
}

interface Question {
  readonly history: History
  readonly targets: Int32Array
}

/** Each step is told as soon as it is measured. @throws what the fits throw */
export async function* evaluateGrowth(input: GrowthInput, request: EvaluationRequest): AsyncGenerator<GrowthPoint> {
  const lives = livesOf(input)
  const random = seededRandom(request.seed)
  const order = lives.map((life, user) => ({ user, life, key: random() })).sort((a, b) => a.key - b.key)
  const long = order.filter(({ life }) => life.length > TARGETS)
  const asked = new Set(long.slice(0, Math.min(ASKED, Math.floor(order.length / 5))))
  const questions = [...asked].map(({ life }) => questionOf(input.interactions, life, random()))
  const taught = order.filter((one) => !asked.has(one)).map(({ life }) => life)
  const all = taught.reduce((sum, life) => sum + life.length, 0)
  for (const step of growthSteps.filter((n) => n <= input.most)) {
    const events = Math.min(step, all)
    const data = dataOf(input, firstEvents(taught, events), request.seed)
    const { model, fitSeconds } = await timedFit(request, data)
    const simple = await popularity.fit(data, popularity.defaults, request.progress)
    const [blended, popular] = [model, simple].map((one) => answersOf(one, questions))
    const gain = difference(blended, popular)
    const report = (model as Model & { report?: { admitted: readonly { kind: string }[] } }).report
    yield {
      events,
      customers: data.matrix.rows,
      blend: meanOf(blended),
      popularity: meanOf(popular),
      low: gain.mean - 1.96 * gain.error,
      high: gain.mean + 1.96 * gain.error,
      members: report?.admitted.map(({ kind }) => kind) ?? [],
      fitSeconds,
    }
    model.dispose?.()
    if (events === all) return
  }
}

/** Rows of each user in order of time, else of the file. */
function livesOf({ interactions: { users: of, times }, users }: GrowthInput): number[][] {
  const lives = Array.from({ length: users }, (): number[] => [])
  of.forEach((user, row) => {
    lives[user].push(row)
  })
  if (times) for (const life of lives) life.sort((a, b) => times[a] - times[b] || a - b)
  return lives
}

function questionOf({ items, times }: Interactions, life: readonly number[], drawn: number): Question {
  const at = 1 + Math.floor(drawn * (life.length - TARGETS))
  const before = life.slice(Math.max(0, at - HISTORY), at)
  const history: History = {
    items: Int32Array.from(before, (row) => items[row]),
    weights: new Float32Array(before.length).fill(1),
    times: Float64Array.from(before, (row, k) => times?.[row] ?? k),
  }
  return { history, targets: Int32Array.from(life.slice(at, at + TARGETS), (row) => items[row]) }
}

/** Rows of the first `events` interactions: twenty a customer, or as many more as it takes. */
function firstEvents(lives: readonly (readonly number[])[], events: number): number[] {
  let depth = HISTORY
  while (lives.reduce((sum, life) => sum + Math.min(depth, life.length), 0) < events) depth = Math.ceil(depth * 1.5)
  return lives.flatMap((life) => life.slice(0, depth)).slice(0, events)
}

function dataOf({ interactions, items }: GrowthInput, rows: readonly number[], seed: number): TrainingData {
  const numbers = new Map<number, number>()
  for (const row of rows) {
    const user = interactions.users[row]
    if (!numbers.has(user)) numbers.set(user, numbers.size)
  }
  const times = interactions.times && Float64Array.from(rows, (row) => (interactions.times as Float64Array)[row])
  const triples = {
    users: Int32Array.from(rows, (row) => numbers.get(interactions.users[row]) as number),
    items: Int32Array.from(rows, (row) => interactions.items[row]),
    times,
  }
  const now = times?.reduce((last, time) => Math.max(last, time), 0) ?? 0
  return { ...matrixFromTriples(triples, numbers.size, items), now, seed }
}

/** NDCG@10 of each question; the items of its history are no answers. */
function answersOf(model: Model, questions: readonly Question[]): Float64Array {
  const scores = new Float32Array(model.items)
  return Float64Array.from(questions, ({ history, targets }) => {
    model.score(history, scores)
    return ndcgAt(CUT, ranksAmongAll(scores, targets, history.items))
  })
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}
