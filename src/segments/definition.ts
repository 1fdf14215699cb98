/**
 * Segments as data: a name and a condition in CEL. Those built in are plain rules in the same language, behind names that a
 * better model may take over; `params` gives them what is so only by comparison with all customers (levels.ts).
 */
import { type Condition, compileCondition, type Root } from '../conditions/condition.ts'
import type { Purpose } from '../consent/policy.ts'
import { HabitueError } from '../errors.ts'

export interface SegmentDefinition {
  readonly name: string
  readonly title: string
  readonly description: string
  /** CEL (docs/conditions.md). */
  readonly condition: string
}

export interface Segment extends SegmentDefinition {
  readonly builtIn: boolean
  /** Why its customers are looked at: who refuses this is in none of its kind. */
  readonly purpose: Purpose
  /** Milliseconds; null = built in. */
  readonly updated: number | null
}

/** What a segment may look at; those built in also at `params`, the levels. */
export const scope: readonly Root[] = ['customer', 'orders', 'events', 'cart']

const builtInPurpose = (name: string): Purpose => (name === 'open-complaint' ? 'service' : 'personalisation')

const rules: readonly SegmentDefinition[] = [
  {
    name: 'best-tenth',
    title: 'Best tenth',
    description:
      'The tenth of the customers who brought the most in the last 365 days, after returns: by margin where costs are known, else by revenue.',
    condition: "orders.within('365d').sum(params.measure) >= params.best && params.best > 0",
  },
  {
    name: 'new',
    title: 'New',
    description: 'Ordered for the first time in the last 30 days.',
    condition: "newerThan(customer.firstOrder, '30d')",
  },
  {
    name: 'second-order-due',
    title: 'Second order due',
    description: "One order, as long ago as it takes half of this shop's customers to order again, and not lapsed.",
    condition:
      'customer.orders == 1 && daysSince(customer.lastOrder) >= params.second && daysSince(customer.lastOrder) < 2.0 * customer.interval',
  },
  {
    name: 'lapsed',
    title: 'Lapsed',
    description:
      "No order for twice the customer's own median interval; with fewer than three orders, for twice the shop's.",
    condition: 'customer.orders >= 1 && daysSince(customer.lastOrder) >= 2.0 * customer.interval',
  },
  {
    name: 'many-returns',
    title: 'Many returns',
    description: 'Sent back at least three pieces and two fifths of what was bought in the last 365 days.',
    condition:
      "orders.within('365d').sum('returned') >= 3 && orders.within('365d').sum('returned') >= 0.4 * orders.within('365d').sum('quantity')",
  },
  {
    name: 'open-complaint',
    title: 'Open complaint',
    description: 'Complained, and it is not settled.',
    condition: 'customer.openComplaint',
  },
]

export const builtIns: readonly Segment[] = rules.map((rule) => ({
  ...rule,
  builtIn: true,
  purpose: builtInPurpose(rule.name),
  updated: null,
}))

const names = new Set(builtIns.map(({ name }) => name))

export function isBuiltIn(name: string): boolean {
  return names.has(name)
}

export interface CompiledSegment extends Segment {
  readonly compiled: Condition
}

/** Compiled once for each text: conditions hold no data. */
const held = new Map<string, Condition>()
const mostHeld = 500

/** @throws HabitueError invalid_condition */
export function compiledCondition(text: string): Condition {
  return compiledIn(text, scope)
}

function compiledIn(text: string, roots: readonly Root[]): Condition {
  const key = `${roots.length} ${text}`
  let condition = held.get(key)
  if (condition === undefined) {
    condition = compileCondition(text, roots)
    if (held.size >= mostHeld) held.clear()
    held.set(key, condition)
  }
  return condition
}

export function compiled(segment: Segment): CompiledSegment {
  return { ...segment, compiled: compiledIn(segment.condition, segment.builtIn ? [...scope, 'params'] : scope) }
}

const limits = { title: 200, description: 2000 }

/**
 * Checks a definition from outside. A condition that asks of which segments somebody is would depend on the order in which
 * they are settled.
 * @throws HabitueError invalid_segment, invalid_condition, conflict
 */
export function checkDefinition({ name, title, description, condition }: SegmentDefinition): SegmentDefinition {
  if (!/^[a-z0-9][a-z0-9_-]{0,99}$/.test(name))
    throw invalid('name', name, 'small letters, digits, - and _, at most 100, the first a letter or a digit')
  if (isBuiltIn(name))
    throw new HabitueError('conflict', `The segment "${name}" is built in; choose another name.`, { name })
  for (const [field, value] of Object.entries({ title, description }))
    if (value.length > limits[field as keyof typeof limits])
      throw invalid(field, `${value.length} characters`, `at most ${limits[field as keyof typeof limits]}`)
  const { uses } = compiledCondition(condition)
  if (uses.customer.has('segments'))
    throw invalid('condition', 'customer.segments', 'a condition that does not look at other segments')
  return { name, title: title.trim() === '' ? name : title.trim(), description: description.trim(), condition }
}

function invalid(field: string, got: string, expected: string): HabitueError {
  return new HabitueError(
    'invalid_segment',
    `A segment's "${field}" is ${JSON.stringify(got)}; expected ${expected}.`,
    {
      field,
      expected,
    },
  )
}
