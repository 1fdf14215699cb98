/**
 * What-if questions asked of a log, against the truth: a shop in which it is known how each item appeals to each customer and
 * how much each place is looked at shows lists that explore (the same drawing as in the server), its clicks are logged with
 * propensities, and from the log alone other ways of choosing are valued by each estimator. Their true values are the
 * means of what they would bring. Repeated, to tell error from chance.
 */
import { type Appeal, fitAppeal } from '../models/appeal.ts'
import { drawTrials, sharesLeft, type Trial, thompsonShares } from '../models/exploration.ts'
import type { Progress } from '../models/model.ts'
import { type LoggedChoice, policyValues } from '../models/off-policy.ts'
import { pace } from '../models/pace.ts'
import { fitPositionBias, type PlaceCount, type PositionBias } from '../models/position-bias.ts'
import { seededRandom, type World } from '../world.ts'
import { type Outcome, peakRssMb } from './outcome.ts'

export interface PolicyShop {
  readonly customers: number
  readonly items: number
  /** The probability of a click where the item is looked at. */
  appeal(customer: number, item: number): number
  /** What a model thinks of it; -Infinity = it knows nothing of the item. */
  score(customer: number, item: number): number
}

export interface PolicyRequest {
  readonly seed: number
  readonly lists: number
  readonly repeats: number
  readonly progress: Progress
  readonly world: World
}

/** How much places are looked at. */
const looked = [1, 0.72, 0.55, 0.43, 0.35, 0.29]
const rate = 0.25
const tried = 16
const fewShown = 60

/** Other ways: how often a place tries something, and how the trial is drawn. */
const targets = {
  'no trials': { rate: 0, even: false },
  'twice the trials': { rate: 0.5, even: false },
  'trials at random': { rate: 0.25, even: true },
} as const
type TargetName = keyof typeof targets

interface LoggedPlace {
  readonly place: number
  readonly item: number
  readonly reward: number
  readonly propensity: number
  /** All that could stand there: the list's own, then the trials not drawn yet, with their shares. */
  readonly own: number
  readonly trials: readonly number[]
  readonly shares: readonly number[] | null
  readonly customer: number
}

export async function evaluatePolicy(shop: PolicyShop, request: PolicyRequest): Promise<Outcome> {
  const { seed, lists, repeats, progress, world } = request
  const errors: Record<string, number[]> = {}
  const covered: Record<string, number[]> = {}
  const note = (table: Record<string, number[]>, key: string, value: number) => {
    table[key] ??= []
    table[key].push(value)
  }
  const values: Record<string, number[]> = {}
  const start = world.elapsed()
  for (let repeat = 0; repeat < repeats; repeat++) {
    await pace(progress, repeat, repeats, 'asking the log')
    const log = showLists(shop, lists, seededRandom(seed * 1000 + repeat))
    // A list is valued by the model of the other half of the lists.
    const halfOf = (n: number) => Math.floor(n / looked.length) % 2
    const halves = [0, 1].map((half) => {
      const others = log.filter((_, n) => halfOf(n) !== half)
      return fitPositionBias(countsOf(others), countsOf(others.filter(({ item, own }) => item !== own)))
    })
    const appeals = halves.map(({ looked: places }, half) => {
      const others = log.filter((_, n) => halfOf(n) !== half)
      return fitAppeal(
        others.map(({ item, place, customer, reward }) => {
          return { item, score: shop.score(customer, item), looked: places[place], clicks: reward }
        }),
      )
    })
    noteBias(log, halves, (key, value) => note(errors, key, value))
    for (const name of Object.keys(targets) as TargetName[]) {
      const truth = log.reduce((sum, place) => sum + trueValue(shop, place, name), 0) / lists
      const choices = log.map((place, n) =>
        choiceOf(place, name, foretellerOf(shop, halves[halfOf(n)], appeals[halfOf(n)])),
      )
      const found = policyValues(choices)
      note(values, name, truth)
      for (const estimator of ['ips', 'snips', 'dr'] as const) {
        // Of a list, not of a place.
        const value = found[estimator].value * looked.length
        const error = found[estimator].error * looked.length
        note(errors, `${estimator}/${name}`, value - truth)
        note(covered, `${estimator}/${name}`, Math.abs(value - truth) < 1.96 * error ? 1 : 0)
      }
      note(errors, `as logged/${name}`, found.logged.value * looked.length - truth)
    }
  }
  return {
    protocol: 'policy',
    model: 'policy',
    metrics: { ...summary(values, errors, covered) },
    fitSeconds: (world.elapsed() - start) / 1000 / repeats,
    peakRssMb: peakRssMb(),
  }
}

function summary(
  values: Readonly<Record<string, number[]>>,
  errors: Readonly<Record<string, number[]>>,
  covered: Readonly<Record<string, number[]>>,
): Record<string, number> {
  const metrics: Record<string, number> = {}
  for (const [name, all] of Object.entries(values)) metrics[`truth/${name}`] = mean(all)
  for (const [name, all] of Object.entries(errors)) {
    metrics[`rmse ${name}`] = Math.sqrt(mean(all.map((error) => error * error)))
    if (covered[name]) metrics[`bias ${name}`] = mean(all)
  }
  for (const [name, all] of Object.entries(covered)) metrics[`covered ${name}`] = mean(all)
  return metrics
}

/** Lists of random customers: the best scores, some places tried; what is shown and clicked is counted as it comes. */
function showLists(shop: PolicyShop, lists: number, random: () => number): LoggedPlace[] {
  const log: LoggedPlace[] = []
  const trials: { shown: number; clicks: number }[] = Array.from({ length: shop.items }, () => ({
    shown: 0,
    clicks: 0,
  }))
  const ranked = rankings(shop)
  for (let n = 0; n < lists; n++) {
    const customer = Math.floor(random() * shop.customers)
    const order = ranked(customer)
    const own = order.slice(0, looked.length)
    const open = [...order.slice(looked.length, looked.length + tried), ...unknown(shop, customer)]
    const candidates = open.filter((item) => trials[item].shown < fewShown).slice(0, tried)
    const usual = rateOf(trials)
    const shares = thompsonShares(
      candidates.map((item): Trial => trials[item]),
      usual,
      random,
    )
    const draws = drawTrials(own.length, shares, candidates.length > 0 ? rate : 0, random)
    const drawn = new Set<number>()
    for (const [place, { trial, propensity }] of draws.entries()) {
      const item = trial === null ? own[place] : candidates[trial]
      const reward = random() < looked[place] * shop.appeal(customer, item) ? 1 : 0
      const left = candidates.length > 0 ? sharesLeft(shares, drawn) : null
      log.push({ place, item, reward, propensity, own: own[place], trials: candidates, shares: left, customer })
      if (trial !== null) drawn.add(trial)
      trials[item].shown += looked[place]
      trials[item].clicks += reward
    }
  }
  return log
}

function rankings({ customers, items, score }: PolicyShop): (customer: number) => readonly number[] {
  const kept: (readonly number[] | undefined)[] = new Array(customers)
  return (customer) => {
    kept[customer] ??= Array.from({ length: items }, (_, item) => item)
      .filter((item) => score(customer, item) > Number.NEGATIVE_INFINITY)
      .sort((a, b) => score(customer, b) - score(customer, a) || a - b)
      .slice(0, looked.length + tried)
    return kept[customer] as readonly number[]
  }
}

const unknown = ({ items, score }: PolicyShop, customer: number) =>
  Array.from({ length: items }, (_, item) => item).filter((item) => score(customer, item) === Number.NEGATIVE_INFINITY)

function rateOf(trials: readonly { readonly shown: number; readonly clicks: number }[]): number {
  const shown = trials.reduce((sum, one) => sum + one.shown, 0)
  return shown > 0 ? trials.reduce((sum, one) => sum + one.clicks, 0) / shown : 0.05
}

/** What the other way would let stand in a place, each with its probability. */
function targetShares({ place, own, trials, shares }: LoggedPlace, name: TargetName): [item: number, share: number][] {
  const { rate: often, even } = targets[name]
  if (place === 0 || shares === null) return [[own, 1]]
  const alive = shares.filter((share) => share > 0).length
  const chance = (share: number) => (even ? (share > 0 ? 1 / alive : 0) : share)
  return [[own, 1 - often], ...trials.map((item, n): [number, number] => [item, often * chance(shares[n])])]
}

function trueValue(shop: PolicyShop, logged: LoggedPlace, name: TargetName): number {
  return targetShares(logged, name).reduce(
    (sum, [item, share]) => sum + (share > 0 ? share * looked[logged.place] * shop.appeal(logged.customer, item) : 0),
    0,
  )
}

type Foretell = (logged: LoggedPlace, item: number) => number

function foretellerOf(shop: PolicyShop, { looked: places }: PositionBias, appeal: Appeal): Foretell {
  return ({ place, customer }, item) => places[place] * appeal.of(item, shop.score(customer, item))
}

function choiceOf(logged: LoggedPlace, name: TargetName, foretell: Foretell): LoggedChoice {
  const shares = targetShares(logged, name)
  const foretold = (item: number) => foretell(logged, item)
  return {
    propensity: logged.propensity,
    target: shares.find(([item, share]) => item === logged.item && share > 0)?.[1] ?? 0,
    reward: logged.reward,
    foretold: foretold(logged.item),
    foretoldTarget: shares.reduce((sum, [item, share]) => sum + (share > 0 ? share * foretold(item) : 0), 0),
  }
}

function countsOf(log: readonly LoggedPlace[]): PlaceCount[] {
  const counts = new Map<string, { item: number; place: number; shown: number; clicks: number }>()
  for (const { item, place, reward } of log) {
    const key = `${item} ${place}`
    const count = counts.get(key) ?? { item, place, shown: 0, clicks: 0 }
    count.shown++
    count.clicks += reward
    counts.set(key, count)
  }
  return [...counts.values()]
}

/** How far the estimates of how places are looked at are off, and the plain click rates by place. */
function noteBias(
  log: readonly LoggedPlace[],
  halves: readonly PositionBias[],
  note: (key: string, value: number) => void,
) {
  const byPlace = looked.map((_, place) => log.filter((one) => one.place === place))
  const rates = byPlace.map((all) => mean(all.map(({ reward }) => reward)))
  for (const [place, t] of looked.entries()) {
    if (place === 0) continue
    note('places', mean(halves.map((half) => half.looked[place])) - t)
    note('places by click rate', rates[place] / rates[0] - t)
  }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
