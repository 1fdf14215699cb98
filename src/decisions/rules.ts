/**
 * The shop's own rules, as data. A rule says in which placements and when it holds, which items it is about, and what
 * it does to them. Pure: rules in, changed candidates out.
 */
import type { ItemFilter, ItemPredicate } from '../catalog/filter.ts'
import { HabitueError } from '../errors.ts'
import { type PlacementName, placementNames } from './request.ts'

export const ruleKinds = ['pin', 'boost', 'bury', 'require', 'exclude', 'repeat'] as const
export type RuleKind = (typeof ruleKinds)[number]

/** May an item that the customer already has be shown again? `learned` = as this shop's customers buy again. */
export type RepeatPolicy = 'learned' | 'never' | 'always'

export interface Rule {
  readonly id: string
  readonly kind: RuleKind
  /** Where it holds; absent = everywhere. */
  readonly placements?: readonly PlacementName[]
  /** For whom: customers in one of these segments; absent = everybody. */
  readonly segments?: readonly string[]
  /** The shop's ids of the items that it is about. */
  readonly items?: readonly string[]
  /** Or a description of them; both given: either. */
  readonly filter?: ItemFilter
  /** `boost` (above 1) and `bury` (below 1): what the score is multiplied with. */
  readonly factor?: number
  /** `pin`: the place in the list, from 1. */
  readonly position?: number
  /** `repeat`: the policy for the items that it is about. */
  readonly policy?: RepeatPolicy
  /** Milliseconds since 1970; from inclusive, until exclusive. */
  readonly from?: number
  readonly until?: number
  readonly note?: string
}

/** A rule whose items are compiled to a predicate over internal ids. */
export interface CompiledRule {
  readonly rule: Rule
  readonly ids: ReadonlySet<number>
  readonly matches: (id: number) => boolean
}

/** What the catalogue does for rules. */
export interface RuleCatalogue {
  idOf(name: string): number | undefined
  compileFilter(filter: ItemFilter): ItemPredicate
}

/** Checks one rule. @throws HabitueError invalid_rule naming the field, what was got and what was expected */
export function checkRule(input: unknown): Rule {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw invalid('the rule', input, 'an object')
  const rule = input as Record<string, unknown>
  if (typeof rule.id !== 'string' || rule.id === '' || rule.id.length > 100) {
    throw invalid('id', rule.id, 'a text of 1 to 100 characters')
  }
  if (!ruleKinds.includes(rule.kind as RuleKind)) throw invalid('kind', rule.kind, `one of ${ruleKinds.join(', ')}`)
  for (const place of list(rule, 'placements')) {
    if (!placementNames.includes(place as PlacementName)) {
      throw invalid('placements', place, `some of ${placementNames.join(', ')}`)
    }
  }
  const segments = list(rule, 'segments')
  if (rule.segments !== undefined && (segments.length === 0 || segments.some((name) => typeof name !== 'string')))
    throw invalid('segments', rule.segments, 'names of segments')
  const items = list(rule, 'items')
  if (items.some((item) => typeof item !== 'string' || item === '')) throw invalid('items', items, 'a list of item ids')
  if (items.length === 0 && rule.filter === undefined) throw invalid('items', undefined, 'items, or a filter')
  if (rule.filter !== undefined && (typeof rule.filter !== 'object' || rule.filter === null)) {
    throw invalid('filter', rule.filter, 'an object')
  }
  checkEffect(rule)
  for (const field of ['from', 'until'] as const) {
    if (rule[field] !== undefined && !Number.isFinite(rule[field])) throw invalid(field, rule[field], 'a time')
  }
  if (rule.from !== undefined && rule.until !== undefined && Number(rule.from) >= Number(rule.until)) {
    throw invalid('until', rule.until, 'a time after "from"')
  }
  return rule as unknown as Rule
}

function checkEffect(rule: Record<string, unknown>): void {
  const factor = rule.factor
  if (rule.kind === 'boost' && !(typeof factor === 'number' && factor > 1 && factor <= 100)) {
    throw invalid('factor', factor, 'a number above 1, at most 100')
  }
  if (rule.kind === 'bury' && !(typeof factor === 'number' && factor > 0 && factor < 1)) {
    throw invalid('factor', factor, 'a number between 0 and 1')
  }
  if (rule.kind === 'pin' && rule.position !== undefined) {
    const position = rule.position as number
    if (!Number.isInteger(position) || position < 1 || position > 100) {
      throw invalid('position', position, 'a whole number from 1 to 100')
    }
  }
  if (rule.kind === 'pin' && list(rule, 'items').length === 0) throw invalid('items', rule.items, 'the items to pin')
  if (rule.kind === 'repeat' && !['learned', 'never', 'always'].includes(rule.policy as string)) {
    throw invalid('policy', rule.policy, 'one of learned, never, always')
  }
}

function list(rule: Record<string, unknown>, field: string): unknown[] {
  const value = rule[field]
  if (value === undefined) return []
  if (!Array.isArray(value)) throw invalid(field, value, 'a list')
  return value
}

function invalid(field: string, got: unknown, expected: string): HabitueError {
  const shown = got === undefined ? 'nothing' : JSON.stringify(got)
  return new HabitueError('invalid_rule', `A rule's "${field}" is ${shown}; expected ${expected}.`, { field, expected })
}

export function compileRule(rule: Rule, catalogue: RuleCatalogue): CompiledRule {
  const ids = new Set((rule.items ?? []).flatMap((name) => catalogue.idOf(name) ?? []))
  const byFilter = rule.filter ? catalogue.compileFilter(rule.filter) : null
  return { rule, ids, matches: (id) => ids.has(id) || (byFilter?.(id) ?? false) }
}

/** The rules that hold now in this placement, in the order given. */
export function rulesFor(rules: readonly CompiledRule[], placement: PlacementName, now: number): CompiledRule[] {
  return rules.filter(
    ({ rule }) =>
      (rule.placements === undefined || rule.placements.includes(placement)) &&
      (rule.from === undefined || now >= rule.from) &&
      (rule.until === undefined || now < rule.until),
  )
}

/** An item in the running, with the rule that moved it, if one did. */
export interface Candidate {
  readonly id: number
  score: number
  rule?: string
  /** The probability with which it came to stand there, where places explore. */
  propensity?: number
  /** It stands there to be tried. */
  trial?: boolean
}

/** Whether `exclude` and `require` leave this item in: no `exclude` is about it, and every `require` is. */
export function admits(rules: readonly CompiledRule[], id: number): boolean {
  for (const { rule, matches } of rules) {
    if (rule.kind === 'exclude' && matches(id)) return false
    if (rule.kind === 'require' && !matches(id)) return false
  }
  return true
}

/** The policy that a `repeat` rule sets for an item; the last rule that matches holds. */
export function repeatPolicyOf(rules: readonly CompiledRule[], id: number): RepeatPolicy | null {
  let policy: RepeatPolicy | null = null
  for (const { rule, matches } of rules) if (rule.kind === 'repeat' && matches(id)) policy = rule.policy ?? null
  return policy
}

/** The rules that change scores. */
export function movers(rules: readonly CompiledRule[]): CompiledRule[] {
  return rules.filter(({ rule }) => rule.kind === 'boost' || rule.kind === 'bury')
}

/**
 * Boosts and buries. Scores of models may be negative, so they are first brought to (0, 1], from zero or the lowest of
 * the candidates to the highest; the order without rules is kept. What was boosted names the rule; what was buried and is shown all the same is shown
 * for what speaks for it. `candidates` are sorted by score, highest first, before and after.
 */
export function weigh(candidates: Candidate[], rules: readonly CompiledRule[]): void {
  const moving = movers(rules)
  if (moving.length === 0 || candidates.length === 0) return
  const low = Math.min(0, candidates[candidates.length - 1].score)
  const span = candidates[0].score - low
  for (const candidate of candidates) {
    candidate.score = span > 0 ? 0.01 + (0.99 * (candidate.score - low)) / span : 1
    for (const { rule, matches } of moving) {
      if (!matches(candidate.id)) continue
      candidate.score *= rule.factor ?? 1
      if (rule.kind === 'boost') candidate.rule = rule.id
    }
  }
  candidates.sort((a, b) => b.score - a.score || a.id - b.id)
}

/** An item that a rule puts into a place of the list, from 0; null = before all that have none. */
export interface Pin {
  readonly id: number
  readonly place: number | null
  readonly rule: string
}

/** The items that `pin` rules place and that are `allowed`, each once: those with a place first, then in order of rules. */
export function pins(rules: readonly CompiledRule[], allowed: (id: number) => boolean): Pin[] {
  const found = new Map<number, Pin>()
  const placed = rules.filter(({ rule }) => rule.kind === 'pin' && rule.position !== undefined)
  const free = rules.filter(({ rule }) => rule.kind === 'pin' && rule.position === undefined)
  for (const { rule, ids } of [...placed, ...free]) {
    let place = rule.position === undefined ? null : rule.position - 1
    for (const id of ids) {
      if (found.has(id) || !allowed(id)) continue
      found.set(id, { id, place, rule: rule.id })
      if (place !== null) place++
    }
  }
  return [...found.values()]
}

/**
 * The list with the pinned items in their places; a place that is taken means the next free one, and a list too short to
 * reach a place ends with what belongs there.
 *
 * @param ranked the others, highest first
 * @param offset how many items were on earlier pages: places count over the whole list
 */
export function lay(ranked: readonly Candidate[], pinned: readonly Pin[], offset = 0): Candidate[] {
  const score = ranked[0]?.score ?? 1
  const places = new Map<number, Candidate>()
  for (const { id, place, rule } of pinned) {
    let at = place === null ? 0 : Math.max(0, place - offset)
    while (places.has(at)) at++
    places.set(at, { id, score, rule })
  }
  const result: Candidate[] = []
  for (const candidate of ranked) {
    for (let next = places.get(result.length); next; next = places.get(result.length)) {
      places.delete(result.length)
      result.push(next)
    }
    result.push(candidate)
  }
  const rest = [...places].sort(([a], [b]) => a - b)
  return [...result, ...rest.map(([, candidate]) => candidate)]
}
