/** Slots: a category and its items; and what everybody chooses in each, counted again from time to time. */
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

export interface CurrentPopulations {
  /** What is known of everybody, by lower-case category. */
  get(): Promise<Populations>
}

const everyMs = 10 * 60_000
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

/** Counted when first asked for, and again in the background when ten minutes old. */
export function currentPopulations(needs: PopulationNeeds): CurrentPopulations {
  let kept: { readonly at: number; readonly populations: Populations } | undefined
  let counting: Promise<Populations> | undefined
  const count = async (): Promise<Populations> => {
    const at = needs.world.now()
    const allowed = await needs.permit()
    const populations = allowed ? await countPopulations(needs, allowed) : new Map<string, SlotPopulation>()
    kept = { at, populations }
    return populations
  }
  return {
    async get() {
      if (kept && needs.world.now() - kept.at < everyMs) return kept.populations
      counting ??= count().finally(() => {
        counting = undefined
      })
      if (!kept) return counting
      counting.catch(needs.onError)
      return kept.populations
    },
  }
}

async function countPopulations(
  { db, catalogue, signals }: PopulationNeeds,
  allowed: PopulationPermit,
): Promise<Populations> {
  const populations = new Map<string, SlotPopulation>()
  for await (const { recipient, items, orders } of trainingRows(db, allowed, signals)) {
    if (recipient !== '') continue
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
