/**
 * The first guess: what a customer will choose, from what he told of himself and from his first few selections. A reduced
 * rank ridge regression in closed form, one for each number of selections k = 0 .. `stages` - 1, learned from customers who
 * have gone on since: what they told and their first k selections -> all that they chose after those.
 *
 *   z_k = [traits, sum over the first k selections of E_i, of d_i E_i],   score = mean_k + V W_k^T (z_k - mean z_k)
 *   W_k = (Z^T Z + Lambda)^-1 Z^T Y_k V
 *
 * d_i is how much more than usual a selection was wanted (`first-guess-heard.ts`). E (items x inputs) are the leading
 * directions of who chose what, V (items x rank) those of what is chosen later: a trait or a selection is heard through what
 * many items have in common, since of one item alone too little is known (Izenman 1975, "Reduced-rank regression for the
 * multivariate linear model"). Traits and selections stand in one regression, so that one closed form serves whoever has
 * only the former, only the latter, or both.
 *
 * How strongly each speaks is chosen on customers who were held out whole (`first-guess-tuning.ts`).
 */
import { floatsAt, Layout } from '../kernels/memory.ts'
import { instantiate } from '../kernels/module.ts'
import type { Beginnings } from './beginnings.ts'
import { packModel, unpackModel } from './bytes.ts'
import { strongest } from './contributions.ts'
import { type FittedGuess, fitStages, type Stage } from './first-guess-fit.ts'
import { hear, heardWidth, loudness } from './first-guess-heard.ts'
import { type Alike, placeNew } from './first-guess-new.ts'
import { type StageTuning, type TuningOptions, tuneStages } from './first-guess-tuning.ts'
import type { Contribution, History, Progress } from './model.ts'
import { latestFirst } from './order.ts'
import { columnsOf, type TraitColumns, type Traits } from './trait-columns.ts'

export type FirstGuessOptions = TuningOptions

export const firstGuessDefaults: FirstGuessOptions = {
  from: 0,
  stages: 11,
  tuneShare: 0.2,
  tuneMost: 1500,
  tuneScores: 3e7,
}

const KIND = 'first-guess'
const VERSION = 2

export interface FirstGuess {
  readonly items: number
  /** Of each stage: what was chosen on held-out customers, and how well it did there beside popularity. */
  readonly tuning: readonly StageTuning[]
  /** Names of the traits that it learned something of. */
  readonly names: readonly string[]
  /** Whether any of these traits says anything to it. */
  knows(traits: Traits): boolean
  /** Writes the score of every item (length `items`); -Infinity for one that nobody ever chose and that is like nothing else. */
  score(traits: Traits, history: History, out: Float32Array): void
  /**
   * The at most `count` selections that spoke most for `item`, largest first; that one was wanted less than usual is nobody's
   * reason to want another. Traits are never among them.
   */
  explain(history: History, item: number, count: number): Contribution[]
  toBytes(): Uint8Array
}

/**
 * `alike` places what nobody chose yet; without it nothing is known of that.
 *
 * @throws RangeError where nobody went on beyond `from`; the signal's reason when aborted
 */
export async function fitFirstGuess(
  data: Beginnings,
  options: FirstGuessOptions,
  seed: number,
  progress: Progress,
  alike?: Alike,
): Promise<FirstGuess> {
  const half = (from: number) => ({
    signal: progress.signal,
    step: (done: number, total: number, note: string) => progress.step(from + done / Math.max(1, total), 2, note),
  })
  const tuning = await tuneStages(data, options, seed, half(0))
  const fitted = await fitStages(data, options.from, tuning, seed, half(1))
  return makeModel(alike ? placeNew(fitted, alike) : fitted, tuning)
}

/** @throws RangeError on bytes of another kind or of another version */
export function firstGuessFromBytes(bytes: Uint8Array): FirstGuess {
  const { meta, f32 } = unpackModel(bytes, KIND, VERSION)
  const shape = meta.shape as Pick<FittedGuess, 'items' | 'inputs' | 'rank'> & { readonly means: readonly number[] }
  const { items, inputs, rank, means } = shape
  const columns = meta.columns as TraitColumns
  const usual = meta.wanted ? f32('usual') : null
  const hearing = { inputs, embedding: f32('embedding'), usual }
  const width = columns.size + heardWidth(hearing)
  const stages = means.map((mean, k) => ({
    mean: f32('means').subarray(mean * items, (mean + 1) * items),
    weights: f32('weights').subarray(k * width * rank, (k + 1) * width * rank),
    base: f32('base').subarray(k * rank, (k + 1) * rank),
  }))
  const arrays = { directions: f32('directions'), popularity: f32('popularity') }
  return makeModel({ ...hearing, columns, items, rank, stages, ...arrays }, meta.tuning as StageTuning[])
}

function makeModel(fitted: FittedGuess, tuning: readonly StageTuning[]): FirstGuess {
  const { columns, items, inputs, rank, embedding, usual, directions, popularity, stages } = fitted
  const scorer = openScorer(directions, items, rank)
  const position = new Float64Array(rank)
  return {
    items,
    tuning,
    names: columns.rules.map(({ name }) => name),
    knows: (traits) => columnsOf(columns, traits).length > 0,
    score(traits, history, out): void {
      const { chosen, strengths, stage } = heard(history, items, stages)
      position.set(stage.base)
      for (const column of columnsOf(columns, traits)) add(position, stage.weights, column, 1)
      const said = new Float64Array(heardWidth(fitted))
      hear(fitted, chosen, strengths, said, 0)
      said.forEach((value, a) => {
        add(position, stage.weights, columns.size + a, value)
      })
      const leaning = scorer(position)
      for (let i = 0; i < items; i++) {
        out[i] = popularity[i] > 0 ? stage.mean[i] + leaning[i] : Number.NEGATIVE_INFINITY
      }
    },
    explain(history, item, count): Contribution[] {
      if (!(item >= 0 && item < items)) return []
      const { chosen, strengths, stage } = heard(history, items, stages)
      const toward = new Float64Array(heardWidth(fitted))
      for (let a = 0; a < toward.length; a++) {
        const row = (columns.size + a) * rank
        for (let r = 0; r < rank; r++) toward[a] += stage.weights[row + r] * directions[item * rank + r]
      }
      const { signs, deviations } = loudness(chosen, strengths, usual)
      const parts = strongest(count)
      chosen.forEach((source, n) => {
        let sum = 0
        for (let a = 0; a < inputs; a++) {
          const wanted = usual ? Math.max(0, deviations[n]) * toward[inputs + a] : 0
          sum += embedding[source * inputs + a] * (signs[n] * toward[a] + wanted)
        }
        parts.offer(source, sum)
      })
      return parts.list()
    },
    toBytes: () => packed(fitted, tuning),
  }

  function add(out: Float64Array, weights: Float32Array, row: number, by: number): void {
    for (let r = 0; r < rank; r++) out[r] += by * weights[row * rank + r]
  }
}

/** V x by the kernel, whose rows are multiples of four long; what it answers holds until it is asked again. */
function openScorer(directions: Float32Array, items: number, rank: number): (position: Float64Array) => Float32Array {
  const d = Math.max(4, Math.ceil(rank / 4) * 4)
  const layout = new Layout()
  const at = { rows: layout.words((items + 4) * d), x: layout.words(d), out: layout.words(items + 4) }
  const memory = layout.memory()
  const kernels = instantiate(memory)
  const rows = floatsAt(memory, at.rows, items * d)
  for (let i = 0; i < items; i++) rows.set(directions.subarray(i * rank, (i + 1) * rank), i * d)
  const x = floatsAt(memory, at.x, d)
  const out = floatsAt(memory, at.out, items)
  return (position) => {
    x.set(position)
    kernels.matrixVector(at.rows, items, d, at.x, at.out)
    return out
  }
}

/**
 * The latest selections, as many as the stages know, with what was refused; the stage is that of the number of selections.
 */
function heard(history: History, items: number, stages: readonly Stage[]) {
  const chosen: number[] = []
  const strengths: number[] = []
  let selections = 0
  for (const entry of latestFirst(history)) {
    const item = history.items[entry]
    const strength = history.weights[entry]
    if (!(item >= 0 && item < items) || (strength > 0 && selections === stages.length - 1)) continue
    if (strength > 0) selections++
    chosen.push(item)
    strengths.push(strength)
  }
  return { chosen, strengths, stage: stages[selections] }
}

function packed(fitted: FittedGuess, tuning: readonly StageTuning[]): Uint8Array {
  const { columns, items, inputs, rank, embedding, usual, directions, popularity, stages } = fitted
  // Stages that guess the same have one mean.
  const different = [...new Set(stages.map(({ mean }) => mean))]
  const means = new Float32Array(different.length * items)
  different.forEach((mean, m) => {
    means.set(mean, m * items)
  })
  const width = columns.size + heardWidth(fitted)
  const weights = new Float32Array(stages.length * width * rank)
  const base = new Float32Array(stages.length * rank)
  stages.forEach((stage, k) => {
    weights.set(stage.weights, k * width * rank)
    base.set(stage.base, k * rank)
  })
  const shape = { items, inputs, rank, means: stages.map(({ mean }) => different.indexOf(mean)) }
  return packModel(
    KIND,
    VERSION,
    { columns, shape, tuning, wanted: usual !== null },
    { embedding, usual: usual ?? new Float32Array(0), directions, popularity, means, weights, base },
  )
}
