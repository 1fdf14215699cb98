/**
 * The language of conditions: CEL with the shapes of schema.ts, windows, ages and whole days on a watched clock, amounts
 * that mix with whole numbers, and null for what is missing: `==` and `!=` know it, everything else about it is unknown.
 * Evaluation is synchronous, so one clock serves all.
 */
import { Environment } from '@marcbachmann/cel-js'
import {
  Age,
  ageAgainst,
  Clock,
  day,
  hour,
  momentOf,
  Now,
  nowAgainst,
  parseSpan,
  Whole,
  wholeAgainst,
  wholeNumber,
} from './clock.ts'
import { celTypeOf, type Kind, type Root, roots, type ShapeName, shapes } from './schema.ts'
import { Bag, shapeClasses, shaped } from './values.ts'

const timestamp = 'google.protobuf.Timestamp'
const duration = 'google.protobuf.Duration'
const synchronous = { async: false }
const orderings: Readonly<Record<string, (difference: number) => boolean>> = {
  '<': (d) => d < 0,
  '<=': (d) => d <= 0,
  '>': (d) => d > 0,
  '>=': (d) => d >= 0,
}

/** Thrown for what cannot be known; one for all, because the trace of each new one would cost more than the condition. */
const unknown = new Error('unknown')

function isUnknown(): never {
  throw unknown
}

export interface Language {
  readonly environment: Environment
  readonly clock: Clock
  /** The plain value of a root as CEL reads it. */
  wrap(root: Root, value: unknown): unknown
}

export function createLanguage(): Language {
  const clock = new Clock()
  const environment = new Environment({
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 400, maxDepth: 30, maxListElements: 200, maxMapEntries: 50, maxCallArguments: 8 },
  })
  addTypes(environment)
  addNumbers(environment)
  addMovingTime(environment, clock)
  addWindows(environment, clock)
  addLists(environment)
  const wrapped = new WeakMap<object, unknown>()
  const wrap = (root: Root, value: unknown) => {
    if (typeof value !== 'object' || value === null) return undefined
    const held = wrapped.get(value)
    if (held !== undefined) return held
    const made = wrapRoot(root, value)
    wrapped.set(value, made)
    return made
  }
  return { environment, clock, wrap }
}

function wrapRoot(root: Root, value: object): unknown {
  const { shape, list } = roots[root]
  if (shape === 'Bag') return new Bag(value as Readonly<Record<string, unknown>>)
  if (list) return shaped(shape, value)
  return shaped(shape, [value])[0]
}

function addTypes(environment: Environment): void {
  environment.registerType('Bag', { ctor: Bag })
  // Lines and facts first: other shapes have lists of them.
  for (const name of ['Line', 'Fact', 'Order', 'Event', 'Customer', 'Cart', 'Item'] satisfies ShapeName[]) {
    const kinds: readonly [string, Kind][] = Object.entries(shapes[name])
    const fields = Object.fromEntries(kinds.map(([field, kind]) => [field, celTypeOf[kind]]))
    environment.registerType(name, { ctor: shapeClasses[name], fields })
  }
  for (const [root, { shape, list }] of Object.entries(roots))
    environment.registerVariable(root, list ? `list<${shape}>` : shape)
  for (const type of ['string', 'int', 'double', 'bool', timestamp, duration, 'Bag', 'list<string>'])
    environment.registerOperator(`null == ${type}`, () => false)
  for (const operator of Object.keys(orderings))
    for (const type of ['string', 'int', 'double', timestamp, duration]) {
      environment.registerOperator(`null ${operator} ${type}`, isUnknown)
      environment.registerOperator(`${type} ${operator} null`, isUnknown)
    }
  environment.registerOperator('!null: bool', () => true)
  environment.registerOperator('string in Bag', (key: string, bag: Bag) => Object.hasOwn(bag.raw, key))
}

/** CEL keeps whole numbers and others apart; people who write 2500 do not. */
function addNumbers(environment: Environment): void {
  const operations: Readonly<Record<string, (a: number, b: number) => number>> = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => a / b,
  }
  for (const [operator, act] of Object.entries(operations)) {
    environment.registerOperator(`int ${operator} double: double`, (a: bigint, b: number) => act(Number(a), b))
    environment.registerOperator(`double ${operator} int: double`, (a: number, b: bigint) => act(a, Number(b)))
  }
  environment.registerOperator('double % int: double', (a: number, b: bigint) => a % Number(b))
  environment.registerOperator('double == int', (a: number, b: bigint) => a === Number(b))
}

function addMovingTime(environment: Environment, clock: Clock): void {
  environment
    .registerType('Now', { ctor: Now })
    .registerType('Age', { ctor: Age })
    .registerType('Whole', { ctor: Whole })
  environment.registerConstant('now', 'Now', new Now())
  const ms = (value: unknown) => Number(value)
  for (const [operator, sign] of [
    ['+', 1],
    ['-', -1],
  ] as const)
    environment.registerOperator(
      `Now ${operator} ${duration}: Now`,
      (a: Now, b: unknown) => new Now(a.shift + sign * ms(b)),
    )
  environment.registerOperator(`Now - ${timestamp}: Age`, (a: Now, b: Date) => new Age(b.getTime() - a.shift, 1))
  environment.registerOperator(`${timestamp} - Now: Age`, (a: Date, b: Now) => new Age(a.getTime() - b.shift, -1))
  for (const [operator, holds] of Object.entries(orderings)) {
    const compare = <A, B>(left: string, right: string, difference: (a: A, b: B) => number) => {
      environment.registerOperator(`${left} ${operator} ${right}`, (a: A, b: B) => holds(difference(a, b)))
      environment.registerOperator(`${right} ${operator} ${left}`, (b: B, a: A) => holds(-difference(a, b)))
    }
    compare<Now, Date>('Now', timestamp, (a, b) => nowAgainst(clock, a, b.getTime()))
    compare<Age, unknown>('Age', duration, (a, b) => ageAgainst(clock, a, ms(b)))
    for (const number of ['int', 'double'])
      compare<Whole, unknown>('Whole', number, (a, b) => wholeAgainst(clock, a, Number(b)))
  }
  for (const number of ['int', 'double'])
    environment.registerOperator(
      `Whole == ${number}`,
      (a: Whole, b: unknown) => wholeAgainst(clock, a, Number(b)) === 0,
    )
  environment.registerFunction('int(Whole): int', (a: Whole) => BigInt(wholeNumber(clock, a)), synchronous)
  environment.registerFunction('double(Whole): double', (a: Whole) => wholeNumber(clock, a), synchronous)
  const wholes = [
    ['daysSince', day, 1],
    ['hoursSince', hour, 1],
    ['daysUntil', day, -1],
    ['hoursUntil', hour, -1],
  ] as const
  for (const [name, unit, sign] of wholes)
    environment.registerFunction(
      `${name}(dyn): Whole`,
      (time: unknown) => new Whole(moment(time), unit, sign),
      synchronous,
    )
  const ages = [
    ['olderThan', (d: number) => d >= 0],
    ['newerThan', (d: number) => d < 0],
  ] as const
  for (const [name, holds] of ages) {
    const handler = (time: unknown, text: string) => holds(ageAgainst(clock, new Age(moment(time), 1), span(text)))
    environment.registerFunction(`${name}(dyn, string): bool`, handler, synchronous)
  }
}

/** `within('90d')`: what happened in the last 90 days; `before('90d')`: what is older. */
function addWindows(environment: Environment, clock: Clock): void {
  const timeOf = (member: Map<string, unknown>) => moment(member.get('time'))
  const within = (members: readonly Map<string, unknown>[], text: string) => {
    const length = span(text)
    return members.filter((member) => {
      const time = timeOf(member)
      clock.turns(time)
      clock.turns(time + length)
      return time <= clock.now && clock.now < time + length
    })
  }
  const before = (members: readonly Map<string, unknown>[], text: string) => {
    const length = span(text)
    return members.filter((member) => {
      const end = timeOf(member) + length
      clock.turns(end)
      return clock.now >= end
    })
  }
  for (const list of ['list<Order>', 'list<Event>', 'list<Fact>']) {
    environment.registerFunction(`${list}.within(string): ${list}`, within, synchronous)
    environment.registerFunction(`${list}.before(string): ${list}`, before, synchronous)
  }
}

function addLists(environment: Environment): void {
  type Members = readonly Map<string, unknown>[]
  const named = (members: Members, name: string) => members.filter((member) => member.get('name') === name)
  environment.registerFunction('list<Event>.named(string): list<Event>', named, synchronous)
  const ofKind = (members: Members, kind: string) => members.filter((member) => member.get('kind') === kind)
  environment.registerFunction('list<Fact>.ofKind(string): list<Fact>', ofKind, synchronous)
  environment.registerFunction(
    'list.count(): int',
    (members: readonly unknown[]) => BigInt(members.length),
    synchronous,
  )
  const numbers = (members: Members, field: string) =>
    members.map((member) => amountOf(member, field)).filter((value) => value !== null)
  const sum = (values: readonly number[]) => Math.round(values.reduce((a, b) => a + b, 0) * 1e6) / 1e6
  const totals: Readonly<Record<string, (values: readonly number[]) => number>> = {
    sum,
    avg: (values) => sum(values) / some(values).length,
    min: (values) => Math.min(...some(values)),
    max: (values) => Math.max(...some(values)),
  }
  for (const [name, act] of Object.entries(totals))
    for (const list of ['list<Order>', 'list<Event>', 'list<Line>'])
      environment.registerFunction(
        `${list}.${name}(string): double`,
        (members: Members, field: string) => act(numbers(members, field)),
        synchronous,
      )
}

/** A number of a member; of an event a property of that name too. */
function amountOf(member: Map<string, unknown>, field: string): number | null {
  const own = member.get(field)
  if (typeof own === 'number') return own
  if (typeof own === 'bigint') return Number(own)
  if (!(member instanceof shapeClasses.Event)) return null
  const property = (member.get('properties') as Bag).get(field)
  return typeof property === 'number' ? property : null
}

/** Nothing has no mean, no least and no most. */
function some(values: readonly number[]): readonly number[] {
  if (values.length === 0) throw unknown
  return values
}

function moment(value: unknown): number {
  const time = momentOf(value)
  if (time === null) throw unknown
  return time
}

function span(text: string): number {
  const length = parseSpan(text)
  if (length === null) throw unknown
  return length
}
