/** Visits of the web shop: by interest and season; and the large carts that are left. */
import { DAY, seasonOf } from './calendar.ts'
import type { Product } from './catalogue.ts'
import { between, chance, cumulate, drawFrom, pick, poisson, sample } from './draws.ts'
import type { Act, Life } from './life.ts'
import { circles, type Department, departments } from './styles.ts'
import { Chooser } from './tastes.ts'

/** Minor units from which an item counts as a large one. */
const dearest = 90_000

export function visits(life: Life): Act[] {
  const { start, end } = life.world.span
  const count = poisson(life.draw, (life.customer.visits * (end - start)) / (365 * DAY))
  const { interest } = circles[life.customer.taste.circle]
  return Array.from({ length: count }, () => {
    const day = start + Math.floor((life.draw() * (end - start)) / DAY) * DAY
    const weights = Float64Array.from(departments, (name) => interest[name] * departmentSeason(name, day))
    const department = departments[drawFrom(life.draw, cumulate(weights))]
    const visit = { known: chance(life.draw, 0.65), looks: 1 + poisson(life.draw, 2.6) }
    const run = (at: number) =>
      life.shop.browse({ at, temperature: life.temperature(at), ...visit }, life.chooser(department))
    return { at: life.instant(day, 8 + 14 * life.draw()), run }
  })
}

/** One customer in forty fills a cart with electronics of more than $2,500 and leaves it, some of them twice or more. */
export function largeCarts(life: Life): Act[] {
  const { start, end, pace } = life.world.span
  if (!chance(life.draw, 0.02 * circles[life.customer.taste.circle].interest.Electronics * pace)) return []
  const list = life.world.assortment.byDepartment.get('Electronics')!
  const dear = new Chooser(life.customer.taste, list, (product) => product.price < dearest)
  const times = pick(life.draw, [1, 1, 2, 2, 3])
  const first = start + life.draw() * 0.7 * (end - start)
  return Array.from({ length: times }, (_, i) => ({
    at: life.instant(Math.floor((first + i * between(life.draw, 12, 40) * DAY) / DAY) * DAY, 10 + 11 * life.draw()),
    run: (at: number) => {
      const products = new Set<Product>(chance(life.draw, 0.4) ? soldOut(life, list, at) : [])
      while (sumOf(products) <= 250_000) products.add(dear.draw(life.draw, at)!)
      life.shop.leaveCart({ at, temperature: life.temperature(at), known: true, looks: 0 }, [...products])
    },
  }))
}

/** A dear item that is out of stock just now, if there is one: the checkout will say so. */
function soldOut(life: Life, list: readonly Product[], at: number): Product[] {
  const { inStock } = life.world.assortment
  return sample(
    life.draw,
    list.filter(({ price, index }) => price >= dearest && !inStock(index, at)),
    1,
  )
}

const sumOf = (products: Iterable<Product>): number => [...products].reduce((sum, { price }) => sum + price, 0)

function departmentSeason(department: Department, day: number): number {
  const december = new Date(day).getUTCMonth() === 11
  if (department === 'Flowers') return seasonOf(day) === 'spring' ? 1.7 : seasonOf(day) === 'winter' ? 0.7 : 1
  return december && (department === 'Books' || department === 'Electronics') ? 1.7 : 1
}
