/** Presents: for whom, on which day, and what. A mother who got flowers gets the same ones next year. */
import { DAY, isoDate, mothersDays, yearlyDates } from './calendar.ts'
import type { Product } from './catalogue.ts'
import type { Recipient } from './customers.ts'
import { between, chance, type Draw, pick } from './draws.ts'
import type { Line } from './journal.ts'
import { type Act, isDrink, type Life, type OccasionKind } from './life.ts'
import type { Department } from './styles.ts'
import { Chooser } from './tastes.ts'

export function gifts(life: Life): Act[] {
  return life.customer.recipients.flatMap((recipient) =>
    datesOf(life, recipient).map(([kind, date]) => {
      const gives = chance(life.draw, 0.6 * life.world.span.pace)
      const early = kind === 'Christmas' ? between(life.draw, 4, 20) : between(life.draw, 2, 6)
      const at = life.instant(date - early * DAY, 9 + 12 * life.draw())
      const run = () => {
        if (gives) give(life, recipient, kind, date, at)
        else life.occasions.push({ recipient: recipient.id, kind, date, item: undefined, orderId: undefined })
      }
      return { at, run }
    }),
  )
}

function datesOf(life: Life, { relation, birthday }: Recipient): [OccasionKind, number][] {
  const { start, end } = life.world.span
  const of = (kind: OccasionKind, dates: number[]) => dates.map((date): [OccasionKind, number] => [kind, date])
  return [
    ...of('birthday', yearlyDates(birthday.month, birthday.day, start, end)),
    ...of('Christmas', yearlyDates(12, 25, start, end)),
    ...(relation === 'mother' ? of("Mother's Day", mothersDays(start, end)) : []),
    ...(relation === 'partner' ? of("Valentine's Day", yearlyDates(2, 14, start, end)) : []),
  ]
}

/** The same flowers every year where a mother gets flowers; else something of the recipient's taste. */
function give(life: Life, recipient: Recipient, kind: OccasionKind, date: number, at: number): void {
  const { assortment } = life.world
  const department = departmentFor(life.draw, recipient, kind)
  const fit = (product: Product) => !isPresent(product) || !assortment.inStock(product.index, at)
  const chooser = new Chooser(recipient.taste, assortment.byDepartment.get(department)!, fit)
  const last = life.occasions.findLast(
    (one) => one.recipient === recipient.id && one.kind === kind && one.item !== undefined,
  )
  const again = last && assortment.inStock(last.item!, at) ? life.product(last.item!) : undefined
  const drawn = Array.from({ length: between(life.draw, 1, 3) }, () => chooser.draw(life.draw, at))
  const candidates = drawn.filter((product) => product !== undefined)
  const chosen = again ?? candidates.at(-1)
  if (!chosen) return
  const line: Line = { product: chosen, quantity: 1, gift: recipient }
  const extra = { occasion: kind, occasion_date: isoDate(date), card_message: cards[kind] }
  const visit = { at, temperature: life.temperature(at), known: true, looks: 0 }
  const orderId = life.shop.give(visit, again ? [again] : [...new Set(candidates)], line, extra)
  life.occasions.push({ recipient: recipient.id, kind, date, item: orderId ? chosen.index : undefined, orderId })
}

const likely: Readonly<Record<Recipient['relation'], readonly Department[]>> = {
  mother: ['Flowers', 'Flowers', 'Flowers', 'Books'],
  partner: ['Flowers', 'Flowers', 'Books', 'Electronics', 'Coffee'],
  child: ['Books', 'Electronics'],
  friend: ['Books', 'Flowers', 'Coffee'],
}

function departmentFor(draw: Draw, { relation }: Recipient, kind: OccasionKind): Department {
  if (kind === "Mother's Day" || kind === "Valentine's Day") return 'Flowers'
  if (kind === 'birthday' && relation === 'mother') return 'Flowers'
  return pick(draw, likely[relation])
}

/** Neither a cable nor a laptop, nothing that must fit, and no vase without flowers. */
const isPresent = (product: Product): boolean =>
  !isDrink(product) &&
  product.price >= 1200 &&
  product.price <= 12_000 &&
  !['Cables', 'Wearables', 'Vases'].includes(product.item.categories[1])

const cards: Readonly<Record<OccasionKind, string>> = {
  birthday: 'Happy birthday!',
  "Mother's Day": 'Thank you for everything.',
  "Valentine's Day": 'Still you.',
  Christmas: 'Merry Christmas!',
}
