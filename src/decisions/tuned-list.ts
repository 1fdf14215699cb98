/** The list of a tuned placement: what he ignored goes down, the list is chosen as a whole, and some places try something. */
import type { Catalogue } from '../catalog/catalogue.ts'
import { drawTrials, type Trial, thompsonShares } from '../models/exploration.ts'
import { chooseList, type ListCandidate, tasteShares } from '../models/list-choice.ts'
import type { Setting } from './proposal.ts'
import type { Allowance } from './rank.ts'
import type { Candidate } from './rules.ts'
import type { Tuning } from './tuning.ts'

/** What is known of how lists of a placement are looked at (feedback.ts). */
export interface Feedback {
  /** Showings of an item, each as much as its place is looked at, and its clicks. */
  trialOf(item: number): Trial
  readonly usual: number
}

/** By internal id, how often he was shown it since he last cared for it. */
export type Ignored = ReadonlyMap<number, number>

export interface TunedNeeds {
  readonly setting: Setting
  readonly tuning: Tuning
  readonly ignored: Ignored | null
  readonly feedback: Feedback
  readonly allowed: Allowance
  readonly random: () => number
}

/** Items shown less often than this, as far as they were looked at, are tried. */
const fewShown = 40
/** Candidates of a trial, of those in the pool and of the newest each. */
const mostTried = 12
/** How far back the newest are looked for. */
const mostLookedAt = 500

/** The first `wanted` of `candidates` as the settings choose them; where places explore, each has its propensity. */
export function tunedList(candidates: readonly Candidate[], wanted: number, needs: TunedNeeds): Candidate[] {
  const { tuning, ignored } = needs
  const rested = tuning.rotation > 0 && ignored !== null ? rotated(candidates, ignored, tuning.rotation) : candidates
  const chosen = tuning.diversity + tuning.calibration + tuning.novelty > 0 ? chosenOf(rested, wanted, needs) : rested
  return tuning.exploration > 0 ? explored(chosen.slice(0, wanted), candidates, needs) : chosen.slice(0, wanted)
}

/** Scores are spread from the lowest: what was ignored n times keeps (1 - rotation)^n of what it is above that. */
function rotated(candidates: readonly Candidate[], ignored: Ignored, rotation: number): Candidate[] {
  const low = candidates.reduce((least, { score }) => Math.min(least, score), Number.POSITIVE_INFINITY)
  const rested = candidates.map((one) => {
    const times = ignored.get(one.id) ?? 0
    return times === 0 ? one : { ...one, score: low + (one.score - low) * (1 - rotation) ** times }
  })
  return rested.sort((a, b) => b.score - a.score || a.id - b.id)
}

function chosenOf(candidates: readonly Candidate[], wanted: number, { setting, tuning }: TunedNeeds): Candidate[] {
  const { catalogue, serving, customer } = setting
  const described = candidates.map(({ id, score }): ListCandidate => {
    const index = serving?.indexOf(id) ?? -1
    return { score, categories: catalogue.categoryIds(id), chosenBy: index < 0 || !serving ? 0 : serving.counts[index] }
  })
  const taste = customer && serving ? tasteOf(setting, catalogue) : null
  return chooseList(described, wanted, tuning, taste).map((at) => candidates[at])
}

function tasteOf({ customer, serving }: Setting, catalogue: Catalogue): ReadonlyMap<number, number> | null {
  if (!customer || !serving) return null
  const { items, weights } = customer.history
  return tasteShares(
    Array.from(items, (index, n) => ({ categories: catalogue.categoryIds(serving.ids[index]), weight: weights[n] })),
  )
}

/**
 * Each place after the first tries, with the probability set, one of the items that were hardly shown: of the pool beyond the
 * list, and the newest of the catalogue. A place's propensity is the probability that its item came to stand there, given
 * those above it.
 */
function explored(list: readonly Candidate[], pool: readonly Candidate[], needs: TunedNeeds): Candidate[] {
  const { tuning, feedback, random } = needs
  const trials = trialsOf(list, pool, needs)
  if (trials.length === 0) return list.map((one) => ({ ...one, propensity: 1 }))
  const shares = thompsonShares(
    trials.map(({ id }) => feedback.trialOf(id)),
    feedback.usual,
    random,
  )
  const draws = drawTrials(list.length, shares, tuning.exploration, random)
  return list.map((one, place) => {
    const { trial, propensity } = draws[place]
    return trial === null ? { ...one, propensity } : { id: trials[trial].id, score: one.score, trial: true, propensity }
  })
}

function trialsOf(list: readonly Candidate[], pool: readonly Candidate[], needs: TunedNeeds): { id: number }[] {
  const { setting, feedback, allowed } = needs
  const { catalogue } = setting
  const taken = new Set(list.map(({ id }) => id))
  const isNew = (id: number) => !taken.has(id) && feedback.trialOf(id).shown < fewShown
  const found = pool.filter(({ id }) => isNew(id)).slice(0, mostTried)
  for (const { id } of found) taken.add(id)
  const newest: { id: number }[] = []
  const last = Math.max(0, catalogue.length - 1 - mostLookedAt)
  for (let id = catalogue.length - 1; id > last && newest.length < mostTried; id--) {
    if (catalogue.has(id) && !catalogue.provisional(id) && isNew(id) && allowed.allows(id)) newest.push({ id })
  }
  return [...found, ...newest]
}
