/**
 * How many stars a customer would give: his ratings, as they are at this moment, are folded into the model of ratings. An
 * expectation of what he may like, with its spread; no order of items and no trace in the decision log.
 */
import { setImmediate } from 'node:timers/promises'
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import { type Ceiling, whyNot } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { maySay } from '../consent/saying.ts'
import type { Database } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import type { VolatileSessions } from '../events/volatile-sessions.ts'
import type { Identifier } from '../identity/identity.ts'
import { normaliseIdentifier } from '../identity/normal.ts'
import { resolve } from '../identity/store.ts'
import { toldAttributes } from '../memory/attributes.ts'
import { type Discreet, discreetFor } from '../memory/discreet.ts'
import { type RatedItem, ratedItems } from '../memory/training-rows.ts'
import type { FoldedTaste, Prediction, RatedHistory } from '../models/rating-taste.ts'
import { columnsOf, type Traits } from '../models/trait-columns.ts'
import type { World } from '../world.ts'
import { tasteRows, usableOf } from './customer-state.ts'
import type { Unpersonalised } from './request.ts'
import type { Serving, Stars } from './serving.ts'

export interface PredictionRequest {
  readonly who: Identifier
  /** The shop's ids. */
  readonly items: readonly string[]
  /** How personal it may be. */
  readonly dial: Ceiling
}

/** Why the expectation is what it is: his own ratings, each confirmed by leaving it out, or what others rated. */
export interface PredictionReason {
  readonly kind: 'because' | 'others'
  readonly because?: readonly { readonly id: string; readonly title: string | null; readonly rating: number }[]
  readonly text: string
}

export interface PredictedItem {
  readonly id: string
  /** Expected rating; null where the model does not know the item yet. */
  readonly expected: number | null
  /** Standard deviation of his rating about it. */
  readonly spread: number | null
  /** Probability that he likes it: a rating of at least `scale.liked`. */
  readonly liked: number | null
  readonly reasons: readonly PredictionReason[]
}

export interface PredictionAnswer {
  readonly personalised: boolean
  /** Why it is not personal; absent where it is. */
  readonly reason?: Unpersonalised
  /** How many of his ratings the answer rests on. */
  readonly ratings: number
  readonly model: { readonly version: number; readonly note?: string }
  /** Null where there is no model of ratings. */
  readonly scale: { readonly lowest: number; readonly highest: number; readonly liked: number } | null
  readonly items: readonly PredictedItem[]
}

export interface PredictionNeeds {
  readonly db: Database
  readonly catalogue: Catalogue
  readonly config: Config
  readonly policy: Policy
  readonly world: World
  /** What visitors do before they log in. */
  readonly visitors: VolatileSessions
  readonly current: () => { readonly serving: Serving | null }
  readonly upToDate: () => Promise<void> | undefined
}

export interface Predictor {
  /** @throws HabitueError unknown_item */
  predict(request: PredictionRequest, ceiling: Ceiling): Promise<PredictionAnswer>
  /** The expectations alone, by internal id; null where there is nothing to go by, or consent does not reach. */
  foretell(who: Identifier, ids: readonly number[], ceiling: Ceiling): Promise<ReadonlyMap<number, Prediction> | null>
}

/** Ratings that may be named for an item, and how far leaving one out must move the expectation to be named. */
const mostEvidence = 2
const mostTried = 4
const mostTogether = 3
/** Reasons are given for so many items of a request: each leaves ratings out and folds anew. */
const mostExplained = 20
const leastEffect = 0.005

interface Known {
  readonly reason?: Unpersonalised
  readonly rated: readonly RatedItem[]
  /** What he told of himself, of what the operator listed. */
  readonly told: Traits
  readonly discreet: Discreet
}

export function createPredictor(needs: PredictionNeeds): Predictor {
  const { catalogue, current, upToDate } = needs
  return {
    async foretell(who, ids, ceiling) {
      await upToDate()
      const known = await knownOf(needs, who, ceiling)
      const stars = current().serving?.stars ?? null
      const columns = stars ? columnsOf(stars.columns, known.told) : []
      if (!stars || known.rated.length + columns.length === 0) return null
      const { all } = new Folds({ rated: known.rated, columns }, stars)
      const found = new Map<number, Prediction>()
      for (const id of ids) {
        const index = known.discreet(id) ? -1 : stars.indexOf(id)
        const prediction = index < 0 ? null : all.predict(index)
        if (prediction) found.set(id, rounded(prediction))
      }
      return found
    },
    async predict({ who, items, dial }, ceiling) {
      await upToDate()
      const ids = items.map((name) => idNamed(catalogue, name))
      const known = dial === 'anonymous' ? unused(catalogue) : await knownOf(needs, who, ceiling)
      const { serving } = current()
      const stars = serving?.stars ?? null
      const columns = stars ? columnsOf(stars.columns, known.told) : []
      const personalised = known.rated.length + columns.length > 0 && stars !== null
      const note = noteOf(serving)
      return {
        personalised,
        ...(personalised ? {} : { reason: known.reason ?? nothingYet(stars !== null) }),
        ratings: known.rated.length,
        model: { version: stars?.version ?? 0, ...(note === undefined ? {} : { note }) },
        scale: stars && scaleOf(stars),
        items: stars ? await foretold(ids, items, { ...known, columns, dial }, stars, catalogue) : items.map(unknownTo),
      }
    },
  }
}

function scaleOf({ model: { scale } }: Stars): PredictionAnswer['scale'] {
  return { lowest: scale.lowest, highest: scale.highest, liked: scale.liked }
}

function idNamed(catalogue: Catalogue, name: string): number {
  const id = catalogue.idOf(name)
  if (id !== undefined) return catalogue.canonical(id)
  throw new HabitueError('unknown_item', `The catalogue has no item ${JSON.stringify(name)}.`, { item: name })
}

function noteOf(serving: Serving | null): string | undefined {
  if (!serving) return 'No model is trained yet.'
  return serving.stars ? undefined : 'No model of ratings is trained yet, or too few ratings were known.'
}

function nothingYet(model: boolean): Unpersonalised {
  if (!model) return { code: 'no-model', text: 'No model of ratings is trained yet.' }
  return { code: 'no-history', text: 'He has rated nothing yet.' }
}

const unknownTo = (id: string): PredictedItem => ({ id, expected: null, spread: null, liked: null, reasons: [] })

/** Where nothing that is remembered may be used. */
function unused(catalogue: Catalogue): Known {
  const reason = { code: 'ceiling', text: 'It was asked to use nothing that is remembered.' } as const
  return { rated: [], told: {}, reason, discreet: discreetFor(new Set(), catalogue) }
}

/** His ratings now, those of his session too, as far as his taste may be known by them. */
async function knownOf(needs: PredictionNeeds, who: Identifier, ceiling: Ceiling): Promise<Known> {
  const { db, world, catalogue, config, visitors } = needs
  const nobody: Known = {
    ...unused(catalogue),
    reason: { code: 'unknown', text: 'Nobody is remembered by this name.' },
  }
  const visitor = who.kind === 'anonymous' ? normaliseIdentifier('anonymous', who.value) : null
  const session = visitor === null ? null : visitors.of(visitor)
  const identity = await resolve(db, who)
  const now = world.now()
  const usable = identity || session ? await usableOf(needs, { identity, session, ceiling, now }) : null
  if (usable === null) return nobody
  const { person, allowed, passing, discreet } = usable
  if (!allowed && !passing) {
    const code = person.ruling('personalisation').reason
    return { ...nobody, reason: { code, text: whyNot(code, 'personalisation') } }
  }
  const listed = new Set(Object.keys(config.firstGuess.traits).filter((name) => config.firstGuess.traits[name]))
  const told = allowed ? await toldAttributes(db, allowed, listed, now) : {}
  const latest = new Map<number, RatedItem>()
  for (const rated of ratedItems(tasteRows(usable, catalogue).own)) {
    const item = catalogue.canonical(rated.item)
    const same = latest.get(item)
    if (!same || rated.time >= same.time) latest.set(item, { ...rated, item })
  }
  return { rated: [...latest.values()], told, discreet }
}

/** What a prediction goes by: his ratings, and the columns of what he told. */
interface Basis {
  readonly rated: readonly RatedItem[]
  readonly columns: readonly number[]
}

/** And what may be said of it. */
interface Speaking extends Basis {
  readonly discreet: Discreet
  readonly dial: Ceiling
}

async function foretold(
  ids: readonly number[],
  names: readonly string[],
  by: Speaking,
  stars: Stars,
  catalogue: Catalogue,
): Promise<PredictedItem[]> {
  // A rating is his own word; what is sensitive is neither named nor guessed at.
  const mayName = (item: number) => maySay('told', by.dial) === 'named' && !catalogue.sensitive(item)
  const own = new Folds(by, stars)
  const answer: PredictedItem[] = []
  for (const [k, id] of ids.entries()) {
    const index = by.discreet(id) ? -1 : stars.indexOf(id)
    const prediction = index < 0 ? null : own.all.predict(index)
    const explained = prediction !== null && k < mostExplained
    const reasons = explained ? [reasonOf(evidence(own, index, prediction, mayName, catalogue))] : []
    answer.push(prediction ? { id: names[k], ...rounded(prediction), reasons } : unknownTo(names[k]))
    // Others wait for no more than one item's reasons.
    if (explained) await setImmediate()
  }
  return answer
}

/** The customer with all his ratings, and without one: each is folded once, whatever it is asked about. */
class Folds {
  readonly all: FoldedTaste
  readonly stranger: FoldedTaste
  readonly #known: readonly (RatedItem & { readonly index: number })[]
  readonly #stars: Stars
  readonly #columns: readonly number[]
  readonly #without = new Map<string, FoldedTaste>()

  constructor({ rated, columns }: Basis, stars: Stars) {
    this.#columns = columns
    this.#stars = stars
    this.#known = rated.map((own) => ({ ...own, index: stars.indexOf(own.item) })).filter(({ index }) => index >= 0)
    this.all = this.#fold(this.#known)
    this.stranger = this.#fold([])
  }

  ratingOf(index: number): RatedItem | undefined {
    return this.#known.find((own) => own.index === index)
  }

  without(indices: readonly number[]): FoldedTaste {
    const key = indices.join()
    const known = this.#without.get(key)
    if (known) return known
    const taste = this.all.without(indices)
    this.#without.set(key, taste)
    return taste
  }

  #fold(rated: readonly (RatedItem & { readonly index: number })[]): FoldedTaste {
    const history: RatedHistory = {
      items: rated.map(({ index }) => index),
      values: rated.map(({ rating }) => rating),
      times: rated.map(({ time }) => time),
      traits: this.#columns.length > 0 ? [this.#columns] : [],
    }
    return this.#stars.model.fold(history)
  }
}

/**
 * The ratings without which the expectation really is nearer to that of a stranger: those that the model says moved it most
 * are left out one by one; where each alone is not missed (the taste is plain from the others), the first few together.
 */
function evidence(
  own: Folds,
  index: number,
  { expected }: Prediction,
  mayName: (item: number) => boolean,
  catalogue: Catalogue,
) {
  const direction = Math.sign(expected - (own.stranger.predict(index)?.expected ?? expected))
  const effect = (without: FoldedTaste) => (expected - (without.predict(index)?.expected ?? expected)) * direction
  const tried = own.all
    .explain(index, mostTried)
    .map(({ item, weight }) => ({ item, weight, effect: item === index ? 0 : effect(own.without([item])) }))
  const alone = tried.filter((one) => one.effect >= leastEffect).sort((a, b) => b.effect - a.effect || a.item - b.item)
  const towards = tried.filter(({ item, weight }) => item !== index && weight * direction > 0).slice(0, mostTogether)
  const chosen =
    alone.length > 0
      ? alone.slice(0, mostEvidence)
      : effect(own.without(towards.map(({ item }) => item))) >= leastEffect
        ? towards
        : []
  return chosen.flatMap(({ item }) => {
    const rated = own.ratingOf(item)
    if (!rated || !mayName(rated.item)) return []
    const { id, title } = catalogue.card(rated.item)
    return [{ id, title, rating: rated.rating }]
  })
}

function reasonOf(because: NonNullable<PredictionReason['because']>): PredictionReason {
  if (because.length === 0) return { kind: 'others', text: 'From what others gave it' }
  const names = because.map(({ id, title, rating }) => `${rating} for ${title ?? id}`)
  return { kind: 'because', because, text: `You gave ${names.join(' and ')}` }
}

function rounded({ expected, spread, liked }: Prediction): Prediction {
  const round = (value: number) => Math.round(value * 1000) / 1000
  return { expected: round(expected), spread: round(spread), liked: round(liked) }
}
