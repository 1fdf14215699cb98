import { describe, expect, it } from 'vitest'
import { generateShop, type ShopEvent } from './generate.ts'

const { catalogue, events, truth } = generateShop({ seed: 1 })
const index = new Map(catalogue.flatMap((item, i) => [item.id, ...item.names].map((name) => [name, i] as const)))

interface Line {
  readonly product_id?: string
  readonly sku?: string
  readonly gift?: boolean
  readonly recipient?: { readonly id: string }
}
const linesOf = (event: ShopEvent) => (event.properties?.products ?? []) as readonly Line[]
const indexOf = (line: Line) => index.get(line.product_id ?? line.sku!)!
const isDrink = (i: number) => catalogue[i].categories[1] === 'Drinks' && catalogue[i].categories[0] === 'Coffee'
const orders = events.filter(({ event }) => event === 'Order Completed')

/** What each customer bought for himself at home, each item once, in order. */
function histories(): Map<string, number[]> {
  const out = new Map<string, number[]>()
  for (const event of orders)
    for (const line of linesOf(event).filter(({ gift }) => !gift)) {
      const list = out.get(event.userId!) ?? []
      if (!isDrink(indexOf(line)) && !list.includes(indexOf(line))) list.push(indexOf(line))
      out.set(event.userId!, list)
    }
  return out
}

describe('taste', () => {
  it('is bought: most of what somebody buys is among the better half of what suits him', () => {
    let [high, all] = [0, 0]
    for (const [customer, bought] of [...histories()].slice(0, 400)) {
      const books = catalogue.filter(({ categories }) => categories[0] === 'Books').map(({ id }) => id)
      const suits = books.map((id) => truth.affinity(customer, id)).sort((a, b) => b - a)
      const border = suits[Math.floor(suits.length / 5)]
      for (const i of bought.filter((item) => catalogue[item].categories[0] === 'Books')) {
        all++
        if (truth.affinity(customer, catalogue[i].id) >= border) high++
      }
    }
    expect(all).toBeGreaterThan(100)
    expect(high / all).toBeGreaterThan(0.4) // a fifth of the books, at least twice their share
  })

  it('shows in others: neighbours by purchases find the last new item twice as often as popularity', () => {
    const n = catalogue.length
    const popularity = new Float64Array(n)
    const together = new Float64Array(n * n)
    const kept = [...histories().values()].filter((list) => list.length >= 4)
    for (const list of kept)
      for (const a of list.slice(0, -1)) {
        popularity[a]++
        for (const b of list.slice(0, -1)) together[a * n + b]++
      }
    const found = (score: (item: number, history: readonly number[]) => number) =>
      kept.filter((list) => {
        const [history, target] = [list.slice(0, -1), list[list.length - 1]]
        const bar = score(target, history)
        let above = 0
        for (let i = 0; i < n; i++)
          if (i !== target && !isDrink(i) && !history.includes(i) && score(i, history) >= bar) above++
        return above < 10
      }).length
    const byPopularity = found((item) => popularity[item])
    const byNeighbours = found((item, history) =>
      history.reduce(
        (sum, h) => sum + together[item * n + h] / Math.sqrt((popularity[item] + 10) * (popularity[h] + 10)),
        0,
      ),
    )
    expect(byNeighbours).toBeGreaterThan(1.6 * byPopularity)
  })

  it('is alike for who is said to resemble', () => {
    const same = truth.customers.slice(0, 60).map((customer) => {
      const near = truth
        .resembling(customer, 10)
        .filter((other) => truth.circle(other.customer) === truth.circle(customer))
      return near.length / 10
    })
    expect(same.reduce((a, b) => a + b) / same.length).toBeGreaterThan(0.7)
  })
})

describe('the coffee habit', () => {
  const cups = orders.filter((event) => linesOf(event).length === 1 && isDrink(indexOf(linesOf(event)[0])))
  const clocks = new Map<string, Intl.DateTimeFormat>()
  const clockOf = (timeZone: string) => {
    const clock =
      clocks.get(timeZone) ?? new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' })
    clocks.set(timeZone, clock)
    return clock
  }
  const contextOf = (event: ShopEvent) => {
    const time = Date.parse(event.timestamp)
    const { timezone, weather } = event.context as { timezone: string; weather: { temperature: number } }
    const [hour, minute] = clockOf(timezone).format(time).split(':').map(Number)
    return { time, temperature: weather.temperature, hour: hour + minute / 60 }
  }

  it('is kept as often as the truth says, with and without a condition', () => {
    const bins = new Map<number, { count: number; right: number; stated: number }>()
    for (const event of cups.slice(0, 20_000)) {
      const usual = truth.usual(event.userId!, 'coffee', contextOf(event))!
      const bin = bins.get(Math.floor(usual.probability * 10)) ?? { count: 0, right: 0, stated: 0 }
      bin.count++
      bin.stated += usual.probability
      if (usual.item === linesOf(event)[0].product_id) bin.right++
      bins.set(Math.floor(usual.probability * 10), bin)
    }
    for (const { count, right, stated } of bins.values())
      if (count > 400) expect(Math.abs(right - stated) / count).toBeLessThan(0.05)
    expect(bins.get(9)!.count).toBeGreaterThan(5000)
  })

  it('of many depends on the weather or the hour, of some changes, and some have none', () => {
    const habits = truth.customers.map((customer) => truth.habit(customer)).filter((habit) => habit !== undefined)
    const share = (list: unknown[]) => list.length / habits.length
    expect(habits.length).toBeGreaterThan(500)
    expect(share(habits.filter(({ regularity }) => regularity === 0))).toBeGreaterThan(0.08)
    expect(share(habits.filter(({ routine }) => routine.exception?.when.kind === 'temperature'))).toBeGreaterThan(0.2)
    expect(habits.filter(({ routine }) => routine.exception?.when.kind === 'hour').length).toBeGreaterThan(20)
    expect(habits.filter(({ change }) => change).length).toBeGreaterThan(40)
    const espresso = habits.filter(
      ({ routine }) =>
        routine.usual.startsWith('coffee-espresso') && routine.exception?.usual.startsWith('coffee-latte'),
    )
    expect(espresso.length).toBeGreaterThan(20)
  })

  it('meets cold days and warm ones', () => {
    const temperatures = cups.map((event) => contextOf(event).temperature)
    expect(temperatures.filter((t) => t < 5).length / cups.length).toBeGreaterThan(0.2)
    expect(temperatures.filter((t) => t > 15).length / cups.length).toBeGreaterThan(0.2)
  })
})

describe('people, occasions and mishaps', () => {
  it('a gift is sent to a recipient of the customer, before the day', () => {
    const gifts = truth.occasions().filter(({ orderId }) => orderId)
    const byId = new Map(orders.map((event) => [event.properties!.order_id as string, event]))
    expect(gifts.length).toBeGreaterThan(1000)
    for (const { customer, recipient, item, orderId, date } of gifts) {
      const event = byId.get(orderId!)!
      const [line] = linesOf(event)
      expect(event.userId).toBe(customer)
      expect(line).toMatchObject({ gift: true, product_id: item, recipient: { id: recipient } })
      expect(Date.parse(event.timestamp)).toBeLessThan(Date.parse(date) + 86_400_000)
      expect(truth.recipients(customer).map(({ id }) => id)).toContain(recipient)
    }
  })

  it('repeats the flowers of the year before', () => {
    const two = generateShop({ seed: 3, customers: 300, days: 730 }).truth
    const birthdays = two.occasions().filter(({ kind, item }) => kind === 'birthday' && item)
    const first = new Map<string, string>()
    let again = 0
    for (const { recipient, item } of birthdays) {
      if (first.get(recipient) === item) again++
      first.set(recipient, item!)
    }
    expect(again).toBeGreaterThan(10)
  })

  it('flowers peak in spring, and Mother’s Day is the second Sunday of May', () => {
    const months = new Map<number, number>()
    for (const event of orders)
      for (const line of linesOf(event))
        if (catalogue[indexOf(line)].categories[0] === 'Flowers') {
          const month = new Date(event.timestamp).getUTCMonth()
          months.set(month, (months.get(month) ?? 0) + 1)
        }
    expect(months.get(4)!).toBeGreaterThan(1.5 * months.get(8)!)
    expect(truth.occasions().find(({ kind }) => kind === "Mother's Day")?.date).toBe('2026-05-10')
  })

  it('some leave carts of more than $2,500, a few of them twice', () => {
    const carts = truth.abandonedCarts(250_000)
    const customers = new Set(carts.map(({ customer }) => customer))
    expect(customers.size).toBeGreaterThan(20)
    expect(carts.length - customers.size).toBeGreaterThan(5)
    expect(truth.missing().some(({ place }) => place === 'checkout')).toBe(true)
  })

  it('nothing is sold while it is out of stock, and nobody buys for himself what he refuses', () => {
    const outages = new Map(truth.outages().map((outage) => [outage.item, outage]))
    const refusals = new Map(truth.customers.map((customer) => [customer, truth.refusals(customer)] as const))
    for (const event of orders)
      for (const line of linesOf(event)) {
        const item = catalogue[indexOf(line)]
        if (isDrink(indexOf(line))) continue
        const [at, outage] = [Date.parse(event.timestamp), outages.get(item.id)]
        // A cart filled a few minutes before the outage began is still delivered.
        if (outage && at > outage.from + 3_600_000 && at < outage.until)
          throw new Error(`${item.id} sold out, and sold`)
        for (const { subject } of line.gift ? [] : refusals.get(event.userId!)!) {
          const refused =
            'category' in subject
              ? item.categories.includes(subject.category)
              : item.attributes[subject.attribute] === subject.value
          if (refused) throw new Error(`${event.userId} bought ${item.id}`)
        }
      }
  })

  it('knows the best customers by margin after returns', () => {
    const best = truth.bestCustomers(0.1)
    expect(best.length).toBe(300)
    expect(best[0].margin).toBeGreaterThanOrEqual(best[299].margin)
    expect(best[299].margin).toBeGreaterThan(0)
  })
})
