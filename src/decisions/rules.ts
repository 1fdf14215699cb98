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
  const items = list(rule, 'items')
  if (items.some((item) => typeof item !== 'string' || item === '')) throw invalid('items', items, 'a list of item ids')
  if (items.length === 0 && rule.filter === undefined) throw invalid('items', undefined, 'items, or a filter')
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

/** The rules that hold now in this placement, by kind, in order of id. */
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
}

/** Whether `exclude` and `require` leave this item in. */
export function admits(rules: readonly CompiledRule[], id: number): boolean {
  let required = false
  let met = false
  for (const { rule, matches } of rules) {
    if (rule.kind === 'exclude' && matches(id)) return false
    if (rule.kind === 'require') {
      required = true
      met ||= matches(id)
    }
  }
  return !required || met
}

/** The policy that a `repeat` rule sets for an item; the last rule that matches holds. */
export function repeatPolicyOf(rules: readonly CompiledRule[], id: number): RepeatPolicy | null {
  let policy: RepeatPolicy | null = null
  for (const { rule, matches } of rules) if (rule.kind === 'repeat' && matches(id)) policy = rule.policy ?? null
  return policy
}

/**
 * Boosts and buries. Scores of models have no common zero, so they are first spread over (0, 1] within the candidates;
 * the order without rules is kept. `candidates` are sorted by score, highest first, before and after.
 */
export function weigh(candidates: Candidate[], rules: readonly CompiledRule[]): void {
  const moving = rules.filter(({ rule }) => rule.kind === 'boost' || rule.kind === 'bury')
  if (moving.length === 0 || candidates.length === 0) return
  const low = candidates[candidates.length - 1].score
  const span = candidates[0].score - low
  for (const candidate of candidates) {
    candidate.score = span > 0 ? 0.01 + (0.99 * (candidate.score - low)) / span : 1
    for (const { rule, matches } of moving) {
      if (!matches(candidate.id)) continue
      candidate.score *= rule.factor ?? 1
      candidate.rule = rule.id
    }
  }
  candidates.sort((a, b) => b.score - a.score || a.id - b.id)
}

/** Puts pinned items in their places; those without a place come first, in the rule's order. `allowed` may refuse one. */
export function pin(
  ranked: readonly Candidate[],
  rules: readonly CompiledRule[],
  count: number,
  allowed: (id: number) => boolean,
): Candidate[] {
  const pins = rules.filter(({ rule }) => rule.kind === 'pin')
  if (pins.length === 0) return ranked.slice(0, count)
  const pinned = new Map<number, Candidate>()
  const places = new Map<number, Candidate>()
  let free = 0
  for (const { rule, ids } of pins) {
    let place = rule.position === undefined ? null : rule.position - 1
    for (const id of ids) {
      if (pinned.has(id) || !allowed(id)) continue
      const candidate = { id, score: ranked[0]?.score ?? 1, rule: rule.id }
      let at = place ?? free
      while (places.has(at)) at++
      places.set(at, candidate)
      pinned.set(id, candidate)
      if (place === null) free = at + 1
      else place = at + 1
    }
  }
  const rest = ranked.filter(({ id }) => !pinned.has(id))
  const result: Candidate[] = []
  for (let at = 0; result.length < count && (rest.length > 0 || places.size > 0); at++) {
    const placed = places.get(at)
    if (placed) {
      places.delete(at)
      result.push(placed)
    } else if (rest.length > 0) result.push(rest.shift() as Candidate)
    else {
      const [next] = [...places.keys()].sort((a, b) => a - b)
      result.push(places.get(next) as Candidate)
      places.delete(next)
    }
  }
  return result
}
