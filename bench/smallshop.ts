/**
 * A shop with 800 customers and 3,000 order lines, drawn from Online Retail (or, where it is absent, made up in its size):
 * how long it trains, what it learns, and whether its lists are there for customers, items and what is sold out.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '../src/world.ts'
import { type Bench, type BenchOptions, type Measure, median, rounded } from './bench.ts'
import { cpuOf, type Server, startServer } from './server.ts'
import { newStorage } from './storage.ts'
import { train } from './training.ts'

const shop = { customers: 800, lines: 3_000 } as const
const goals = { trainSeconds: 5, lists: 0.95 } as const
/** Lists asked for of each placement. */
const asked = 200
const listLength = 6

interface Line {
  readonly invoice: string
  readonly item: string
  readonly title: string
  readonly quantity: number
  readonly time: string
  readonly price: number
  readonly customer: string
}

export const smallShop: Bench = {
  name: 'smallshop',
  about: '800 customers and 3,000 order lines: seconds of training, and the lists that come of it',
  async run(options) {
    const { name, lines } = drawn(options)
    const storage = await newStorage('sqlite')
    try {
      const server = await startServer({ storage: storage.place })
      try {
        return await measured(server, lines, name, options)
      } finally {
        await server.stop()
      }
    } finally {
      await storage.remove()
    }
  },
}

/** Each customer with a line at least, the rest drawn from all their lines. */
export function drawn({ data, seed }: Pick<BenchOptions, 'data' | 'seed'>): { name: string; lines: Line[] } {
  const file = join(data, 'online-retail', 'lines.csv')
  const known = existsSync(file)
  const random = seededRandom(seed)
  const shuffled = <T>(list: readonly T[]) =>
    list
      .map((one) => ({ one, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ one }) => one)
  const byCustomer = Map.groupBy(known ? onlineRetail(file) : madeUp(random), ({ customer }) => customer)
  const chosen = shuffled([...byCustomer.values()])
    .slice(0, shop.customers)
    .map(shuffled)
  const firsts = chosen.map(([first]) => first)
  const others = shuffled(chosen.flatMap(([, ...rest]) => rest)).slice(0, shop.lines - firsts.length)
  return { name: known ? 'Online Retail' : 'made up', lines: [...firsts, ...others] }
}

/** Lines of known customers that were no returns. */
function onlineRetail(file: string): Line[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .flatMap((line): Line[] => {
      const cells = line
        .match(/("([^"]|"")*"|[^,]*)(,|$)/g)
        ?.map((cell) => cell.replace(/,$/, '').replace(/^"|"$/g, ''))
      if (!cells || cells.length < 8) return []
      const [invoice, item, title, quantity, time, price, customer] = cells
      if (customer === '' || invoice.startsWith('C') || !(Number(quantity) > 0) || !(Number(price) > 0)) return []
      return [{ invoice, item, title: title.trim(), quantity: Number(quantity), time, price: Number(price), customer }]
    })
}

/** Customers of twelve tastes among 1,500 items, whose titles say what they are. */
function madeUp(random: () => number): Line[] {
  const colours = ['red', 'blue', 'white', 'green', 'retro', 'vintage', 'wooden', 'paper', 'glass', 'metal']
  const things = ['lantern', 'mug', 'bag', 'frame', 'clock', 'candle', 'box', 'sign', 'bowl', 'card', 'lamp', 'tin']
  return Array.from({ length: 2 * shop.lines }, (_, n) => {
    const customer = Math.floor(random() * shop.customers)
    const item = 12 * Math.floor(125 * random() ** 2) + (random() < 0.8 ? customer % 12 : Math.floor(12 * random()))
    const title = `${colours[item % 7]} ${colours[(item * 7) % 10]} ${things[item % 12]} ${item}`
    const time = new Date(Date.UTC(2026, 0, 1) + n * 3_600_000).toISOString()
    return {
      ...{ invoice: `i${n}`, item: `${item}`, title, quantity: 1, time },
      price: 1 + (item % 40),
      customer: `c${customer}`,
    }
  })
}

async function measured(
  server: Server,
  lines: readonly Line[],
  data: string,
  options: BenchOptions,
): Promise<Measure[]> {
  const items = [...Map.groupBy(lines, ({ item }) => item).values()].map((same) => {
    const { item: id, title } = same[0]
    return { id, title, price: median(same.map(({ price }) => price)), currency: 'GBP' }
  })
  for (let at = 0; at < items.length; at += 500) await server.ask('POST', '/v1/items', items.slice(at, at + 500))
  const orders = [...Map.groupBy(lines, ({ invoice, customer }) => `${invoice} ${customer}`).values()].map((same) => ({
    ...{ type: 'track', event: 'Order Completed', messageId: `order-${same[0].invoice}`, userId: same[0].customer },
    timestamp: same[0].time,
    properties: {
      order_id: same[0].invoice,
      currency: 'GBP',
      products: same.map(({ item, quantity, price }) => ({ product_id: item, quantity, price })),
    },
  }))
  for (let at = 0; at < orders.length; at += 200)
    await server.ask('POST', '/v1/import', { batch: orders.slice(at, at + 200) })
  const trainings: number[] = []
  const processor: number[] = []
  let model: Record<string, unknown> = {}
  for (let round = 0; round < options.rounds; round++) {
    const before = cpuOf(server.pid)
    const { seconds, model: trained } = await train(server)
    trainings.push(seconds)
    processor.push((cpuOf(server.pid).all - before.all) / 1e6)
    model = trained.report
  }
  options.say(`smallshop: trained in ${trainings.map((seconds) => seconds.toFixed(2)).join(' ')} s`)
  const detail = { data, items: items.length, orders: orders.length, lines: lines.length }
  const customers = [...new Set(lines.map(({ customer }) => customer))]
  const blend = model.blend as { metric: number | null; baseline: number | null } | null
  return [
    {
      what: '800 customers, 3,000 lines: training',
      value: rounded(median(trainings)),
      unit: 's',
      goal: { is: 'at most', value: goals.trainSeconds },
      detail: {
        ...detail,
        rounds: trainings.map((seconds) => rounded(seconds)),
        cpuSeconds: processor.map((one) => rounded(one)),
        report: model,
      },
    },
    {
      what: 'held-out NDCG@10 of the blend',
      value: rounded(blend?.metric ?? 0),
      unit: '',
      detail: { popularity: blend?.baseline },
    },
    await listsOf(
      server,
      'home',
      customers.map((customer) => ({ customer })),
      detail,
    ),
    await listsOf(
      server,
      'item',
      items.map(({ id }) => ({ item: id })),
      detail,
    ),
    await listsOf(
      server,
      'unavailable',
      items.map(({ id }) => ({ item: id })),
      detail,
    ),
  ]
}

interface Answer {
  readonly placements: Readonly<
    Record<string, { readonly items: readonly { readonly reason: { readonly kind: string } }[] }>
  >
}

/** The share of lists that are full, and by which reasons their items are there. */
async function listsOf(server: Server, placement: string, all: readonly object[], detail: object): Promise<Measure> {
  const some = all.filter((_, k) => k % Math.max(1, Math.floor(all.length / asked)) === 0).slice(0, asked)
  let full = 0
  const reasons: Record<string, number> = {}
  for (const one of some) {
    const answer = await server.ask<Answer>('POST', '/v1/recommendations', { ...one, placement, count: listLength })
    const { items } = answer.placements[placement]
    if (items.length === listLength) full++
    for (const { reason } of items) reasons[reason.kind] = (reasons[reason.kind] ?? 0) + 1
  }
  return {
    what: `${placement}: full lists of ${listLength}`,
    value: rounded(full / some.length),
    unit: '',
    goal: { is: 'at least', value: goals.lists },
    detail: { ...detail, lists: some.length, reasons },
  }
}
