/**
 * What each placement proposes: candidates with scores and, on demand, the reason of each. One function a placement;
 * rules, groups, pages and the answer's form are the decider's.
 */
import type { Catalogue } from '../catalog/catalogue.ts'
import { maySay } from '../consent/saying.ts'
import { type Explanation, explained } from '../models/evidence.ts'
import type { History, Model } from '../models/model.ts'
import type { CustomerState } from './customer-state.ts'
import { guesses, guessFor, type ServedGuess } from './first-guess.ts'
import { proposeInstead, proposeShelf } from './instead.ts'
import { itemTrust } from './nearby-trust.ts'
import { neighbourhood } from './neighbourhood.ts'
import { named, type Proposal, type Propose, proposeSorted, type Setting } from './proposal.ts'
import { type Allowance, best, firstAllowed } from './rank.ts'
import { bestFor, whyFor } from './ranking.ts'
import { proposeAskedByRating, proposeRated } from './rated.ts'
import type { PlacementName, Reason } from './request.ts'
import type { Candidate } from './rules.ts'
import type { Serving } from './serving.ts'

/** How many items of evidence a reason names. */
const evidence = 2

export const placements: Readonly<Record<PlacementName, Propose>> = {
  home: proposeHome,
  item: proposeItem,
  cart: proposeCart,
  unavailable: proposeInstead,
  items: proposeAsked,
  popular: proposePopular,
  trending: (setting, pool, allowed) => proposeSorted(setting.trends.trending, { kind: 'trending' }, pool, allowed),
  rated: proposeRated,
  new: (setting, pool, allowed) => proposeSorted(newest(setting.catalogue), { kind: 'new' }, pool, allowed),
  recent: (setting, pool, allowed) => {
    const seen = setting.customer?.recent ?? []
    const candidates = seen.map((id, i) => ({ id, score: seen.length - i }))
    return { ...proposeSorted(candidates, { kind: 'recent' }, pool, allowed), personalised: seen.length > 0 }
  },
}

function proposeHome(setting: Setting, pool: number, allowed: Allowance): Proposal {
  const { serving, customer } = setting
  if (customer?.likes) return withNewest(setting, proposeLiked(setting, customer.likes, pool, allowed), pool, allowed)
  if (serving?.guess && customer && guesses(serving.guess, customer.traits, customer.history.items.length)) {
    return withNewest(setting, proposeGuess(setting, serving, serving.guess, customer, pool, allowed), pool, allowed)
  }
  if (!serving || !customer || customer.history.items.length === 0) {
    return withNewest(setting, proposePopular(setting, pool, allowed), pool, allowed)
  }
  const { history } = customer
  const taste = serving.tasteIn('home')
  const proposal: Proposal = {
    candidates: bestFor(serving, taste, history, { count: pool, allowed, scratch: setting.scratch[0] }),
    personalised: true,
    prepare: (ids) => whyFor(taste, history, ids.map(serving.indexOf)),
    reasonOf: (id) => tasteReason(setting, { serving, taste, history }, id),
  }
  return withNewest(setting, proposal, pool, allowed)
}

/** What answers to most of the interests that were told of a recipient, what is in demand first. */
function proposeLiked(
  { trends, catalogue }: Setting,
  likes: NonNullable<CustomerState['likes']>,
  pool: number,
  allowed: Allowance,
): Proposal {
  const demand = new Map(trends.popular.map(({ id, score }) => [id, score]))
  const highest = Math.max(1, ...demand.values())
  const matching: Candidate[] = []
  for (const id of catalogue.ids()) {
    const matches = catalogue.canonical(id) === id ? likes(id) : 0
    if (matches > 0) matching.push({ id, score: matches + (0.5 * (demand.get(id) ?? 0)) / highest })
  }
  matching.sort((a, b) => b.score - a.score || a.id - b.id)
  return { ...proposeSorted(matching, { kind: 'recipient' }, pool, allowed), personalised: true }
}

/** What he told of himself is never a reason: it is not named, and neither is which of it spoke. */
function proposeGuess(
  setting: Setting,
  serving: Serving,
  { model }: ServedGuess,
  { traits, history }: CustomerState,
  pool: number,
  allowed: Allowance,
): Proposal {
  const scores = setting.scratch[0]
  model.score(traits, history, scores)
  const guessing = guessFor(model, traits)
  const reasonOf = (id: number) => {
    const index = serving.indexOf(id)
    const [explanation] = explained(guessing, history, [index], evidence + 1)
    return evidentReason(setting, serving, index, explanation, 'alike')
  }
  return { candidates: best(scores, serving.ids, pool, allowed), personalised: true, reasonOf }
}

function proposePopular(setting: Setting, pool: number, allowed: Allowance): Proposal {
  const { serving, trends } = setting
  if (trends.popular.length > 0 || !serving) return proposeSorted(trends.popular, { kind: 'popular' }, pool, allowed)
  // Where only ratings are known, no day has a view or an order to count: the models' guess for a stranger will do.
  serving.taste.score(noHistory, setting.scratch[0])
  const candidates = best(setting.scratch[0], serving.ids, pool, allowed)
  return { candidates, personalised: false, reasonOf: () => ({ kind: 'popular' }) }
}

/** Fills a proposal that is too short with popular items, then with new ones. */
function withNewest(setting: Setting, proposal: Proposal, pool: number, allowed: Allowance): Proposal {
  if (proposal.candidates.length >= pool) return proposal
  const have = new Set(proposal.candidates.map(({ id }) => id))
  const fill = new Map<number, Reason>()
  const lowest = proposal.candidates.at(-1)?.score ?? 0
  const add = (sorted: Iterable<Candidate>, reason: Reason) => {
    const missing = pool - proposal.candidates.length - fill.size
    for (const { id } of firstAllowed(
      sorted,
      missing,
      (one) => !have.has(one) && !fill.has(one) && allowed.allows(one),
    )) {
      fill.set(id, reason)
    }
  }
  add(setting.trends.popular, { kind: 'popular' })
  add(newest(setting.catalogue), { kind: 'new' })
  const filled = [...fill.keys()].map((id, i) => ({ id, score: lowest - (i + 1) * 1e-6 }))
  return {
    ...proposal,
    candidates: [...proposal.candidates, ...filled],
    prepare: (ids) => proposal.prepare?.(ids.filter((id) => !fill.has(id))),
    reasonOf: (id) => fill.get(id) ?? proposal.reasonOf(id),
  }
}

interface Ranked {
  readonly serving: Serving
  readonly taste: Model
  readonly history: History
}

function tasteReason(setting: Setting, { serving, taste, history }: Ranked, id: number): Reason {
  const index = serving.indexOf(id)
  const [explanation] = whyFor(taste, history, [index])
  const general = explanation.kind === 'popularity' && explanation.contributions.length === 0
  return evidentReason(setting, serving, index, explanation, general ? 'popular' : 'taste')
}

/** The items of the history without which this one would stand lower, as far as they may be named; else `otherwise`. */
function evidentReason(
  setting: Setting,
  serving: Serving,
  index: number,
  { kind, contributions }: Explanation,
  otherwise: Reason['kind'],
): Reason {
  const said = (item: number) => nameable(setting, serving.ids[item])
  if (contributions[0]?.item === index) return { kind: said(index) ? 'again' : 'taste', model: kind }
  const others = contributions.filter(({ item }) => item !== index && said(item)).slice(0, evidence)
  const items = others.map(({ item }) => serving.ids[item])
  if (items.length === 0) return { kind: otherwise, model: kind }
  return { kind: 'because', because: named(setting.catalogue, items), model: kind }
}

/** May this item of the customer's memory be named to him? What is sensitive is never named, whatever he agreed to. */
function nameable({ customer, dial, catalogue }: Setting, id: number): boolean {
  return !catalogue.sensitive(id) && maySay(customer?.observed.has(id) ? 'observed' : 'told', dial) === 'named'
}

/** He put it there, and it lies there: as good as told. What the request itself names is no secret. */
function inCartNameable({ cartRemembered, dial, catalogue }: Setting, id: number): boolean {
  return !catalogue.sensitive(id) && (!cartRemembered || maySay('told', dial) === 'named')
}

/** Similar and bought together: neighbours where counts speak, the description where they are thin. */
function proposeItem(setting: Setting, pool: number, allowed: Allowance): Proposal {
  const { serving, seed } = setting
  const index = serving && seed !== null ? serving.indexOf(seed) : -1
  if (!serving || seed === null || index < 0) return proposeShelf(setting, pool, allowed, 'similar')
  const [scores, other] = setting.scratch
  const parts = neighbourhood(serving, [index], scores, other, itemTrust(serving.counts[index], serving.trust))
  const because = named(setting.catalogue, [seed])
  const candidates = best(scores, serving.ids, pool, allowed)
  return {
    candidates,
    personalised: false,
    reasonOf: (id) => {
      const i = serving.indexOf(id)
      return { kind: parts.together(i) >= parts.content(i) ? 'together' : 'similar', because }
    },
  }
}

function proposeCart(setting: Setting, pool: number, allowed: Allowance): Proposal {
  const { serving, cart } = setting
  const discreet = setting.customer?.discreet ?? ((id: number) => setting.catalogue.sensitive(id))
  const seeds = cart.filter((id) => !discreet(id))
  const indices = serving ? seeds.map((id) => serving.indexOf(id)).filter((index) => index >= 0) : []
  if (!serving || indices.length === 0) {
    return {
      ...proposeSorted(setting.trends.popular, { kind: 'popular' }, pool, allowed),
      note: cart.length === 0 ? 'the cart is empty' : undefined,
    }
  }
  const [scores, other] = setting.scratch
  const parts = neighbourhood(serving, indices, scores, other, serving.trust.cart)
  const candidates = best(scores, serving.ids, pool, allowed)
  return {
    candidates,
    personalised: setting.cartRemembered,
    reasonOf: (id) => {
      const i = serving.indexOf(id)
      const speaking = parts.evidence(i, evidence).map((one) => serving.ids[one])
      const because = named(
        setting.catalogue,
        speaking.filter((one) => inCartNameable(setting, one)),
      )
      const kind = parts.together(i) >= parts.content(i) ? 'together' : 'similar'
      return because.length > 0 ? { kind, because } : { kind }
    },
  }
}

/** Ranks exactly the items asked for; what the models do not know comes last, in the order given. */
function proposeAsked(setting: Setting, _pool: number, allowed: Allowance): Proposal {
  if (setting.order === 'rating') return proposeAskedByRating(setting, allowed)
  const { serving, customer, asked } = setting
  const scores = setting.scratch[0]
  const personal = serving !== null && customer !== null && customer.history.items.length > 0
  const taste = serving?.tasteIn('items')
  taste?.score(personal ? customer.history : noHistory, scores)
  const scoreOf = (id: number) => {
    const index = serving ? serving.indexOf(id) : -1
    return index >= 0 ? scores[index] : Number.NEGATIVE_INFINITY
  }
  const known = asked.filter(allowed.allows).map((id, i) => ({ id, score: scoreOf(id), i }))
  known.sort((a, b) => (a.score === b.score ? a.i - b.i : b.score - a.score))
  const lowest = known.reduce((least, { score }) => (Number.isFinite(score) ? Math.min(least, score) : least), 0)
  const candidates = known.map(({ id, score, i }) => ({ id, score: Number.isFinite(score) ? score : lowest - 1 - i }))
  const note = setting.unknown.length > 0 ? `not in the catalogue: ${listOf(setting.unknown)}` : undefined
  return {
    candidates,
    personalised: personal,
    note,
    prepare: (ids) => {
      const liked = ids.filter((id) => Number.isFinite(scoreOf(id)))
      if (personal && taste) whyFor(taste, customer.history, liked.map(serving.indexOf))
    },
    reasonOf: (id) => {
      if (!personal || !taste || !Number.isFinite(scoreOf(id))) return { kind: 'asked' }
      const reason = tasteReason(setting, { serving, taste, history: customer.history }, id)
      return reason.kind === 'because' ? reason : { kind: 'asked', model: reason.model }
    },
  }
}

/** The first few names, and how many more. */
function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => JSON.stringify(name.slice(0, 100)))
  return shown.join(', ') + (names.length > shown.length ? ` and ${names.length - shown.length} more` : '')
}

/** Internal ids rise as items are first described. A boost of 2 lifts an item past the ten that came after it. */
function* newest(catalogue: Catalogue): Generator<Candidate> {
  let newer = 0
  for (let id = catalogue.length - 1; id > 0; id--) {
    if (catalogue.has(id) && !catalogue.provisional(id)) yield { id, score: 10 / (10 + newer++) }
  }
}

const noHistory: History = { items: new Int32Array(0), weights: new Float32Array(0) }
