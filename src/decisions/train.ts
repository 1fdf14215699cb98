/**
 * Memory -> trained models, part by part. Runs in the training thread; knows rows and models, no thread and no schedule.
 */
import { type Catalogue, loadCatalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import type { PopulationPermit } from '../consent/permit.ts'
import { policyOf } from '../consent/policy.ts'
import { populationPermit } from '../consent/store.ts'
import type { Reader } from '../db/database.ts'
import { type ErrorCode, HabitueError } from '../errors.ts'
import { trainingAttributes } from '../memory/attributes.ts'
import type { SessionStyle } from '../memory/session-style.ts'
import { trainingRows } from '../memory/training-rows.ts'
import { trainingStyles } from '../memory/training-styles.ts'
import type { BlendReport } from '../models/blend-learning.ts'
import { type ItemContent, type Model, ModelDeclined, type Progress, type TrainingData } from '../models/model.ts'
import { modelKind, modelOptions } from '../models/registry.ts'
import type { Traits } from '../models/trait-columns.ts'
import { type Collected, collect } from './collected.ts'
import { learnFirstGuess } from './first-guess.ts'
import { ledKey, ledThere } from './led.ts'
import { learnTrust, usualTrust } from './nearby-trust.ts'
import { repeatShares } from './repeat.ts'
import { type PartName, packGuess, packShop, packStars } from './serving.ts'
import { unsaidByTitles } from './unsaid.ts'

export interface TrainingOrder {
  readonly config: Config
  readonly now: number
  readonly seed: number
}

/** What the training thread says. */
export type FromTraining =
  | { readonly type: 'step'; readonly done: number; readonly total: number; readonly note: string }
  | ({ readonly type: 'part' } & TrainedPart)
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }

export interface TrainedPart {
  readonly name: PartName
  /** None where the data does not bear such a model: none serves then. */
  readonly bytes: Uint8Array
  readonly report: Readonly<Record<string, unknown>>
}

/** Shares of the whole work, for progress. */
const shares = { reading: 5, taste: 35, together: 5, content: 2, trust: 3, guess: 8, stars: 45 } as const
const none = new Uint8Array(0)
const noStyles: ReadonlyMap<number, SessionStyle> = new Map()

/**
 * `finished` gets each part as soon as it is fitted: what ranks first, for it takes seconds to a minute; stars take minutes.
 *
 * @throws HabitueError consent_refused, training_failed (there is nothing to learn from)
 */
export async function trainParts(
  reader: Reader,
  { config, now, seed }: TrainingOrder,
  progress: Progress,
  finished: (part: TrainedPart) => void,
): Promise<void> {
  const permit = await populationPermit(reader, policyOf(config), 'training', now)
  if (!permit) {
    throw new HabitueError('consent_refused', 'No legal basis is stated for training (consent.bases.training is none).')
  }
  progress.step(0, 100, 'reading memory')
  const catalogue = await loadCatalogue(reader, config.defaultAudience)
  const counting = countingUnreached(permit)
  const collected = await collect(trainingRows(reader, counting, config.signals), catalogue, progress)
  const led = ledOf(await ledThere(reader, (item) => catalogue.canonical(item), now), collected)
  const data: TrainingData = { ...collected, content: contentOf(catalogue, collected.ids), led, now, seed }
  const listed = new Set(Object.keys(config.firstGuess.traits).filter((name) => config.firstGuess.traits[name]))
  const told = await trainingAttributes(reader, permit, listed, now)
  const styles = config.firstGuess.session
    ? await trainingStyles(reader, permit, config.timeZone, unsaidByTitles(catalogue))
    : noStyles
  const work: Work = {
    collected,
    data,
    told,
    styles,
    catalogue,
    unreached: counting.unreached,
    share: sharesOf(progress),
  }
  const { taste, content } = await trainShop(work, config, finished)
  await trainGuess(work, { taste, content }, finished)
  for (const model of [taste, content]) model?.dispose?.()
  await trainStars(work, finished)
}

interface Work {
  readonly collected: Collected
  readonly data: TrainingData
  readonly told: ReadonlyMap<number, Traits>
  readonly styles: ReadonlyMap<number, SessionStyle>
  readonly catalogue: Catalogue
  unreached(): number
  /** The progress of the next piece of work. */
  share(of: keyof typeof shares): Progress
}

/** Counts those of whom something is remembered and whom the purpose does not reach. */
function countingUnreached(permit: PopulationPermit): PopulationPermit & { unreached(): number } {
  let unreached = 0
  return {
    ...permit,
    unreached: () => unreached,
    of(customer, identifiers) {
      const own = permit.of(customer, identifiers)
      if (own === null) unreached++
      return own
    },
  }
}

/** What the first guess is judged against and placed by. */
interface Learned {
  readonly taste: Model
  readonly content: Model | null
}

/** What ranks: taste, what goes together, what is alike. */
async function trainShop(work: Work, config: Config, finished: (part: TrainedPart) => void): Promise<Learned> {
  const { collected, data, catalogue, share } = work
  const { memoryMb, threads } = config.training
  const learn = (name: 'blend' | 'neighbours' | 'content', of: keyof typeof shares, options = {}) =>
    fitKind(name, options, data, share(of))
  const taste = await learn('blend', 'taste', { memoryMb, threads })
  if (!taste) throw nothingToLearn(work.unreached())
  const together = await learn('neighbours', 'together')
  const content = await learn('content', 'content')
  const near = together && content ? await learnNear(data, content, share('trust')) : null
  const bytes = packShop({
    taste,
    together,
    content,
    ids: collected.ids,
    counts: positives(data.matrix),
    trust: near?.trust ?? usualTrust,
    repeatShares: repeatShares(collected.pairs, (item) => catalogue.categories(item)),
    note: fallbackNote(taste),
  })
  together?.dispose?.()
  const report = {
    customers: data.matrix.rows,
    items: data.matrix.columns,
    interactions: data.matrix.indices.length,
    /** Of whom something is remembered and whom the purpose does not reach. */
    withoutConsent: work.unreached(),
    /** Around an item and around a cart. */
    trust: near?.report ?? [],
    blend: (taste as Model & { report?: unknown }).report ?? null,
  }
  finished({ name: 'shop', bytes, report })
  return { taste, content }
}

function learnNear(data: TrainingData, content: Model, progress: Progress): ReturnType<typeof learnTrust> {
  const quiet = { step: () => {}, signal: progress.signal }
  return learnTrust(data, content, (held) => fitKind('neighbours', {}, held, quiet), progress)
}

function nothingToLearn(unreached: number): HabitueError {
  if (unreached === 0) return new HabitueError('training_failed', 'There is nothing to learn from yet.')
  const who = `${unreached} customers have not agreed`
  return new HabitueError(
    'consent_refused',
    `The purpose training reaches nobody of whom something is remembered: ${who}.`,
  )
}

async function trainGuess(work: Work, { taste, content }: Learned, finished: (part: TrainedPart) => void) {
  const { collected, data, told, styles, share } = work
  const traits = collected.customers.map((customer) => ({ ...styles.get(customer), ...told.get(customer) }))
  const learned = await learnFirstGuess(data, traits, taste, share('guess'), content)
  const guess = learned?.guess.admitted.some(Boolean) ? learned.guess : null
  const note = learned
    ? undefined
    : 'Too few customers told anything of themselves, or looked around before they chose, that the first guess may use.'
  const report = { firstGuess: learned?.standing ?? null, note }
  finished({ name: 'guess', bytes: guess ? packGuess(guess, collected.ids) : none, report })
}

async function trainStars({ collected, data, told, share }: Work, finished: (part: TrainedPart) => void) {
  const learned = await collected.ratings.learn({ ...data, ids: collected.ids }, told, share('stars'))
  const bytes = learned.served ? packStars(learned.served, collected.ids) : none
  finished({ name: 'stars', bytes, report: { ...learned.report } })
}

/** Placements that the blend ranks: of these it is learned what leads on. */
const ranked: readonly string[] = ['home', 'items', 'unavailable']

/** Undefined where no list of theirs led anybody anywhere. */
function ledOf(led: ReadonlyMap<string, string>, { matrix, customers, ids }: Collected): TrainingData['led'] {
  if (led.size === 0) return undefined
  const by = new Uint8Array(matrix.indices.length)
  customers.forEach((customer, row) => {
    for (let e = matrix.indptr[row]; e < matrix.indptr[row + 1]; e++) {
      by[e] = 1 + ranked.indexOf(led.get(ledKey(customer, ids[matrix.indices[e]])) ?? '')
    }
  })
  return { places: ranked, by }
}

/** What an answer says of a model that could not yet learn more than what is popular. */
function fallbackNote(taste: Model): string | undefined {
  const report = (taste as Model & { report?: BlendReport }).report
  return report?.admitted.every(({ kind }) => kind === 'popularity') ? report.note : undefined
}

/** Hands out the shares of a whole progress, one after another. */
function sharesOf(progress: Progress): Work['share'] {
  const whole = Object.values(shares).reduce((sum, share) => sum + share, 0)
  let from: number = shares.reading
  return (name) => {
    const [start, share] = [from, shares[name]]
    from += share
    return {
      signal: progress.signal,
      step: (done, total, note) => progress.step(start + (share * done) / Math.max(1, total), whole, note),
    }
  }
}

/** Null where the data does not suit the kind. */
async function fitKind(
  name: string,
  options: Record<string, number>,
  data: TrainingData,
  progress: Progress,
): Promise<Model | null> {
  const kind = modelKind(name)
  try {
    return await kind.fit(data, modelOptions(kind, options), progress)
  } catch (error) {
    if (error instanceof ModelDeclined) return null
    throw error
  }
}

function contentOf(catalogue: Catalogue, ids: Int32Array): ItemContent {
  const list = Array.from(ids)
  return {
    title: list.map((id) => catalogue.title(id)),
    categories: list.map((id) => catalogue.categories(id)),
    attributes: list.map((id) => catalogue.attributeTerms(id)),
    price: Float64Array.from(list, (id) => catalogue.price(id)),
  }
}

function positives(matrix: TrainingData['matrix']): Int32Array {
  const counts = new Int32Array(matrix.columns)
  for (const index of matrix.indices) counts[index]++
  return counts
}
