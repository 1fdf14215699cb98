import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HabitueError } from '../errors.ts'
import { type ConditionValues, compileCondition, type Root } from './condition.ts'

const day = 86_400_000
const now = Date.UTC(2026, 5, 1, 12)
const scope: readonly Root[] = ['customer', 'orders', 'events', 'cart', 'params']

const order = (id: string, age: number, total: number | null, more: object = {}) => ({
  ...{ id, time: now - age * day, state: 'placed', total, currency: 'EUR', quantity: 1, returned: 0, gift: false },
  ...{ lines: [], recipient: null, ...more },
})
const values: ConditionValues = {
  customer: {
    ...{ orders: 2, known: true, revenue: 2600.5, since: now - 300 * day, lastOrder: now - 20 * day, firstOrder: null },
    ...{ consent: ['marketing:email'], traits: { vip: true, city: 'Bern', children: 2, tags: ['tea'], a: { b: 1 } } },
    facts: [{ kind: 'size', value: 'M', source: 'told', time: now - day }],
  },
  orders: [
    order('b', 20, 2500, { lines: [{ item: 'x', categories: ['wine'], quantity: 6, price: 12.5 }] }),
    order('a', 80, 100.5),
  ],
  events: [
    { name: 'Product Viewed', type: 'track', time: now - day, value: null, properties: { price: 3 }, context: {} },
  ],
}
const holds = (text: string) => compileCondition(text, scope).evaluate(values, now).value

describe('conditions', () => {
  it.each([
    ["orders.within('90d').count() == 2"],
    ["orders.within('30d').sum('total') >= 2500"],
    ["orders.sum('total') == 2600.5"],
    ['orders.filter(o, o.total > 1000).count() == 1'],
    ["orders.exists(o, o.lines.exists(l, 'wine' in l.categories && l.quantity >= 6))"],
    ["orders.before('50d').count() == 1"],
    ["events.named('Product Viewed').within('7d').count() >= 1"],
    ["events.named('Product Viewed').sum('price') == 3"],
    ["customer.revenue > 2500 && 'marketing:email' in customer.consent"],
    ['daysSince(customer.lastOrder) == 20'],
    ["olderThan(customer.lastOrder, '20d') && !olderThan(customer.lastOrder, '21d')"],
    ['now - customer.lastOrder < duration("500h")'],
    ["customer.traits.city.startsWith('B') && customer.traits.children == 2"],
    ["'tea' in customer.traits.tags && customer.traits.a.b == 1"],
    ["customer.facts.exists(f, f.kind == 'size' && f.value == 'M')"],
    ['customer.revenue * 2 > 5200.5 && customer.orders + 0.5 == 2.5'],
    ['!customer.traits.unsubscribed'],
  ])('%s holds', (text) => {
    expect(holds(text)).toBe(true)
  })

  it('a comparison with what is missing is unknown, which is never true; equality knows it', () => {
    expect(holds('customer.traits.age > 18')).toBe(false)
    expect(holds('!(customer.traits.age > 18)')).toBe(false)
    expect(holds('customer.traits.age > 18 || customer.orders == 2')).toBe(true)
    expect(holds('customer.traits.gold != true')).toBe(true)
    expect(holds('customer.firstOrder == null')).toBe(true)
    expect(holds('daysSince(customer.firstOrder) > 3')).toBe(false)
    expect(holds("customer.traits.name.startsWith('A')")).toBe(false)
    expect(holds('cart.total > 0')).toBe(false)
    expect(holds('has(customer.traits.vip) && !has(customer.traits.age)')).toBe(true)
    expect(holds("orders.filter(o, o.total > 9000).max('total') > 1")).toBe(false)
  })

  it('an amount in another currency is left out of sums', () => {
    const mixed = { orders: [order('a', 1, null), order('b', 1, 10)] }
    expect(compileCondition("orders.sum('total') == 10", scope).evaluate(mixed, now).value).toBe(true)
  })

  it('says what it looks at', () => {
    const { uses } = compileCondition(
      "events.named('Product Viewed').within('7d').count() > 2 && customer.traits.vip && orders.within('90d').count() > 0",
      scope,
    )
    expect(uses).toEqual({
      roots: new Set(['events', 'customer', 'orders']),
      customer: new Set(['traits']),
      eventNames: new Set(['Product Viewed']),
      reach: 7 * day,
      lines: false,
      margin: false,
      context: false,
    })
    expect(compileCondition("events.within('7d').count() > 2", scope).uses.eventNames).toBe(null)
    expect(compileCondition("events.named('A').count() > 2", scope).uses.reach).toBe(null)
  })
})

describe('what is wrong with a condition', () => {
  const mistakeOf = (text: string) => {
    try {
      compileCondition(text, scope)
    } catch (error) {
      if (error instanceof HabitueError) return error
    }
    throw new Error(`${text} was taken`)
  }

  it.each([
    ['custmer.orders > 1', 1, 1, 'customer'],
    ['customer.orders > 1 &&\n  customer.lastOder == null', 2, 12, 'lastOrder'],
    ["orders.cout('x') > 1", 1, 1, 'count'],
    ["orders.sum('totl') > 1", 1, 12, 'total'],
    ['orders.exists(o, o.quantiy > 1)', 1, 20, 'quantity'],
  ])('%s is told with what was meant', (text, line, column, meant) => {
    const error = mistakeOf(text)
    expect(error.code).toBe('invalid_condition')
    expect(error.details).toMatchObject({ line, column, meant })
    expect(error.message).toContain(`Did you mean "${meant}"?`)
  })

  it.each([
    ['customer.orders >', 18],
    ['customer.orders = 3', 17],
    ['customer.orders > "x"', 1],
    ['customer.orders', 1],
    ["orders.within('90 days').count() > 1", 15],
    ['event.value > 3', 1],
    ["customer.traits.name.matches('(a+)+$')", 1],
    ['orders.all(o, orders.all(p, o.total > 1))', 15],
    ['orders.all(o, orders.count() > 1)', 15],
    ['orders.all(o, params.list.all(p, p > 1))', 15],
    ['(orders + orders).exists(o, o.total > 1)', 2],
    ['orders.exists(customer, true)', 15],
    [`${'('.repeat(40)}true${')'.repeat(40)}`, 31],
    [Array.from({ length: 300 }, () => 'true').join(' && '), 200],
  ])('%s is refused', (text, column) => {
    const { code, details } = mistakeOf(text)
    expect(code).toBe('invalid_condition')
    expect(details.line).toBe(1)
    if (text.length < 100) expect(details.column).toBe(column)
  })

  it('whatever text comes in, it is compiled or refused, and evaluating never throws', () => {
    const word = fc.constantFrom(
      ...[
        'customer',
        'orders',
        '.total',
        '.count()',
        '(',
        ')',
        '>',
        '&&',
        '!',
        "'90d'",
        '1',
        'o',
        ',',
        '.exists',
        'now',
        '-',
      ],
      ...['.within', 'has', '.traits', '.x', 'null', '==', 'daysSince', '[', ']', '?', ':'],
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 14 }), (words) => {
        try {
          expect(typeof compileCondition(words.join(' '), scope).evaluate(values, now).value).toBe('boolean')
        } catch (error) {
          expect((error as HabitueError).code).toBe('invalid_condition')
        }
      }),
      { seed: 5, numRuns: 2000 },
    )
  })
})

describe('until when an answer holds', () => {
  it('is the minute at which 90 days are full', () => {
    const condition = compileCondition("olderThan(customer.lastOrder, '90d')", scope)
    const customer = { lastOrder: now }
    expect(condition.evaluate({ customer }, now)).toEqual({ value: false, until: now + 90 * day })
    expect(condition.evaluate({ customer }, now + 90 * day - 1).value).toBe(false)
    expect(condition.evaluate({ customer }, now + 90 * day).value).toBe(true)
  })

  it('is never, where time does not matter', () => {
    expect(compileCondition('customer.orders > 3', scope).evaluate(values, now).until).toBe(null)
  })

  const time = fc.integer({ min: -60, max: 60 }).map((hours) => now + hours * 3_600_000)
  const span = fc.integer({ min: 1, max: 72 }).map((n) => `'${n}h'`)
  const comparison = fc.constantFrom('<', '<=', '>', '>=', '==', '!=')
  const atom = fc.oneof(
    fc.tuple(span, comparison, fc.nat(3)).map(([s, op, n]) => `orders.within(${s}).count() ${op} ${n}`),
    fc.tuple(span, comparison, fc.nat(3)).map(([s, op, n]) => `orders.before(${s}).count() ${op} ${n}`),
    span.map((s) => `olderThan(customer.lastOrder, ${s})`),
    span.map((s) => `newerThan(customer.lastOrder, ${s})`),
    fc
      .tuple(fc.constantFrom('daysSince', 'hoursSince', 'daysUntil', 'hoursUntil'), comparison, fc.nat(60))
      .map(([f, op, n]) => `${f}(customer.lastOrder) ${op} ${n}`),
    fc.tuple(fc.constantFrom('<', '>='), fc.nat(50)).map(([op, n]) => `${n}.5 ${op} hoursSince(customer.lastOrder)`),
    fc
      .tuple(fc.constantFrom('<', '<=', '>', '>='), fc.nat(60))
      .map(([op, n]) => `now - customer.lastOrder ${op} duration('${n}h')`),
    fc
      .tuple(fc.constantFrom('<', '<=', '>', '>='), fc.nat(60))
      .map(([op, n]) => `now + duration('${n}h') ${op} customer.since`),
    fc.nat(9).map((n) => `int(hoursSince(customer.lastOrder)) % 10 == ${n}`),
  )
  const text = fc.letrec<{ any: string }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      atom,
      fc.tuple(tie('any'), fc.constantFrom('&&', '||'), tie('any')).map(([a, op, b]) => `(${a} ${op} ${b})`),
      tie('any').map((a) => `!(${a})`),
    ),
  })).any

  it('before that moment no answer is another: looking only when told to equals looking every half hour', () => {
    const given = fc.record({
      text,
      lastOrder: fc.option(time),
      since: time,
      orders: fc.array(time, { maxLength: 4 }),
    })
    fc.assert(
      fc.property(given, ({ text, lastOrder, since, orders }) => {
        const condition = compileCondition(text, scope)
        const known = { customer: { lastOrder, since }, orders: orders.map((at) => ({ time: at })) }
        let { value, until } = condition.evaluate(known, now)
        for (let at = now; at < now + 8 * day; at += 1_800_000) {
          for (const moment of [at, at + 1_799_999]) {
            while (until !== null && until <= moment) ({ value, until } = condition.evaluate(known, until))
            expect(condition.evaluate(known, moment).value, `${text} at ${moment}`).toBe(value)
          }
        }
      }),
      { seed: 7, numRuns: 200 },
    )
  })
})
