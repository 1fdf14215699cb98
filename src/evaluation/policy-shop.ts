/** A shop drawn for what-if questions: tastes in eight dimensions, a model that knows them roughly, and new items of which it knows nothing. */
import { seededRandom } from '../world.ts'
import type { PolicyShop } from './policy.ts'

const dimensions = 8
const customers = 300
const items = 220
const newItems = 20

export function drawnShop(seed: number): PolicyShop {
  const random = seededRandom(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const draw = (n: number, scale: number) => Float64Array.from({ length: n }, () => scale * normal())
  const tastes = Array.from({ length: customers }, () => draw(dimensions, 1))
  const kinds = Array.from({ length: items }, () => draw(dimensions, 1 / Math.sqrt(dimensions)))
  const quality = draw(items, 0.5)
  const errors = Array.from({ length: customers }, () => draw(items, 0.6))
  const affinity = (customer: number, item: number) =>
    tastes[customer].reduce((sum, value, d) => sum + value * kinds[item][d], quality[item])
  return {
    customers,
    items,
    appeal: (customer, item) => 1 / (1 + Math.exp(2.4 - 1.1 * affinity(customer, item))),
    score: (customer, item) =>
      item >= items - newItems ? Number.NEGATIVE_INFINITY : affinity(customer, item) + errors[customer][item],
  }
}
