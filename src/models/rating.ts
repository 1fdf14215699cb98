/**
 * Ratings foretold: a Bayesian factorisation machine with side information, implicit features of both sides, time and mood,
 * ordered probit where there are a few levels (rating-sampler.ts). Draws of the chain are kept: the answer is their mean, the
 * spread is honest about what is not known, and a customer whom training never saw is folded in at request time.
 */
import { packModel, unpackModel } from './bytes.ts'
import { ModelDeclined, type Progress } from './model.ts'
import { pace } from './pace.ts'
import { Answers } from './rating-answers.ts'
import type { Draw } from './rating-fold.ts'
import { drawOf, drawsFrom, drawsToArrays } from './rating-keep.ts'
import {
  binOf,
  gapsOf,
  itemFamilies,
  type Layout,
  layoutOf,
  type RatingData,
  type Ratings,
  spotOf,
  spots,
  userFamilies,
} from './rating-layout.ts'
import { makeMood } from './rating-mood.ts'
import { type Chain, startChain, sweep } from './rating-sampler.ts'
import { type Distributions, type Scale, scaleOf } from './rating-scale.ts'
import { identity, makeSide, type Side } from './rating-side.ts'
import { type FoldedTaste, foldTaste, type RatedHistory } from './rating-taste.ts'

export interface RatingOptions {
  /** Factors; 0 = as many as the number of ratings bears, 4 to 24. */
  readonly rank: number
  /** Sweeps of the chain, those of the burn-in among them; 0 = as many as some minutes allow, 200 to 300. */
  readonly sweeps: number
  /** Share of the sweeps that are not listened to. */
  readonly burnIn: number
  /** Draws kept for customers who are folded in. */
  readonly draws: number
}

export const ratingDefaults: RatingOptions = { rank: 0, sweeps: 0, burnIn: 0.35, draws: 12 }

const KIND = 'rating'
const VERSION = 1
/** Fewer teach nothing that the mean does not know. */
const leastRatings = 50
/** Ratings times sweeps where the number of sweeps is left open: a few minutes. */
const sweptRatings = 1.8e8
/** Below this many a chain settles sooner. */
const fewRatings = 20_000
/** Bytes for the kept draws; fewer are kept of a very large catalogue. */
const memoryBudget = 128 << 20

export interface FittedRatings {
  readonly model: RatingModel
  /** Of the questions, where some were asked. */
  readonly answers: Distributions | null
}

/**
 * @param questions of customers and items of `data` (or of none of its ratings): answered by all sweeps after the burn-in
 * @throws ModelDeclined where there are fewer than 50 ratings or all are alike; the signal's reason when aborted
 */
export async function fitRatings(
  data: RatingData,
  options: RatingOptions,
  progress: Progress,
  questions: Ratings | null = null,
): Promise<FittedRatings> {
  const scale = scaleOf(data.values)
  if (data.values.length < leastRatings || !scale) {
    throw new ModelDeclined(`${data.values.length} ratings are too few to learn stars from, or they are all alike`)
  }
  const rank = options.rank || rankFor(data.values.length)
  const sweeps = options.sweeps || sweepsFor(data.values.length)
  const burnIn = Math.floor(sweeps * options.burnIn)
  const layout = layoutOf(data)
  const chain = chainOf(data, layout, scale, rank)
  const answers = questions && new Answers(layout, questions, scale)
  const perDraw = 4 * (rank + 1) * (2 * data.itemCount + (layout.calendar?.starts.length ?? 0) + spots)
  const wanted = Math.max(2, Math.min(options.draws, Math.floor(memoryBudget / perDraw)))
  const every = Math.max(1, Math.floor((sweeps - burnIn) / wanted))
  const kept: Draw[] = []
  for (let s = 0; s < sweeps; s++) {
    await pace(progress, s, sweeps, `sweep ${s + 1}`)
    sweep(chain, s)
    if (s < burnIn) continue
    answers?.add(chain)
    // Counted from the end: the last draws are the most settled.
    if ((sweeps - 1 - s) % every === 0 && kept.length < wanted + 1) kept.push(drawOf(chain, layout))
  }
  return {
    model: new RatingModel(scale, layout.calendar?.starts ?? null, kept.slice(-wanted)),
    answers: answers?.result() ?? null,
  }
}

/** 24 from 80,000 ratings on, 6 of 5,000: a small shop's training is seconds, and more factors would be noise to it. */
function rankFor(ratings: number): number {
  return Math.min(24, Math.max(4, Math.round(Math.sqrt(ratings) / 12)))
}

function sweepsFor(ratings: number): number {
  return ratings < fewRatings ? 200 : Math.min(300, Math.max(200, Math.round(sweptRatings / ratings)))
}

function chainOf(data: RatingData, layout: Layout, scale: Scale, rank: number): Chain {
  const { levels } = scale
  const target = levels
    ? { levelOf: Uint8Array.from(layout.values, (value) => levels.indexOf(value)), levels: levels.length }
    : { latent: Float64Array.from(layout.values, (value) => (value - scale.mean) / scale.deviation) }
  const mood = layout.times ? makeMood(gapsOf(layout)) : null
  return startChain(sidesOf(data, layout, rank), mood, rank, target, data.seed)
}

/** Customers, items, and with times: the day, and how many the customer had rated before. */
function sidesOf(data: RatingData, layout: Layout, rank: number): Side[] {
  const { users, items, times, starts, calendar } = layout
  const sides = [
    makeSide(data.userCount, users, userFamilies(data, layout), rank),
    makeSide(data.itemCount, items, itemFamilies(data, layout), rank),
  ]
  if (times && calendar) {
    const bins = calendar.starts.length
    const of = Int32Array.from(times, (time) => binOf(calendar, time))
    sides.push(makeSide(bins, of, [identity('day', bins), calendar.months], rank))
  }
  if (times) {
    const of = Int32Array.from(users, (user, r) => spotOf(r - starts[user]))
    sides.push(makeSide(spots, of, [identity('spot', spots)], rank))
  }
  return sides
}

export class RatingModel {
  readonly kind = KIND
  readonly scale: Scale
  /** First millisecond of each bin of days; null where time was not learned from. */
  readonly days: Float64Array | null
  readonly draws: readonly Draw[]

  constructor(scale: Scale, days: Float64Array | null, draws: readonly Draw[]) {
    this.scale = scale
    this.days = days
    this.draws = draws
  }

  /** Items that it can foretell. */
  get items(): number {
    return this.draws[0].items.length / this.draws[0].width
  }

  /** A customer by his ratings (none: a stranger), to be asked about any items. */
  fold(history: RatedHistory): FoldedTaste {
    return foldTaste(this, history)
  }

  toBytes(): Uint8Array {
    const meta = { scale: { ...this.scale }, draws: this.draws.map(({ offset, noise }) => ({ offset, noise })) }
    const days: Record<string, Float64Array> = this.days ? { days: this.days } : {}
    return packModel(KIND, VERSION, { ...meta, width: this.draws[0].width }, { ...days, ...drawsToArrays(this.draws) })
  }

  /** @throws RangeError on bytes of another kind or version, or of a wrong length */
  static fromBytes(bytes: Uint8Array): RatingModel {
    const packed = unpackModel(bytes, KIND, VERSION)
    const days = packed.has('days') ? packed.f64('days') : null
    return new RatingModel(packed.meta.scale as Scale, days, drawsFrom(packed))
  }
}
