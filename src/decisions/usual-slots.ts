/** Slots: a category and its items; and what everybody chooses in each, counted again from time to time. */
import { setTimeout } from 'node:timers/promises'
import type { Catalogue } from '../catalog/catalogue.ts'
import type { SignalWeights } from '../config.ts'
import type { PopulationPermit } from '../consent/permit.ts'
import type { Reader } from '../db/database.ts'
import { trainingRows } from '../memory/training-rows.ts'
import { SlotPopulation } from '../models/usual-prior.ts'
import type { World } from '../world.ts'

/** Internal ids of the items of the category `slot`, whatever its case; empty where there is none. */
export function slotItems(catalogue: Catalogue, slot: string): number[] {
  const wanted = slot.toLowerCase()
  const isSlot = new Map<number, boolean>()
  const inSlot = (category: number) => {
    const known = isSlot.get(category)
    if (known !== undefined) return known
    const found = catalogue.categoryName(category).toLowerCase() === wanted
    isSlot.set(category, found)
    return found
  }
  const items: number[] = []
  for (const id of catalogue.ids()) {
    if (catalogue.canonical(id) === id && catalogue.categoryIds(id).some(inSlot)) items.push(id)
  }
  return items
}

export type Populations = ReadonlyMap<string, SlotPopulation>

const nobody: Populations = new Map()

export interface CurrentPopulations {
  /** What is known of everybody, by lower-case category. */
  get(): Promise<Populations>
}

/**
 * Counting again waits for this, and for two hundred times as long as the last count took; never for a day, because who
 * withdraws from training is to be left out by then.
 */
const everyMs = 10 * 60_000
const latestMs = 12 * 3_600_000
const restTimes = 200
/** The first request waits so long for the count, then goes without. */
const firstMs = 1_000
/** More say nothing new of what people like, and reading them costs. */
const mostCustomers = 20_000
/** Of each customer and category the items chosen most. */
const mostItems = 12

export interface PopulationNeeds {
  readonly db: Reader
  readonly catalogue: Catalogue
  readonly signals: SignalWeights
  readonly world: World
  /** Whose choices may be learned from now; null = nobody's. */
  readonly permit: () => Promise<PopulationPermit | null>
  readonly onError: (error: unknown) => void
}

/** Counted when first asked for, and again in the background when it is old. */
export function currentPopulations(needs: PopulationNeeds): CurrentPopulations {
  let kept: { readonly until: number; readonly populations: Populations } | undefined
  let counting: Promise<Populations> | undefined
  const count = async (): Promise<Populations> => {
    const begun = needs.world.elapsed()
    const allowed = await needs.permit()
    const populations = allowed ? await countPopulations(needs, allowed) : new Map<string, SlotPopulation>()
    const took = needs.world.elapsed() - begun
    kept = { until: needs.world.now() + Math.min(latestMs, Math.max(everyMs, restTimes * took)), populations }
    return populations
  }
  return {
    async get() {
      if (kept && needs.world.now() < kept.until) return kept.populations
      counting ??= count()
        .catch((error) => {
          needs.onError(error)
          return nobody
        })
        .finally(() => {
          counting = undefined
        })
      return kept?.populations ?? Promise.race([counting, setTimeout(firstMs, nobody, { ref: false })])
    },
  }
}

async function countPopulations(
  { db, catalogue, signals }: PopulationNeeds,
  allowed: PopulationPermit,
): Promise<Populations> {
  const populations = new Map<string, SlotPopulation>()
  let customers = 0
  for await (const { recipient, items, orders } of trainingRows(db, allowed, signals)) {
    if (recipient !== '') continue
    if (++customers > mostCustomers) break
    const byCategory = new Map<string, Map<number, number>>()
    items.forEach((called, i) => {
      if (orders[i] === 0) return
      const item = catalogue.canonical(called)
      for (const category of catalogue.categories(item)) {
        const name = category.toLowerCase()
        const chosen = byCategory.get(name) ?? new Map<number, number>()
        byCategory.set(name, chosen)
        chosen.set(item, (chosen.get(item) ?? 0) + orders[i])
      }
    })
    for (const [name, chosen] of byCategory) {
      const population = populations.get(name) ?? new SlotPopulation()
      populations.set(name, population)
      const often = [...chosen].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, mostItems)
      population.add(
        often.map(([item]) => item),
        often.map(([, times]) => times),
      )
    }
  }
  return populations
}
