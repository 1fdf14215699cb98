/**
 * The pipeline of a decision: whose memory may be used -> candidates with scores -> rules -> one of a group -> reasons
 * -> the log. It reads at request time, so the last acknowledged event counts.
 */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Ceiling } from '../consent/permit.ts'
import { HabitueError } from '../errors.ts'
import type { Identifier } from '../identity/identity.ts'
import type { Board } from '../reviews/board.ts'
import type { World } from '../world.ts'
import { allowance } from './allowance.ts'
import { type CustomerState, withoutMemory } from './customer-state.ts'
import type { CustomerStates } from './customer-states.ts'
import { rests, type Tuned, type Tunings, tunedFor } from './experiment.ts'
import { ruleReason, unpersonalised } from './explain.ts'
import type { DecisionLog } from './log.ts'
import { placements } from './placements.ts'
import type { Proposal, Setting } from './proposal.ts'
import { proposed } from './proposed.ts'
import { type Allowance, onePerGroup, pageToken, shownBefore } from './rank.ts'
import { sentence } from './reason-words.ts'
import type { Recipients } from './recipient-state.ts'
import type { RepeatPolicies } from './repeat.ts'
import type {
  DecisionAnswer,
  DecisionRequest,
  PlacementAnswer,
  PlacementName,
  PlacementRequest,
  Reason,
  RecommendedItem,
} from './request.ts'
import { asksSegments, rulesOf, type SegmentsOf } from './rule-audience.ts'
import { type Candidate, type CompiledRule, lay, pins, rulesFor, weigh } from './rules.ts'
import type { Serving } from './serving.ts'
import type { Trends } from './trends.ts'
import { type Feedback, type Ignored, tunedList } from './tuned-list.ts'
import { isTuned, type Tuning } from './tuning.ts'

/** What changes between requests, as it stands now. */
export interface Current {
  readonly serving: Serving | null
  readonly trends: Trends
  readonly rules: readonly CompiledRule[]
  /** How placements choose their lists beyond scores; mostly empty. */
  readonly tunings: Tunings
}

export interface DeciderNeeds {
  readonly catalogue: Catalogue
  readonly customers: CustomerStates
  readonly recipients: Recipients
  readonly repeats: RepeatPolicies
  readonly log: DecisionLog
  readonly world: World
  current(): Current
  /** How items stand by what customers say of them. */
  board(): Board
  segmentsOf: SegmentsOf
  /** How lists of a placement are looked at. */
  feedback(placement: PlacementName): Feedback
  /** What he was shown in a placement and ignored; null = nothing may be known of it. */
  ignored(who: Identifier, placement: PlacementName, ceiling: Ceiling): Promise<Ignored | null>
  /** Brings catalogue, rules and models up to date before a decision looks at them; undefined = they are. */
  upToDate(): Promise<void> | undefined
}

export interface Decider {
  /** @throws HabitueError invalid_body on a request that lacks what its placement needs, unknown_item */
  decide(request: DecisionRequest, ceiling: Ceiling, rules?: readonly CompiledRule[]): Promise<DecisionAnswer>
}

/** How many candidates are weighed for each item that is asked for, and at least, where rules or groups choose among them. */
const poolPerItem = 3
const smallestPool = 60

interface Work {
  readonly request: DecisionRequest
  readonly current: Current
  readonly setting: Setting
  readonly now: number
  /** Internal ids on the pages before. */
  readonly before: readonly number[]
  /** Internal ids that no placement of this answer may show (again). */
  readonly taken: Set<number>
  readonly takenGroups: Set<number>
  readonly filter: (id: number) => boolean
  readonly ignored: ReadonlyMap<PlacementName, Ignored> | null
}

export function createDecider(needs: DeciderNeeds): Decider {
  const { catalogue, customers, recipients, log, world } = needs
  let scratch: readonly [Float32Array, Float32Array] = [new Float32Array(0), new Float32Array(0)]

  const known = (request: DecisionRequest, ceiling: Ceiling, serving: Serving | null) => {
    const { customer: who, recipient } = request
    if (who === null) return null
    return recipient === undefined
      ? customers.of(who, ceiling, serving, request.context)
      : recipients.of(who, recipient, ceiling, serving)
  }
  /** By placement, where a list rests what he ignored. */
  const ignoredIn = async ({ customer, placements }: DecisionRequest, ceiling: Ceiling, tunings: Tunings) => {
    const found = new Map<PlacementName, Ignored>()
    for (const { name } of customer ? placements : []) {
      const ignored = rests(tunings, name) ? await needs.ignored(customer as Identifier, name, ceiling) : null
      if (ignored) found.set(name, ignored)
    }
    return found
  }
  /** The customer, folded for the models that serve when he was found: a swap meanwhile means looking again. */
  const found = async (request: DecisionRequest, ceiling: Ceiling, rules?: readonly CompiledRule[]) => {
    for (;;) {
      const now = needs.current()
      const customer = await known(request, ceiling, now.serving)
      const all = rules ?? now.rules
      const isNamed = ceiling !== 'anonymous' && request.ceiling !== 'anonymous'
      const own = asksSegments(all) ? await rulesOf(all, isNamed ? customer : null, needs.segmentsOf) : all
      const ignored = now.tunings.size > 0 ? await ignoredIn(request, ceiling, now.tunings) : null
      if (needs.current().serving === now.serving)
        return { current: own === now.rules ? now : { ...now, rules: own }, customer, ignored }
    }
  }

  return {
    async decide(request, ceiling, rules) {
      const stale = needs.upToDate()
      if (stale) await stale
      const { current, customer: remembered, ignored } = await found(request, ceiling, rules)
      const dial = request.ceiling ?? 'known'
      const customer = remembered && dial === 'anonymous' ? withoutMemory(remembered, catalogue) : remembered
      const { serving, trends } = current
      // From here on nothing waits, so the scratch vectors are this decision's alone.
      const length = serving?.ids.length ?? 0
      if (scratch[0].length !== length) scratch = [new Float32Array(length), new Float32Array(length)]
      const asked = named(request, customer, catalogue)
      const { order = 'taste' } = request
      const setting = { serving, catalogue, trends, customer, dial, scratch, order, board: needs.board(), ...asked }
      const work = begin({ request, current, setting, now: world.now(), ignored }, catalogue)
      const answers: Record<string, PlacementAnswer> = {}
      const decisionId = newDecisionId(world)
      let personalised = false
      for (const placement of request.placements) {
        const tuned = current.tunings.size > 0 ? tunedFor(current.tunings, placement.name, unitOf(customer)) : null
        const own = tuned?.tuning.personal === false ? impersonal(work, catalogue) : work
        const { answer, shown, personal } = place(own, placement, needs, tuned)
        answers[placement.name] = answer
        personalised ||= personal
        if (request.log !== false) log.add(entry(decisionId, work, placement, { shown, answer, tuned }))
      }
      return {
        decisionId,
        personalised,
        reason: personalised ? undefined : unpersonalised(request, customer, serving),
        purposes: personalised ? ['personalisation'] : [],
        provenance: personalised && customer ? customer.provenance : [],
        model: { version: serving?.version ?? 0, note: serving ? serving.note : 'No model is trained yet.' },
        placements: answers,
        changed: customer && dial !== 'general' && customer.changed.length > 0 ? customer.changed : undefined,
      }
    },
  }
}

/**
 * A UUID of version 7 (RFC 9562): it begins with the time, so the log's rows are added at the end of its index. Random ids
 * would each touch a page of their own.
 */
function newDecisionId(world: World): string {
  const time = world.now().toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-7${world.uuid().slice(15)}`
}

/** The items that a request names, as internal ids. */
function named(
  request: DecisionRequest,
  customer: CustomerState | null,
  catalogue: Catalogue,
): Pick<Setting, 'seed' | 'cart' | 'cartRemembered' | 'asked' | 'unknown'> {
  const idOf = (name: string): number => {
    const id = catalogue.idOf(name)
    if (id === undefined) throw new HabitueError('unknown_item', `The catalogue has no item "${name}".`, { item: name })
    return id
  }
  const places = request.placements.map(({ name }) => name)
  const seedNeeded = places.find((name) => name === 'item' || name === 'unavailable')
  if (seedNeeded && request.item === undefined) {
    throw new HabitueError('invalid_body', `The placement "${seedNeeded}" needs "item": the id of the item looked at.`)
  }
  if (places.includes('items') && !request.items?.length) {
    throw new HabitueError('invalid_body', 'The placement "items" needs "items": the ids to be ranked.')
  }
  const known = (names: readonly string[]) => names.flatMap((name) => catalogue.idOf(name) ?? [])
  return {
    seed: request.item === undefined ? null : idOf(request.item),
    cart: request.cart ? known(request.cart) : (customer?.cart ?? []),
    cartRemembered: request.cart === undefined && (customer?.cart.length ?? 0) > 0,
    asked: [...new Set(known(request.items ?? []))],
    unknown: (request.items ?? []).filter((name) => catalogue.idOf(name) === undefined),
  }
}

type Asked = Pick<Work, 'request' | 'current' | 'setting' | 'now' | 'ignored'>

function begin({ request, current, setting, now, ignored }: Asked, catalogue: Catalogue): Work {
  const before = shownBefore(request.after)
  const taken = new Set(before)
  for (const name of request.exclude ?? []) {
    const id = catalogue.idOf(name)
    if (id !== undefined) taken.add(id)
  }
  const takenGroups = new Set<number>()
  for (const id of before) if (catalogue.group(id) >= 0) takenGroups.add(catalogue.group(id))
  const filter = request.filters ? catalogue.compileFilter(request.filters) : () => true
  return { request, current, setting, now, before, taken, takenGroups, filter, ignored }
}

/** One placement of a decision. */
function place(
  work: Work,
  placement: PlacementRequest,
  needs: DeciderNeeds,
  tuned: Tuned | null,
): { answer: PlacementAnswer; shown: Candidate[]; personal: boolean } {
  const { taken, takenGroups, setting } = work
  const { catalogue } = setting
  const rules = rulesFor(work.current.rules, placement.name, work.now)
  const withheld = new Set<number>()
  const allowed = allowance({ ...work, name: placement.name, rules, repeats: needs.repeats, withheld })
  const choose = tuned && isTuned(tuned.tuning) ? chooser(work, placement, needs, tuned.tuning, allowed) : null
  const { proposal, shown } = ranked(work, placement, rules, allowed, choose)
  const more = shown.length > placement.count
  shown.length = Math.min(shown.length, placement.count)
  for (const { id } of shown) {
    taken.add(id)
    if (catalogue.group(id) >= 0) takenGroups.add(catalogue.group(id))
  }
  proposal.prepare?.(shown.flatMap((candidate) => (candidate.trial || ruleReason(candidate) ? [] : [candidate.id])))
  const items = shown.map((candidate) => listed(candidate, proposal, catalogue, work.request.language))
  const next = more ? pageToken([...work.before, ...shown.map(({ id }) => id)]) : undefined
  const notes = [proposal.note, withheld.size > 0 ? `${withheld.size} withheld by their audience rating` : undefined]
  const note = notes.filter(Boolean).join('; ') || undefined
  return {
    answer: { items, next, note },
    shown,
    personal: (proposal.personalised || asksSegments(rules)) && shown.length > 0,
  }
}

type Choose = (candidates: readonly Candidate[], wanted: number) => Candidate[]

/** The list of a tuned placement, of the candidates that are left after rules and groups. */
function chooser(
  { setting, ignored }: Work,
  { name }: PlacementRequest,
  { feedback, world }: DeciderNeeds,
  tuning: Tuning,
  allowed: Allowance,
): Choose {
  const own = ignored?.get(name) ?? null
  const needs = { setting, tuning, ignored: own, feedback: feedback(name), allowed, random: world.random }
  return (candidates, wanted) => tunedList(candidates, wanted, needs)
}

/** Who can be met again, and may be known by what he does: the others are in no experiment. */
function unitOf(customer: CustomerState | null): number | null {
  return customer?.refusal === null && customer.identifier !== null ? customer.customer : null
}

/** As for somebody of whom nothing is known; what he refused, and what is not for his age, stays away. */
function impersonal(work: Work, catalogue: Catalogue): Work {
  const { customer } = work.setting
  return customer ? { ...work, setting: { ...work.setting, customer: withoutMemory(customer, catalogue) } } : work
}

/**
 * Rules laid over the proposal, one of a group; one more than `count` where there is more. Where variants of one group
 * fill the pool, a larger one is taken.
 */
function ranked(
  work: Work,
  placement: PlacementRequest,
  rules: readonly CompiledRule[],
  allowed: Allowance,
  choose: Choose | null,
): { proposal: Proposal; shown: Candidate[] } {
  const { catalogue } = work.setting
  // The caller of `items` named each: none stands for another.
  const groupOf = placement.name === 'items' ? () => -1 : (id: number) => catalogue.group(id)
  const wanted = placement.count + 1
  // Each candidate more costs a question whether it may be shown: half of a decision, where nothing chooses among them.
  const choice = rules.length > 0 || catalogue.grouped || choose !== null
  const enough = choice ? Math.max(smallestPool, poolPerItem * placement.count) + 1 : wanted
  for (let pool = enough; ; pool *= 4) {
    const proposal = proposed(placements[placement.name], work.setting, pool, allowed, rules)
    const { candidates } = proposal
    const groups = new Set(work.takenGroups)
    let shown: Candidate[]
    if (rules.length === 0) {
      const single = onePerGroup(candidates, groupOf, groups)
      shown = choose ? choose(single, wanted) : single
    } else {
      weigh(candidates, rules)
      const pinned = onePerGroup(pins(rules, allowed.allows), groupOf, groups)
      const ids = new Set(pinned.map(({ id }) => id))
      const others = candidates.filter(({ id }) => !ids.has(id))
      const single = onePerGroup(others, groupOf, groups)
      shown = lay(choose ? choose(single, wanted) : single, pinned, work.before.length)
    }
    const whole = candidates.length < pool || pool >= catalogue.length
    if (shown.length >= wanted || whole) return { proposal, shown: shown.slice(0, wanted) }
  }
}

const trial: Reason = { kind: 'trial' }

function listed(
  candidate: Candidate,
  proposal: Proposal,
  catalogue: Catalogue,
  language: string | undefined,
): RecommendedItem {
  const own = candidate.trial ? trial : null
  const reason: Reason = own ?? ruleReason(candidate) ?? proposal.reasonOf(candidate.id)
  const { id, title, price, currency, image, url } = catalogue.card(candidate.id)
  return { id, title, price, currency, image, url, score: candidate.score, reason, text: sentence(reason, language) }
}

/** The log's row: built by hand, for it is written at every decision. */
function entry(
  id: string,
  work: Work,
  placement: PlacementRequest,
  { shown, answer, tuned }: { shown: readonly Candidate[]; answer: PlacementAnswer; tuned: Tuned | null },
) {
  let items = '['
  for (let i = 0; i < shown.length; i++) {
    const { id: item, score, propensity } = shown[i]
    const chance = propensity === undefined ? '' : `,${Number(propensity.toPrecision(6))}`
    items += `${i > 0 ? ',' : ''}[${item},${score.toPrecision(5)},"${answer.items[i].reason.kind}"${chance}]`
  }
  const { setting } = work
  const detail = tuned?.experiment
    ? JSON.stringify({ item: setting.seed ?? undefined, experiment: tuned.experiment.id, arm: tuned.experiment.arm })
    : setting.seed === null
      ? '{}'
      : `{"item":${setting.seed}}`
  return {
    id,
    time: work.now,
    placement: placement.name,
    // A decision that used nothing of a customer is not kept as his.
    identifier: setting.customer?.refusal === null ? setting.customer.identifier : null,
    model: String(setting.serving?.version ?? 0),
    items: `${items}]`,
    detail,
  }
}
