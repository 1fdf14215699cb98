/**
 * Protocols of order. `sequence`: each user's last item is the target, the one before it is for tuning, nobody's last
 * item is in training; earlier items of the user are masked and all others ranked. `session`: each row of the test file
 * gives a session so far and the item that came next; all items are ranked, none masked, since people return to one.
 *
 * The files have no times, only order. So that models see it, entries get times: one second from item to item, and a
 * day from session to session in the order of the file. An item that a session meets again stands where it was last met.
 */
import { matrixFromTriples } from '../models/matrix.ts'
import { hitAt, ndcgAt, ranksAmongAll } from '../models/metrics.ts'
import type { History, Model, TrainingData } from '../models/model.ts'
import type { Interactions } from './interactions.ts'
import type { EvaluationRequest, Outcome } from './outcome.ts'
import { peakRssMb, timedFit } from './outcome.ts'
import { latest } from './topn.ts'

const SEQUENCE_CUT = 10
const SESSION_CUT = 20
const SECOND = 1000
const DAY = 86_400_000

export interface SequenceInput {
  readonly sequences: Interactions
  readonly users: number
  readonly items: number
}

/** Fits on all but each user's last item, ranks it. @throws what the kind's fit throws */
export async function evaluateSequence(input: SequenceInput, request: EvaluationRequest): Promise<Outcome> {
  const { sequences, users, items } = input
  const { times, fromEnd } = places(sequences.users, users)
  const known = matrixFromTriples({ ...sequences, times }, users, items, (e) => fromEnd[e] > 0)
  const valid = matrixFromTriples({ ...sequences, times }, users, items, (e) => fromEnd[e] === 1).matrix
  const tuneOn = Uint8Array.from(known.matrix.indices, () => 0)
  const targets = new Int32Array(users).fill(-1)
  for (let e = 0; e < fromEnd.length; e++) if (fromEnd[e] === 0) targets[sequences.users[e]] = sequences.items[e]
  for (let user = 0; user < users; user++) {
    const item = valid.indptr[user] < valid.indptr[user + 1] ? valid.indices[valid.indptr[user]] : -1
    for (let e = known.matrix.indptr[user]; e < known.matrix.indptr[user + 1]; e++) {
      if (known.matrix.indices[e] === item) tuneOn[e] = 1
    }
  }
  const data: TrainingData = { ...known, tuneOn, now: latest(known.times), seed: request.seed }
  const { model, fitSeconds } = await timedFit(request, data)
  const metrics = scoreSequence(model, data, targets)
  model.dispose?.()
  return { protocol: 'sequence', model: request.kind.kind, metrics, fitSeconds, peakRssMb: peakRssMb() }
}

/** Means over all users; the user's history is the row of `known`, `targets` has one item a user. */
function scoreSequence(model: Model, known: TrainingData, targets: Int32Array): Record<string, number> {
  const scores = new Float32Array(model.items)
  let hits = 0
  let ndcg = 0
  for (let user = 0; user < targets.length; user++) {
    const history = inTime(known, user)
    model.score(history, scores)
    const ranks = ranksAmongAll(scores, targets.subarray(user, user + 1), history.items)
    hits += hitAt(SEQUENCE_CUT, ranks)
    ndcg += ndcgAt(SEQUENCE_CUT, ranks)
  }
  const users = Math.max(1, targets.length)
  return { [`hr@${SEQUENCE_CUT}`]: hits / users, [`ndcg@${SEQUENCE_CUT}`]: ndcg / users }
}

/** A row as a history whose arrays stand in order of time, as a server hands them over. */
function inTime({ matrix, times }: TrainingData, row: number): History {
  const order = Int32Array.from(
    { length: matrix.indptr[row + 1] - matrix.indptr[row] },
    (_, k) => matrix.indptr[row] + k,
  )
  order.sort((a, b) => times![a] - times![b])
  return {
    items: order.map((e) => matrix.indices[e]),
    weights: Float32Array.from(order, (e) => matrix.values[e]),
    times: Float64Array.from(order, (e) => times![e]),
  }
}

export interface SessionInput {
  /** `users` are the sessions, numbered in the order of the file. */
  readonly train: Interactions
  /** The session so far of each test row, with repeats, and what came next. */
  readonly prefixes: readonly Int32Array[]
  readonly targets: Int32Array
  readonly sessions: number
  readonly items: number
}

/** Fits on train, ranks each test row's target among all items. @throws what the kind's fit throws */
export async function evaluateSession(input: SessionInput, request: EvaluationRequest): Promise<Outcome> {
  const { train, sessions, items } = input
  const { times } = places(train.users, sessions, DAY)
  const known = matrixFromTriples({ ...train, times }, sessions, items)
  const returns = (train.users.length - known.matrix.indices.length) / Math.max(1, train.users.length - sessions)
  const data: TrainingData = { ...known, returns, now: latest(known.times), seed: request.seed }
  const { model, fitSeconds } = await timedFit(request, data)
  const { metrics, scoreMs } = scoreSession(model, input, data.now + DAY, request)
  model.dispose?.()
  return { protocol: 'session', model: request.kind.kind, metrics, scoreMs, fitSeconds, peakRssMb: peakRssMb() }
}

/** Means over the test rows, and the milliseconds that scoring one took at the median and the 99th percentile. */
function scoreSession(model: Model, input: SessionInput, now: number, { world }: EvaluationRequest) {
  const scores = new Float32Array(model.items)
  const none = new Int32Array(0)
  const spent = new Float64Array(input.targets.length)
  let hits = 0
  let reciprocal = 0
  for (let row = 0; row < input.targets.length; row++) {
    const history = sessionSoFar(input.prefixes[row], now)
    const start = world.elapsed()
    model.score(history, scores)
    spent[row] = world.elapsed() - start
    const ranks = ranksAmongAll(scores, input.targets.subarray(row, row + 1), none)
    hits += hitAt(SESSION_CUT, ranks)
    if (ranks[0] <= SESSION_CUT) reciprocal += 1 / ranks[0]
  }
  const rows = Math.max(1, input.targets.length)
  spent.sort()
  const at = (share: number) => spent[Math.floor(share * rows)] ?? 0
  return {
    metrics: { [`hr@${SESSION_CUT}`]: hits / rows, [`mrr@${SESSION_CUT}`]: reciprocal / rows },
    scoreMs: { p50: at(0.5), p99: at(0.99) },
  }
}

function sessionSoFar(prefix: Int32Array, now: number): History {
  const entries = Array.from(prefix, (item, k) => ({ item, time: now + k * SECOND }))
  const latestOnly = entries.filter(({ item }, k) => prefix.lastIndexOf(item) === k)
  return {
    items: Int32Array.from(latestOnly, ({ item }) => item),
    weights: new Float32Array(latestOnly.length).fill(1),
    times: Float64Array.from(latestOnly, ({ time }) => time),
  }
}

/** Times that tell the order of rows within each user, users `apart` milliseconds from each other; and places from the end. */
function places(users: Int32Array, count: number, apart = 0): { times: Float64Array; fromEnd: Int32Array } {
  const seen = new Int32Array(count)
  const times = Float64Array.from(users, (user) => user * apart + seen[user]++ * SECOND)
  const fromEnd = Int32Array.from(users, (user, e) => seen[user] - 1 - (times[e] - user * apart) / SECOND)
  return { times, fromEnd }
}
