/** The shop's shelves as a catalogue, and beside each item what only the generator knows of it. */
import { DAY } from './calendar.ts'
import { between, type Draw, hash, normal, stream } from './draws.ts'
import { bookShelf } from './shelves/books.ts'
import { coffeeShelf } from './shelves/coffee.ts'
import type { Attributes, Draft, Shelf } from './shelves/draft.ts'
import { electronicsShelf } from './shelves/electronics.ts'
import { flowerShelf } from './shelves/flowers.ts'
import { groceryShelf } from './shelves/groceries.ts'
import { type Department, leaningVector } from './styles.ts'

/** One line of `catalogue.jsonl`, in the form in which Habitue takes items. Money is decimal, in `currency`. */
export interface CatalogueItem {
  readonly id: string
  readonly title: string
  readonly text: string
  /** From the department inwards: `['Coffee', 'Beans', 'Dark roast']`. */
  readonly categories: readonly string[]
  readonly attributes: Attributes
  readonly price: number
  readonly currency: string
  readonly cost: number
  readonly stock: number
  /** `all` or the least age; absent = not rated. */
  readonly audience?: string
  readonly image: string
  readonly url: string
  readonly deliveryDays: number
  /** The product of which this is a variant. */
  readonly group?: string
  /** Other names by which events may call it: the sku, then the barcode (EAN-13). */
  readonly names: readonly string[]
}

/** An item with the hidden properties that choices are drawn from. */
export interface Product {
  readonly index: number
  readonly item: CatalogueItem
  readonly department: Department
  /** Minor units. */
  readonly price: number
  readonly cost: number
  /** Weights over `styles`. */
  readonly leaning: Float64Array
  /** A place in a space of unnamed nuances, standard normal: what no category tells. */
  readonly nuance: Float64Array
  /** Standard normal; moves stars and returns. */
  readonly quality: number
  /** Weight in a choice before taste is asked. */
  readonly popularity: number
  readonly seasons: Draft['seasons']
  /** log(price / median price of its innermost category). */
  readonly priceLevel: number
}

/** A span in which an item cannot be sold. Times in milliseconds; `until` is not included. */
export interface Outage {
  readonly item: number
  readonly from: number
  readonly until: number
}

export interface Assortment {
  readonly products: readonly Product[]
  readonly byDepartment: ReadonlyMap<Department, readonly Product[]>
  readonly outages: readonly Outage[]
  inStock(item: number, at: number): boolean
}

export const currency = 'USD'
export const nuances = 3

const shelves: readonly Shelf[] = [coffeeShelf, groceryShelf, flowerShelf, bookShelf, electronicsShelf]

export function stockShelves(seed: number, start: number, end: number): Assortment {
  const drafts = shelves.flatMap((shelf) => shelf.drafts.map((draft) => ({ shelf, draft })))
  const outages = drawOutages(stream(seed, 'outages'), drafts.length, start, end)
  const levels = priceLevels(drafts)
  const products = drafts.map(({ shelf, draft }, index): Product => {
    const draw = stream(seed, 'item', draft.id)
    const gone = outages.some((outage) => outage.item === index && outage.until >= end)
    return {
      index,
      item: describe(shelf, draft, index, gone ? 0 : between(draw, 4, 180)),
      department: shelf.department,
      price: draft.price,
      cost: costOf(shelf, draft),
      leaning: leaningVector(draft.leaning),
      nuance: Float64Array.from({ length: nuances }, () => normal(draw)),
      quality: normal(draw),
      popularity: (draft.demand ?? 1) * Math.exp(0.55 * normal(draw)),
      seasons: draft.seasons,
      priceLevel: levels[index],
    }
  })
  const byDepartment = new Map(
    shelves.map(({ department }) => [department, products.filter((product) => product.department === department)]),
  )
  return { products, byDepartment, outages, inStock: stockKeeper(outages) }
}

function stockKeeper(outages: readonly Outage[]): Assortment['inStock'] {
  const byItem = new Map<number, Outage[]>()
  for (const outage of outages) byItem.set(outage.item, [...(byItem.get(outage.item) ?? []), outage])
  return (item, at) => !byItem.get(item)?.some(({ from, until }) => at >= from && at < until)
}

/** One item in three is missing once for 4 to 25 days; one in seventy is still missing at the end. */
function drawOutages(draw: Draw, items: number, start: number, end: number): Outage[] {
  const out: Outage[] = []
  for (let item = 0; item < items; item++) {
    const luck = draw()
    const length = between(draw, 4, 25) * DAY
    const from = start + Math.floor((draw() * Math.max(0, end - start - length)) / DAY) * DAY
    if (luck < 1 / 70) out.push({ item, from: end - length, until: end + 30 * DAY })
    else if (luck < 1 / 3) out.push({ item, from, until: from + length })
  }
  return out
}

function priceLevels(drafts: readonly { shelf: Shelf; draft: Draft }[]): number[] {
  const section = ({ shelf, draft }: (typeof drafts)[number]) => `${shelf.department}/${draft.path.join('/')}`
  const prices = new Map<string, number[]>()
  for (const entry of drafts) {
    const list = prices.get(section(entry)) ?? []
    list.push(entry.draft.price)
    prices.set(section(entry), list)
  }
  for (const list of prices.values()) list.sort((a, b) => a - b)
  return drafts.map((entry) => {
    const list = prices.get(section(entry))!
    return Math.log(entry.draft.price / list[list.length >> 1])
  })
}

/** Minor units of the currency as a decimal number. */
export const major = (minor: number): number => Math.round(minor) / 100

const costOf = (shelf: Shelf, draft: Draft): number => Math.round(draft.price * (1 - shelf.margin))

function describe(shelf: Shelf, draft: Draft, index: number, stock: number): CatalogueItem {
  const { department } = shelf
  return {
    id: draft.id,
    title: draft.title,
    text: draft.text,
    categories: [department, ...draft.path],
    attributes: draft.attributes,
    price: major(draft.price),
    currency,
    cost: major(costOf(shelf, draft)),
    stock,
    ...(draft.audience ? { audience: draft.audience } : {}),
    image: picture(department, draft.colour),
    url: `https://corner.example/p/${draft.id}`,
    deliveryDays: draft.deliveryDays ?? shelf.deliveryDays,
    ...(draft.group ? { group: draft.group } : {}),
    names: [`${department.slice(0, 2).toUpperCase()}-${String(index + 1).padStart(5, '0')}`, barcode(draft.id)],
  }
}

/** EAN-13 within 200-299, the range for a shop's own codes. */
function barcode(id: string): string {
  const digits = `2${String(hash('ean', id) % 1e11).padStart(11, '0')}`
  let sum = 0
  for (let i = 0; i < 12; i++) sum += Number(digits[i]) * (i % 2 === 0 ? 1 : 3)
  return digits + ((10 - (sum % 10)) % 10)
}

const shapes: Readonly<Record<Department, string>> = {
  Coffee:
    "<path d='M26 40h40v22a16 16 0 0 1-16 16H42a16 16 0 0 1-16-16zM66 46h6a8 8 0 0 1 0 18h-6M38 32q-5-6 0-12M52 32q-5-6 0-12'/>",
  Groceries: "<path d='M22 42h56l-6 36H28zM34 42l10-20M66 42L56 22M40 52v16M50 52v16M60 52v16'/>",
  Flowers:
    "<path d='M50 84V54M50 72q-14-2-16-14 14 0 16 14M50 78q12-2 15-13-13 0-15 13'/><circle cx='50' cy='36' r='7'/><circle cx='50' cy='22' r='7'/><circle cx='63' cy='32' r='7'/><circle cx='58' cy='47' r='7'/><circle cx='42' cy='47' r='7'/><circle cx='37' cy='32' r='7'/>",
  Books:
    "<path d='M50 30q-12-8-28-6v46q16-2 28 6 12-8 28-6V24q-16-2-28 6zv46M30 36q8 0 13 3M30 48q8 0 13 3M70 36q-8 0-13 3'/>",
  Electronics: "<path d='M24 28h52v36H24zM16 74h68M40 46l8 8 14-16'/>",
}

/** A drawing of the department on the item's colour, as a data URI: the demo page asks nobody else for anything. */
function picture(department: Department, colour: string): string {
  const svg =
    `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 100 100'><rect width='100' height='100' fill='${colour}'/>` +
    `<g fill='none' stroke='#fff' stroke-width='4' stroke-linecap='round' stroke-linejoin='round' transform='translate(17 17) scale(.66)'>${shapes[department]}</g></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg).replaceAll('%20', ' ').replaceAll('%3D', '=').replaceAll('%2F', '/')}`
}
