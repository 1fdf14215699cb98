/**
 * Protocol `candidates` (He et al. 2017): for each user of the test file, the target is ranked among the listed
 * candidates. Where the target itself stands in the list it is dropped from the list, so that it is counted once.
 */
import { HabitueError } from '../errors.ts'
import { historyOf, matrixFromTriples } from '../models/matrix.ts'
import { hitAt, ndcgAt, rankOf } from '../models/metrics.ts'
import type { Model, TrainingData } from '../models/model.ts'
import type { Interactions } from './interactions.ts'
import type { EvaluationRequest, Outcome } from './outcome.ts'
import { peakRssMb, timedFit } from './outcome.ts'
import { latest } from './topn.ts'

const CUT = 10

export interface CandidatesInput {
  readonly train: Interactions
  readonly test: Interactions
  /** Candidate items by user. */
  readonly candidates: ReadonlyMap<number, Int32Array>
  readonly users: number
  readonly items: number
}

/** Fits on train, ranks each test row's item. @throws HabitueError invalid_file where a test user has no candidates */
export async function evaluateCandidates(input: CandidatesInput, request: EvaluationRequest): Promise<Outcome> {
  for (const user of input.test.users) {
    if (!input.candidates.has(user)) {
      throw new HabitueError('invalid_file', 'a user of the test file has no line in the candidates file', { user })
    }
  }
  const known = matrixFromTriples(input.train, input.users, input.items)
  const data: TrainingData = { ...known, now: latest(known.times), seed: request.seed }
  const { model, fitSeconds } = await timedFit(request, data)
  const metrics = scoreCandidates(model, data, input)
  model.dispose?.()
  return { protocol: 'candidates', model: request.kind.kind, metrics, fitSeconds, peakRssMb: peakRssMb() }
}

/** Means over the rows of the test file. */
export function scoreCandidates(
  model: Model,
  known: Pick<TrainingData, 'matrix' | 'times'>,
  input: Pick<CandidatesInput, 'test' | 'candidates'>,
): Record<string, number> {
  const scores = new Float32Array(model.items)
  const { users, items } = input.test
  let hits = 0
  let ndcg = 0
  for (let row = 0; row < users.length; row++) {
    model.score(historyOf(known, users[row]), scores)
    const listed = input.candidates.get(users[row])!
    const others = Array.from(
      listed.filter((item) => item !== items[row]),
      (item) => scores[item],
    )
    const ranks = [rankOf(scores[items[row]], others)]
    hits += hitAt(CUT, ranks)
    ndcg += ndcgAt(CUT, ranks)
  }
  const rows = Math.max(1, users.length)
  return { [`hr@${CUT}`]: hits / rows, [`ndcg@${CUT}`]: ndcg / rows }
}
