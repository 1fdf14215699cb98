/**
 * The usual on a file of choices: each customer's choices in the order of time, each foretold from those before it alone.
 * Population knowledge comes from the other half of the customers, so nobody's own choices stand behind what is said of
 * him. An answer is given from the fourth choice on where its probability reaches `sure`; else it would ask.
 */

import type { Progress } from '../models/model.ts'
import { pace } from '../models/pace.ts'
import { UsualLearner } from '../models/usual.ts'
import { type UsualOptions, whenSure } from '../models/usual-options.ts'
import { SlotPopulation } from '../models/usual-prior.ts'
import { splitsOf, type UsualContext } from '../models/usual-splits.ts'
import type { World } from '../world.ts'
import { type CalibrationBin, calibrationBins, largestGap } from './calibration.ts'
import { DelimitedFile } from './delimited.ts'
import { Ids } from './interactions.ts'
import { type Outcome, peakRssMb } from './outcome.ts'

export interface Choice {
  readonly item: number
  readonly time: number
  readonly context: UsualContext
}

export interface ChoicesOfAll {
  readonly items: number
  /** By customer, in the order of time. */
  readonly customers: readonly (readonly Choice[])[]
}

export interface UsualRequest {
  readonly sure: number
  readonly options: Partial<UsualOptions>
  readonly progress: Progress
  readonly world: World
}

/** Of the bins of the plot those count that have so many answers: below it chance is larger than .05. */
const fewest = 200
const BINS = 10

export async function evaluateUsual(
  { items, customers }: ChoicesOfAll,
  { sure, options, progress, world }: UsualRequest,
): Promise<{ outcome: Outcome; bins: CalibrationBin[] }> {
  const all = Array.from({ length: items }, (_, item) => item)
  const halves = [0, 1].map((half) => populationOf(customers.filter((_, n) => n % 2 !== half)))
  const told = { said: [] as number[], right: [] as number[], known: [] as number[] }
  let choices = 0
  let loss = 0
  const start = world.elapsed()
  for (const [n, own] of customers.entries()) {
    if (n % 20 === 0) await pace(progress, n, customers.length, 'foretelling')
    const splits = splitsOf(own.map(({ context }) => context))
    const learner = new UsualLearner(
      all,
      own.map(({ item }) => item),
      splits,
      halves[n % 2],
      options,
    )
    for (const { item, time, context } of own) {
      const ranked = learner.predict(time, context).choices
      choices++
      loss -= Math.log(ranked.find((choice) => choice.item === item)?.probability ?? 0)
      told.said.push(ranked[0].probability)
      told.known.push(learner.observed)
      told.right.push(ranked[0].item === item ? 1 : 0)
      learner.observe(item, time, context)
    }
  }
  const given = told.said.flatMap((p, i) => (p >= sure && told.known[i] >= whenSure.choices ? [i] : []))
  const late = told.known.flatMap((known, i) => (known >= whenSure.choices ? [i] : []))
  const bins = calibrationBins(
    late.map((i) => told.said[i]),
    late.map((i) => told.right[i]),
    BINS,
  )
  const answers = given.length
  const mean = (values: readonly number[]) => given.reduce((sum, i) => sum + values[i], 0) / Math.max(1, answers)
  return {
    bins,
    outcome: {
      protocol: 'usual',
      model: 'usual',
      metrics: {
        answered: answers / Math.max(1, choices),
        right: mean(told.right),
        said: mean(told.said),
        'calibration gap': largestGap(
          bins.filter(({ from }) => from >= sure - 1e-9),
          fewest,
        ),
        'right/asked too': told.right.reduce((sum, hit) => sum + hit, 0) / Math.max(1, choices),
        logloss: loss / Math.max(1, choices),
      },
      fitSeconds: (world.elapsed() - start) / 1000,
      peakRssMb: peakRssMb(),
    },
  }
}

function populationOf(customers: readonly (readonly Choice[])[]): SlotPopulation {
  const population = new SlotPopulation()
  for (const own of customers) {
    const counts = new Map<number, number>()
    for (const { item } of own) counts.set(item, (counts.get(item) ?? 0) + 1)
    population.add([...counts.keys()], [...counts.values()])
  }
  return population
}

/**
 * Reads `customer,item,time` and a column for each part of the context, numbers or words; time in Unix seconds or ISO 8601.
 * @throws HabitueError missing_column, invalid_line, invalid_file
 */
export function readChoices(path: string): ChoicesOfAll {
  const file = new DelimitedFile(path)
  const columns = { customer: file.column('customer'), item: file.column('item'), time: file.column('time') }
  const context = file.columns.flatMap((name, column) => (Object.hasOwn(columns, name) ? [] : [{ name, column }]))
  const customers = new Ids()
  const items = new Ids()
  const byCustomer: Choice[][] = []
  while (file.next()) {
    const customer = customers.add(file, columns.customer)
    const text = file.text(columns.time)
    const time = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text)
    if (Number.isNaN(time))
      throw file.error(`time: expected Unix seconds or ISO 8601, got ${JSON.stringify(text.slice(0, 40))}`)
    const said: Record<string, number | string> = {}
    for (const { name, column } of context) {
      const value = file.text(column)
      if (value !== '') said[name] = Number.isFinite(Number(value)) ? Number(value) : value
    }
    byCustomer[customer] ??= []
    byCustomer[customer].push({ item: items.add(file, columns.item), time, context: said })
  }
  for (const own of byCustomer) own.sort((a, b) => a.time - b.time)
  return { items: items.size, customers: byCustomer }
}
