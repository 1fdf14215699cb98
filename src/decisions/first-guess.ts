/**
 * The first guess in a shop: for somebody who has chosen little or nothing, from what he told of himself (where the
 * operator has listed it), the style of his session, and his first selections. Whether it serves after so many selections was decided at training, on
 * customers held out whole: it must beat what is popular there by more than chance explains, and do no worse than the
 * models of taste, which in that comparison have even seen the customers in question.
 */
import { stylePrefix } from '../memory/session-style.ts'
import { type Beginnings, meanAndError, ndcgAfter } from '../models/beginnings.ts'
import { type FirstGuess, firstGuessDefaults, firstGuessFromBytes, fitFirstGuess } from '../models/first-guess.ts'
import type { Alike } from '../models/first-guess-new.ts'
import { dividedForTuning } from '../models/first-guess-tuning.ts'
import type { Model, Progress, TrainingData } from '../models/model.ts'
import { inOrder } from '../models/order.ts'
import { learnTraitColumns, type Traits } from '../models/trait-columns.ts'

export interface ServedGuess {
  readonly model: FirstGuess
  /** By number of selections: whether the guess is shown. */
  readonly admitted: readonly boolean[]
  /** Whether it goes by the style of sessions. */
  readonly session: boolean
}

/** How it did on held-out customers after so many selections. */
export interface GuessStanding {
  readonly selections: number
  readonly customers: number
  readonly ndcg: number
  readonly popularity: number
  /** What the models of taste made of the same selections; null where there are none to go by. */
  readonly taste: number | null
  readonly admitted: boolean
}

/** Fewer customers who told anything teach nothing. */
const FEWEST_TOLD = 50
/** Held-out customers at most: enough to see a difference of a few hundredths. */
const HELD_OUT = 400
/** Keeps a training on 10,000 items within seconds. */
const AFFORDABLE = 1.5e6
/** Standard errors by which popularity must be beaten. */
const SURE = 2
/** By so many like it is placed what is new. */
const LIKE = 20
const judgedAfter = [0, 1, 3, 5, 10] as const

/** Null where too few told anything of themselves, or chose anything. @throws the signal's reason when aborted */
export async function learnFirstGuess(
  data: TrainingData,
  traits: readonly Traits[],
  taste: Model,
  progress: Progress,
  content: Model | null,
): Promise<{ readonly guess: ServedGuess; readonly standing: readonly GuessStanding[] } | null> {
  if (traits.filter((told) => Object.keys(told).length > 0).length < FEWEST_TOLD) return null
  if (learnTraitColumns(traits).size === 0) return null
  const { starts, items, strengths } = inOrder(data)
  const beginnings: Beginnings = { starts, items, strengths, traits, columns: data.matrix.columns }
  const options = { ...firstGuessDefaults, tuneMost: HELD_OUT, tuneScores: AFFORDABLE }
  const model = await fitFirstGuess(
    beginnings,
    options,
    data.seed,
    progress,
    content ? likeOf(data, content) : undefined,
  )
  const { held } = dividedForTuning(beginnings, options, data.seed)
  const standing: GuessStanding[] = []
  const admitted: boolean[] = []
  model.tuning.forEach((tuned, selections) => {
    if (judgedAfter.some((one) => one === selections)) {
      progress.signal.throwIfAborted()
      standing.push(standingOf(tuned, selections, held, taste))
    }
    admitted.push(standing[standing.length - 1].admitted)
  })
  return { guess: servedGuess(model, admitted), standing }
}

function servedGuess(model: FirstGuess, admitted: readonly boolean[]): ServedGuess {
  return { model, admitted, session: model.names.some((name) => name.startsWith(stylePrefix)) }
}

/** Items like one that nobody chose yet, among those that somebody chose. */
function likeOf({ matrix }: TrainingData, content: Model): Alike {
  const items = Int32Array.from(new Set(matrix.indices)).sort()
  const chosen = { items, weights: new Float32Array(items.length).fill(1) }
  return (item) => content.explain(chosen, item, LIKE)
}

function standingOf(
  { ndcg, popularity, error, customers }: FirstGuess['tuning'][number],
  selections: number,
  held: Beginnings,
  taste: Model,
): GuessStanding {
  const beats = ndcg - popularity > SURE * error
  const tasted =
    selections === 0
      ? null
      : ndcgAfter(held, { selections, after: selections }, (_traits, history, out) => taste.score(history, out))
  const other = tasted && tasted.length > 0 ? meanAndError(tasted).mean : null
  return { selections, customers, ndcg, popularity, taste: other, admitted: beats && (other === null || ndcg >= other) }
}

/** Whether the guess is to be shown to somebody who told `traits` and has so many selections. */
export function guesses({ model, admitted }: ServedGuess, traits: Traits, selections: number): boolean {
  // Without a word and a selection there is nothing to guess from.
  return admitted[selections] === true && (selections > 0 || model.knows(traits))
}

/** The guess for somebody who told `traits`, as one asks any model. */
export function guessFor(model: FirstGuess, traits: Traits): Pick<Model, 'kind' | 'items' | 'score' | 'explain'> {
  const { items, explain } = model
  return { kind: 'first-guess', items, explain, score: (history, out) => model.score(traits, history, out) }
}

/** @throws RangeError on bytes that are not a first guess */
export function openFirstGuess(bytes: Uint8Array, admitted: readonly boolean[]): ServedGuess {
  return servedGuess(firstGuessFromBytes(bytes), admitted)
}
