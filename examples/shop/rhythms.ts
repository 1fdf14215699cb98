/** What comes back by itself: the cup at the bar and the weekly basket. */
import { DAY, weekday } from './calendar.ts'
import { between, chance, normal, pick, poisson } from './draws.ts'
import { type CoffeeContext, drawDrink } from './habits.ts'
import type { Line } from './journal.ts'
import type { Act, Life, Staple } from './life.ts'
import { seasonFactor } from './tastes.ts'

export function coffees(life: Life): Act[] {
  const habit = life.customer.coffee
  if (!habit) return []
  const acts: Act[] = []
  for (let day = life.world.span.start; day < life.world.span.end; day += DAY) {
    const weekend = weekday(day) % 6 === 0
    if (!chance(life.draw, (habit.ordersPerWeek / 7) * (weekend ? 0.6 : 1.16))) continue
    const afternoon = chance(life.draw, habit.afternoons)
    const hour = (afternoon ? 15.2 : habit.hour + (weekend ? 1.5 : 0)) + 0.4 * normal(life.draw)
    acts.push({ at: life.instant(day, hour), run: (at) => drink(life, at, hour) })
  }
  return acts
}

function drink(life: Life, time: number, hour: number): void {
  const context: CoffeeContext = { time, hour, temperature: life.temperature(time) }
  const product = life.product(drawDrink(life.draw, life.customer.coffee!, context))
  const lines: Line[] = [{ product, quantity: 1 }]
  life.orders.place({ at: time, lines, channel: 'store', temperature: context.temperature })
}

export function baskets(life: Life): Act[] {
  const rhythm = life.customer.groceries
  if (!rhythm) return []
  life.staples = drawStaples(life)
  const { start, end } = life.world.span
  const acts: Act[] = []
  for (let day = start + ((rhythm.weekday + 7 - weekday(start)) % 7) * DAY; day < end; day += rhythm.everyDays * DAY) {
    if (chance(life.draw, 0.12)) continue
    const shifted = day + (chance(life.draw, 0.2) ? pick(life.draw, [-1, 1]) * DAY : 0)
    acts.push({ at: life.instant(shifted, rhythm.hour + 0.7 * normal(life.draw)), run: (at) => fillBasket(life, at) })
  }
  return acts
}

function drawStaples(life: Life): Staple[] {
  const chooser = life.chooser('Groceries')
  const items = new Set<number>()
  const wanted = between(life.draw, 6, 13)
  for (let attempt = 0; attempt < 60 && items.size < wanted; attempt++)
    items.add(chooser.draw(life.draw, life.world.span.start)!.index)
  return [...items].map((item) => ({ item, probability: Math.round((0.3 + 0.65 * life.draw()) * 100) / 100 }))
}

function fillBasket(life: Life, at: number): void {
  const items = new Set<number>()
  for (const { item, probability } of life.staples) {
    const season = Math.min(1, seasonFactor(life.product(item), at))
    if (chance(life.draw, probability * season)) items.add(item)
  }
  for (let extra = poisson(life.draw, 1.6); extra > 0; extra--) {
    const product = life.chooser('Groceries').draw(life.draw, at)
    if (product) items.add(product.index)
  }
  const lines = [...items]
    .filter((item) => life.world.assortment.inStock(item, at))
    .map((item) => ({ product: life.product(item), quantity: chance(life.draw, 0.85) ? 1 : 2 }))
  if (lines.length === 0) return
  const online = life.customer.groceries!.online
  const skusOnly = !online && life.customer.index % 3 === 0
  const temperature = life.temperature(at)
  life.orders.place({
    at,
    lines,
    channel: online ? 'web' : 'store',
    temperature,
    who: online ? 'both' : 'user',
    skusOnly,
  })
}
