/** What most customers chose, counted with exponential decay in time: the honest guess about a stranger. */
import { packModel, unpackModel } from './bytes.ts'
import type { Contribution, Model, ModelKind, Progress, TrainingData } from './model.ts'
import { pace } from './pace.ts'

export type PopularityOptions = {
  /** Days after which an interaction counts half; 0 = never less. Without times nothing decays. */
  halfLifeDays: number
}

const VERSION = 1
const DAY_MS = 86_400_000

export const popularity: ModelKind<PopularityOptions> = {
  kind: 'popularity',
  defaults: { halfLifeDays: 0 },
  async fit(data, options, progress): Promise<Model> {
    return makeModel(await decayedCounts(data, options.halfLifeDays, progress))
  },
  fromBytes: (bytes) => makeModel(unpackModel(bytes, 'popularity', VERSION).f32('scores')),
}

/**
 * Length `items`: sum over positive entries of 2^(-age / half life), divided by the number of users, so that without
 * decay and with plain positives it is the share of customers who chose the item; -Infinity for an item never chosen.
 */
async function decayedCounts(data: TrainingData, halfLifeDays: number, progress: Progress): Promise<Float32Array> {
  if (!(halfLifeDays >= 0)) throw new RangeError(`halfLifeDays must be 0 or more, got ${halfLifeDays}`)
  const { matrix, times, now } = data
  const rate = times && halfLifeDays > 0 ? Math.LN2 / (halfLifeDays * DAY_MS) : 0
  const counts = new Float64Array(matrix.columns)
  const { indices, values } = matrix
  await pace(progress, 0, 1, 'counting')
  for (let e = 0; e < indices.length; e++) {
    if (!(values[e] > 0)) continue
    // A time in the future counts like now: a clock that runs ahead must not make an item a hit.
    const decay = rate > 0 ? Math.exp(-rate * Math.max(0, now - times![e])) : 1
    counts[indices[e]] += values[e] * decay
  }
  await pace(progress, 1, 1, 'counting')
  return Float32Array.from(counts, (c) => (c > 0 ? c / matrix.rows : Number.NEGATIVE_INFINITY))
}

function makeModel(scores: Float32Array): Model {
  return {
    kind: 'popularity',
    items: scores.length,
    score: (_history, out) => out.set(scores),
    scoreOf: (_history, item) => scores[item],
    explain: (): Contribution[] => [],
    toBytes: () => packModel('popularity', VERSION, {}, { scores }),
  }
}
