/**
 * Protocol `topn`: every row is a positive; options are tuned on `valid` rows; the model is fitted on train and valid
 * together and ranks all items of the file for each user with a test row, train and valid items masked.
 */
import type { Csr } from '../kernels/csr.ts'
import { historyOf, matrixFromTriples } from '../models/matrix.ts'
import { ndcgAt, ranksAmongAll, recallAt } from '../models/metrics.ts'
import type { Model, TrainingData } from '../models/model.ts'
import type { Interactions } from './interactions.ts'
import { splitParts } from './interactions.ts'
import type { EvaluationRequest, Outcome } from './outcome.ts'
import { peakRssMb, timedFit } from './outcome.ts'

const CUT = 10
const TEST = splitParts.indexOf('test')
const VALID = splitParts.indexOf('valid')

export interface TopnInput {
  readonly interactions: Interactions
  /** Index into `splitParts` of each row. */
  readonly split: Uint8Array
  readonly users: number
  readonly items: number
}

/** Fits on train and valid, scores test. @throws what the kind's fit throws */
export async function evaluateTopn(input: TopnInput, request: EvaluationRequest): Promise<Outcome> {
  const { interactions, split, users, items } = input
  const known = matrixFromTriples(interactions, users, items, (e) => split[e] !== TEST)
  const test = matrixFromTriples(interactions, users, items, (e) => split[e] === TEST)
  const tuneOn = validMask(input, known.matrix)
  const data: TrainingData = { ...known, tuneOn, now: latest(known.times), seed: request.seed }
  const { model, fitSeconds } = await timedFit(request, data)
  const metrics = scoreTopn(model, data, test)
  model.dispose?.()
  return { protocol: 'topn', model: request.kind.kind, metrics, fitSeconds, peakRssMb: peakRssMb() }
}

/** 1 for each entry of `matrix` that is a valid row; undefined where the split has none. */
function validMask({ interactions, split, users, items }: TopnInput, matrix: Csr): Uint8Array | undefined {
  const valid = matrixFromTriples(interactions, users, items, (e) => split[e] === VALID).matrix
  if (valid.indices.length === 0) return undefined
  const mask = new Uint8Array(matrix.indices.length)
  for (let user = 0; user < users; user++) {
    let v = valid.indptr[user]
    for (let e = matrix.indptr[user]; e < matrix.indptr[user + 1] && v < valid.indptr[user + 1]; e++) {
      if (matrix.indices[e] !== valid.indices[v]) continue
      mask[e] = 1
      v++
    }
  }
  return mask
}

/** Means over the users with a row in `test`. */
export function scoreTopn(
  model: Model,
  known: Pick<TrainingData, 'matrix' | 'times'>,
  test: Pick<TrainingData, 'matrix'>,
): Record<string, number> {
  const scores = new Float32Array(model.items)
  let users = 0
  let ndcg = 0
  let recall = 0
  for (let user = 0; user < test.matrix.rows; user++) {
    const targets = test.matrix.indices.subarray(test.matrix.indptr[user], test.matrix.indptr[user + 1])
    if (targets.length === 0) continue
    const history = historyOf(known, user)
    model.score(history, scores)
    const ranks = ranksAmongAll(scores, targets, history.items)
    ndcg += ndcgAt(CUT, ranks)
    recall += recallAt(CUT, ranks)
    users++
  }
  return { [`ndcg@${CUT}`]: ndcg / Math.max(1, users), [`recall@${CUT}`]: recall / Math.max(1, users) }
}

/** The latest of the times, or 0 where there are none. */
export function latest(times: Float64Array | undefined): number {
  let last = 0
  if (times) for (const time of times) if (time > last) last = time
  return last
}
