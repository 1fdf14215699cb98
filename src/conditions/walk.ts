/** One walk over a condition's tree: what it uses, and what it may not do. */
import type { ASTNode } from '@marcbachmann/cel-js'
import { parseSpan } from './clock.ts'
import { mistake, rootNames, unknownName } from './mistakes.ts'
import { type Root, roots, shapes } from './schema.ts'

/** What a condition looks at, so that nothing else need be read for it. */
export interface Uses {
  readonly roots: ReadonlySet<Root>
  /** Fields of the customer. */
  readonly customer: ReadonlySet<string>
  /** Names of events; null = events of every name. */
  readonly eventNames: ReadonlySet<string> | null
  /** How far back events are looked at, milliseconds; null = without limit. */
  readonly reach: number | null
  /** Whether lines of orders or carts are looked at, and what orders earned. */
  readonly lines: boolean
  readonly margin: boolean
  /** Whether it is asked in which context something happened. */
  readonly context: boolean
}

const loops = new Set(['all', 'exists', 'exists_one', 'filter', 'map'])
const totals = new Set(['sum', 'avg', 'min', 'max'])
const spans = new Set(['within', 'before', 'olderThan', 'newerThan'])

interface Walk {
  readonly text: string
  readonly scope: readonly Root[]
  readonly roots: Set<Root>
  readonly customer: Set<string>
  readonly named: Set<string>
  events: number
  namedEvents: number
  boundedEvents: number
  reach: number
  lines: boolean
  margin: boolean
  context: boolean
}

/** @throws HabitueError invalid_condition */
export function walk(text: string, tree: ASTNode, scope: readonly Root[]): Uses {
  const found: Walk = {
    ...{ text, scope, roots: new Set<Root>(), customer: new Set<string>(), named: new Set<string>() },
    ...{ events: 0, namedEvents: 0, boundedEvents: 0, reach: 0 },
    ...{ lines: false, margin: false, context: false },
  }
  visit(found, tree, [], 0)
  return {
    roots: found.roots,
    customer: found.customer,
    eventNames: found.events > found.namedEvents ? null : found.named,
    reach: found.events > found.boundedEvents ? null : found.reach,
    lines: found.lines,
    margin: found.margin,
    context: found.context,
  }
}

function visit(found: Walk, node: ASTNode, bound: readonly string[], depth: number): void {
  if (node.op === 'id') visitName(found, node, bound, depth)
  else if (node.op === 'rcall') visitMethod(found, node.args, node, bound, depth)
  else {
    if (node.op === '.') noteField(found, node.args)
    if (node.op === 'call') checkCall(found, node.args[0], node.args[1], node)
    for (const child of childrenOf(node.args)) visit(found, child, bound, depth)
  }
}

function noteField(found: Walk, [receiver, field]: readonly [ASTNode, string]): void {
  if (receiver.op === 'id' && receiver.args === 'customer') found.customer.add(field)
  if (field === 'lines') found.lines = true
  if (field === 'margin') found.margin = true
  if (field === 'context') found.context = true
}

function visitName(found: Walk, node: ASTNode & { op: 'id' }, bound: readonly string[], depth: number): void {
  const name = node.args
  if (bound.includes(name) || !Object.hasOwn(roots, name)) return
  const root = name as Root
  if (!found.scope.includes(root))
    throw unknownName(found.text, node.start, name, rootNames(found.scope), 'what this condition may look at')
  if (depth > 0 && roots[root].list)
    throw mistake(found.text, node.start, `got ${root} inside a loop; expected only what belongs to its variable.`)
  found.roots.add(root)
  if (root === 'context') found.context = true
  if (root === 'events') found.events++
}

type Method = readonly [string, ASTNode, ASTNode[]]

function visitMethod(
  found: Walk,
  [name, receiver, given]: Method,
  node: ASTNode,
  bound: readonly string[],
  depth: number,
) {
  checkCall(found, name, given, node)
  const isLoop = loops.has(name) && given.length >= 2
  if (name === 'named' && receiver.op === 'id' && receiver.args === 'events' && given[0]?.op === 'value') {
    found.named.add(String(given[0].args))
    found.namedEvents++
  }
  if (totals.has(name)) checkTotal(found, receiver, given)
  if (name === 'within') noteWindow(found, receiver, given)
  visit(found, receiver, bound, depth)
  if (!isLoop) {
    for (const argument of given) visit(found, argument, bound, depth)
    return
  }
  const [variable, ...bodies] = given
  // So that the work grows with what is looked at, and not with its square.
  if (contains(receiver, ({ op }) => op === '+'))
    throw mistake(found.text, receiver.start, 'got a loop over a sum; expected a list as it is.')
  const isFree = ({ op, args }: ASTNode) => op === 'id' && !bound.includes(args as string)
  if (depth > 0 && contains(receiver, isFree))
    throw mistake(
      found.text,
      receiver.start,
      'got a loop inside a loop; expected one over what belongs to its variable.',
    )
  const own = variable.op === 'id' ? variable.args : ''
  if (Object.hasOwn(roots, own) || own === 'now')
    throw mistake(found.text, variable.start, `got a variable named "${own}"; expected a name that means nothing else.`)
  for (const body of bodies) visit(found, body, [...bound, own], depth + 1)
}

/** The list that a chain of methods begins with. */
function sourceOf(receiver: ASTNode): string | null {
  let from = receiver
  while (from.op === 'rcall' && from.args[0] !== 'map') from = from.args[1]
  return from.op === 'id' ? from.args : null
}

function noteWindow(found: Walk, receiver: ASTNode, [span]: readonly ASTNode[]): void {
  const length = span?.op === 'value' && typeof span.args === 'string' ? parseSpan(span.args) : null
  if (length === null || sourceOf(receiver) !== 'events') return
  found.boundedEvents++
  found.reach = Math.max(found.reach, length)
}

/** A total of a list that comes from `orders` is of a number of an order. */
function checkTotal(found: Walk, receiver: ASTNode, given: readonly ASTNode[]): void {
  const field = given[0]
  if (field?.op !== 'value' || typeof field.args !== 'string') return
  if (field.args === 'margin') found.margin = true
  if (sourceOf(receiver) !== 'orders') return
  const numbers = Object.entries(shapes.Order).flatMap(([name, kind]) =>
    kind.startsWith('number') || kind === 'count' ? [name] : [],
  )
  if (!numbers.includes(field.args))
    throw unknownName(found.text, field.start, field.args, numbers, 'a number of an order')
}

function checkCall(found: Walk, name: string, given: readonly ASTNode[], node: ASTNode): void {
  if (name === 'matches')
    throw mistake(
      found.text,
      node.start,
      'got matches(); expected contains(), startsWith() or endsWith(): a pattern may take for ever.',
    )
  if (name === 'bind') throw mistake(found.text, node.start, 'got bind(); expected a condition without variables.')
  if (!spans.has(name)) return
  const last = given.at(-1)
  if (last?.op === 'value' && typeof last.args === 'string' && parseSpan(last.args) === null)
    throw mistake(
      found.text,
      last.start,
      `got the span "${last.args}"; expected a number and s, m, h, d, w or y, such as "90d".`,
    )
}

function contains(node: ASTNode, is: (node: ASTNode) => boolean): boolean {
  return is(node) || childrenOf(node.args).some((child) => contains(child, is))
}

/** The nodes in whatever the arguments of an operator are: a node, a list, pairs. */
function childrenOf(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf)
  return typeof args === 'object' && args !== null && 'op' in args ? [args as ASTNode] : []
}

/**
 * The text with each `has(x)` as `(x != null)`: whatever is missing is null here, which CEL's own `has` would take for
 * something that is there.
 */
export function withoutHas(text: string, tree: ASTNode): string {
  const found: (ASTNode & { op: 'call' })[] = []
  const collect = (node: ASTNode): void => {
    if (node.op === 'call' && node.args[0] === 'has' && node.args[1].length === 1) found.push(node)
    else for (const child of childrenOf(node.args)) collect(child)
  }
  collect(tree)
  let result = text
  for (const node of found.sort((a, b) => b.start - a.start)) {
    const inner = node.args[1][0]
    result = `${result.slice(0, node.start)}(${text.slice(inner.start, inner.end)} != null)${result.slice(node.end)}`
  }
  return result
}
