/** A customer's year, and a passer-by's visit, as events. */
import { HOUR, MINUTE } from './calendar.ts'
import { currency } from './catalogue.ts'
import type { Customer } from './customers.ts'
import { letters, statements } from './dialogue.ts'
import { between, poisson, stream } from './draws.ts'
import { gifts } from './gifts.ts'
import { Journal, productOf } from './journal.ts'
import { isDrink, Life, type Surroundings } from './life.ts'
import { baskets, coffees } from './rhythms.ts'
import { Chooser } from './tastes.ts'
import { largeCarts, visits } from './visits.ts'

/** Lives one customer's year. Deterministic in the seed and the customer; independent of all other customers. */
export function live(customer: Customer, world: Surroundings): Life {
  const life = new Life(customer, world)
  const plans = [coffees, baskets, visits, largeCarts, gifts, letters, statements].flatMap((plan) => plan(life))
  const acts = plans.filter(({ at }) => at >= customer.joined && at < customer.leaves).sort((a, b) => a.at - b.at)
  if (acts.length > 0) life.journal.identify(Math.max(customer.joined, acts[0].at - MINUTE), 'user', true)
  for (const { at, run } of acts) run(at)
  return life
}

/** A visitor who never says who he is: one or two visits, no order. */
export function passBy(visitor: Customer, world: Surroundings): Journal {
  const draw = stream(world.seed, 'passer-by', visitor.index)
  const { start, end } = world.span
  const journal = new Journal(`shop-${world.seed}-v${visitor.index + 1}`, visitor, start, end)
  const chooser = new Chooser(visitor.taste, world.assortment.products, isDrink)
  for (let times = 1 + poisson(draw, 0.4); times > 0; times--) {
    let at = start + Math.floor(draw() * (end - start - HOUR))
    for (let looks = 1 + poisson(draw, 2); looks > 0; looks--) {
      const product = chooser.draw(draw, at)!
      journal.track(at, 'Product Viewed', { ...productOf(product), currency }, 'anonymous')
      at += between(draw, 10, 120) * 1000
    }
  }
  return journal
}
