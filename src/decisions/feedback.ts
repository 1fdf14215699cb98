/**
 * How lists are looked at, from the log of the last weeks: how much each place is, and of each item how often it was
 * shown (as much as its places are looked at) and clicked. Counted again when somebody asks after a while, behind his back.
 */
import { inChunks } from '../db/batch.ts'
import type { Reader } from '../db/database.ts'
import type { Trial } from '../models/exploration.ts'
import { fitPositionBias, type PlaceCount, type PositionBias } from '../models/position-bias.ts'
import type { World } from '../world.ts'
import type { PlacementName } from './request.ts'
import type { Feedback } from './tuned-list.ts'

const dayMs = 86_400_000
const reachMs = 30 * dayMs
const mostDecisions = 20_000
const everyMs = 60_000
const idsAtOnce = 500
/** Of a placement of which nothing is known. */
const startingRate = 0.05
/** What somebody does who cares for an item that he was shown. */
export const caring: ReadonlySet<string> = new Set(['click', 'view', 'cart', 'order'])

export interface PlacementFeedback extends Feedback {
  readonly bias: PositionBias
  /** Lists that were counted. */
  readonly decisions: number
}

export function feedbackOf({ counts, trials: tried, decisions }: PlaceCounts): PlacementFeedback {
  const bias = fitPositionBias(counts, tried)
  const trials = new Map<number, { shown: number; clicks: number }>()
  for (const { item, place, shown, clicks } of counts) {
    const own = trials.get(item) ?? { shown: 0, clicks: 0 }
    own.shown += shown * bias.looked[place]
    own.clicks += clicks
    trials.set(item, own)
  }
  const none: Trial = { shown: 0, clicks: 0 }
  return {
    bias,
    decisions,
    usual: bias.usual > 0 ? bias.usual : startingRate,
    trialOf: (item) => trials.get(item) ?? none,
  }
}

export interface PlaceCounts {
  readonly counts: readonly PlaceCount[]
  /** Of these, what stood there to be tried. */
  readonly trials: readonly PlaceCount[]
  /** Lists that were counted. */
  readonly decisions: number
}

const noCounts: PlaceCounts = { counts: [], trials: [], decisions: 0 }

/** Showings and clicks by item and place in the latest lists of a placement. */
export async function readPlaceCounts(reader: Reader, placement: PlacementName, now: number): Promise<PlaceCounts> {
  const rows = await reader.k
    .selectFrom('decisions')
    .select(['id', 'items'])
    .where('placement', '=', placement)
    .where('time', '>=', now - reachMs)
    .orderBy('time', 'desc')
    .limit(mostDecisions)
    .execute()
  const counts: Tally = new Map()
  const trials: Tally = new Map()
  for (const chunk of inChunks(rows, idsAtOnce)) {
    const ids = chunk.map(({ id }) => id)
    const outcomes = await reader.k
      .selectFrom('outcomes')
      .select(['decision', 'item', 'kind'])
      .where('decision', 'in', ids)
      .execute()
    const cared = new Set(outcomes.filter(({ kind }) => caring.has(kind)).map((one) => `${one.decision} ${one.item}`))
    for (const { id, items } of chunk) {
      for (const [place, [item, , kind]] of (JSON.parse(items) as [number, number, string][]).entries()) {
        const isCaredFor = cared.has(`${id} ${item}`)
        add(counts, item, place, isCaredFor)
        if (kind === 'trial') add(trials, item, place, isCaredFor)
      }
    }
  }
  return { counts: [...counts.values()], trials: [...trials.values()], decisions: rows.length }
}

type Tally = Map<string, { item: number; place: number; shown: number; clicks: number }>

function add(tally: Tally, item: number, place: number, isCaredFor: boolean): void {
  const key = `${item} ${place}`
  const count = tally.get(key) ?? { item, place, shown: 0, clicks: 0 }
  count.shown++
  if (isCaredFor) count.clicks++
  tally.set(key, count)
}

export interface CurrentFeedback {
  /** As it was last counted; counts anew behind when that is a while ago. */
  of(placement: PlacementName): PlacementFeedback
  /** Counted now. */
  fresh(placement: PlacementName): Promise<PlacementFeedback>
}

export function currentFeedback(reader: Reader, world: World, onError: (error: unknown) => void): CurrentFeedback {
  const kept = new Map<PlacementName, { feedback: PlacementFeedback; at: number }>()
  const fresh = async (placement: PlacementName) => {
    const feedback = feedbackOf(await readPlaceCounts(reader, placement, world.now()))
    kept.set(placement, { feedback, at: world.elapsed() })
    return feedback
  }
  return {
    fresh,
    of(placement) {
      const found = kept.get(placement)
      const now = world.elapsed()
      if (!found || now - found.at >= everyMs) {
        const old = found?.feedback ?? feedbackOf(noCounts)
        kept.set(placement, { feedback: old, at: now })
        fresh(placement).catch(onError)
        return old
      }
      return found.feedback
    },
  }
}
