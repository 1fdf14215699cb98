/**
 * The cups that the shop's customers order, as `habitue eval usual` reads them, to standard output:
 *
 *     node examples/shop/choices.ts [--seed 1] [--customers 3000] [--days 365] > cups.csv
 */
import { parseArgs } from 'node:util'
import { generateShop, type Shop } from './generate.ts'

export interface Cup {
  readonly customer: string
  readonly item: string
  /** Milliseconds. */
  readonly time: number
  /** Degrees Celsius. */
  readonly temperature: number
  /** Local, fractional. */
  readonly hour: number
  readonly days: 'weekday' | 'weekend'
}

/** In the order of time. */
export function cups({ catalogue, events }: Shop): Cup[] {
  const drinks = new Map<string, string>()
  for (const { id, categories, names } of catalogue)
    if (categories[0] === 'Coffee' && categories[1] === 'Drinks')
      for (const name of [id, ...names]) drinks.set(name, id)
  const clocks = new Map<string, Intl.DateTimeFormat>()
  return events.flatMap(({ event, userId, timestamp, properties, context }) => {
    const { weather, timezone } = context as { weather?: { temperature: number }; timezone: string }
    if (event !== 'Order Completed' || !userId || !weather) return []
    const time = Date.parse(timestamp)
    const products = properties?.products as readonly { product_id?: string; sku: string }[]
    return products.flatMap(({ product_id, sku }) => {
      const item = drinks.get(product_id ?? sku)
      return item === undefined
        ? []
        : [{ customer: userId, item, time, temperature: weather.temperature, ...localTime(clocks, timezone, time) }]
    })
  })
}

function localTime(
  clocks: Map<string, Intl.DateTimeFormat>,
  timeZone: string,
  time: number,
): Pick<Cup, 'hour' | 'days'> {
  const options = { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
  const clock = clocks.get(timeZone) ?? new Intl.DateTimeFormat('en-GB', options)
  clocks.set(timeZone, clock)
  const part = Object.fromEntries(clock.formatToParts(time).map(({ type, value }) => [type, value]))
  const hour = Math.round((Number(part.hour) + Number(part.minute) / 60) * 100) / 100
  return { hour, days: part.weekday.startsWith('S') ? 'weekend' : 'weekday' }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { seed: { type: 'string' }, customers: { type: 'string' }, days: { type: 'string' } },
  })
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text))
  const shop = generateShop({
    seed: Number(values.seed ?? 1),
    customers: number(values.customers),
    days: number(values.days),
  })
  process.stdout.write('customer,item,time,temperature,hour,days\n')
  for (const { customer, item, time, temperature, hour, days } of cups(shop))
    process.stdout.write(`${customer},${item},${new Date(time).toISOString()},${temperature},${hour},${days}\n`)
}
