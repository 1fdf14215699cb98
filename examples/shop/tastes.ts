/** Taste: how much an item suits a customer, and the weights that choices are drawn with. */
import { seasonOf } from './calendar.ts'
import { nuances, type Product } from './catalogue.ts'
import { type Draw, drawFrom, hash, normal, stream } from './draws.ts'
import { type Circle, circles, leaningVector, styles } from './styles.ts'

export interface Taste {
  /** Index into `circles`: the main one. */
  readonly circle: number
  /** Weights over `styles`. */
  readonly styles: Float64Array
  readonly nuance: Float64Array
  /** How much a price above its neighbours' repels, and one below attracts; 0 = not at all. */
  readonly priceSensitivity: number
  /** Names the customer in the draws of personal whims. */
  readonly whim: number
}

const scale = { main: 2.6, second: 0.9, style: 0.3, nuance: 0.55, quality: 0.25, whim: 0.3 } as const

const circleVectors = circles.map(({ leaning }) => leaningVector(leaning))
const circleNuances = circles.map(({ name }) => {
  const draw = stream('nuance', name)
  return Float64Array.from({ length: nuances }, () => normal(draw))
})
/** A table of normals, so that a whim costs one hash and no state. */
const whims = ((draw) => Float64Array.from({ length: 4096 }, () => normal(draw)))(stream('whims'))

export function drawCircle(draw: Draw): number {
  let rest = draw() * circles.reduce((sum, { share }) => sum + share, 0)
  for (let i = 0; i < circles.length; i++) {
    rest -= circles[i].share
    if (rest < 0) return i
  }
  return circles.length - 1
}

/** A taste of the circle, mixed with a second one and something of one's own. `whim` must differ between customers. */
export function drawTaste(draw: Draw, circle: number, whim: number): Taste {
  const second = circleVectors[drawCircle(draw)]
  const main = circleVectors[circle]
  const centre = circleNuances[circle]
  return {
    circle,
    styles: Float64Array.from(
      styles,
      (_, s) => scale.main * main[s] + scale.second * second[s] + scale.style * normal(draw),
    ),
    nuance: Float64Array.from(centre, (value) => 0.6 * value + 0.8 * normal(draw)),
    priceSensitivity: Math.max(0, 0.35 + 0.35 * normal(draw)),
    whim,
  }
}

export const circleOf = (taste: Taste): Circle => circles[taste.circle]

/** How much the item suits: the logarithm of its odds in a choice, against another one of equal popularity. */
export function affinity(taste: Taste, product: Product): number {
  let sum = scale.quality * product.quality - taste.priceSensitivity * product.priceLevel
  for (let s = 0; s < styles.length; s++) sum += taste.styles[s] * product.leaning[s]
  for (let k = 0; k < nuances; k++) sum += scale.nuance * taste.nuance[k] * product.nuance[k]
  return sum + scale.whim * whims[whimOf(taste.whim, product.index)]
}

/** Cosine of two tastes over styles and nuances, -1..1. */
export function resemblance(a: Taste, b: Taste): number {
  const vector = ({ styles: s, nuance }: Taste) => [...s, ...nuance.map((value) => scale.nuance * value)]
  const [x, y] = [vector(a), vector(b)]
  let [xy, xx, yy] = [0, 0, 0]
  for (let i = 0; i < x.length; i++) {
    xy += x[i] * y[i]
    xx += x[i] * x[i]
    yy += y[i] * y[i]
  }
  return xy / Math.sqrt(xx * yy)
}

function whimOf(customer: number, item: number): number {
  let h = Math.imul(customer + 1, 0x9e3779b1) ^ Math.imul(item + 1, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  return (h ^ (h >>> 13)) & 4095
}

/** How much more an item sells on `day` than on the average day. */
export function seasonFactor(product: Product, day: number): number {
  const { seasons } = product
  if (!seasons) return 1
  const month = new Date(day).getUTCMonth()
  if (month === 11 && seasons.december !== undefined) return seasons.december
  return seasons[seasonOf(day)] ?? 1
}

/** Draws items of one list in proportion to popularity x season x exp(affinity); never what `refuses` says. */
export class Chooser {
  readonly #products: readonly Product[]
  readonly #weights: Float64Array
  readonly #bySeason = new Map<string, Float64Array>()

  constructor(taste: Taste, products: readonly Product[], refuses: (product: Product) => boolean = () => false) {
    this.#products = products
    this.#weights = Float64Array.from(products, (product) =>
      refuses(product) ? 0 : product.popularity * Math.exp(affinity(taste, product)),
    )
  }

  draw(draw: Draw, day: number): Product | undefined {
    return this.#products[drawFrom(draw, this.#sums(day))]
  }

  /** Probability of each product of the list, where season plays no part. */
  probabilities(): Float64Array {
    const total = this.#weights.reduce((sum, weight) => sum + weight, 0)
    return this.#weights.map((weight) => weight / total)
  }

  #sums(day: number): Float64Array {
    const key = new Date(day).getUTCMonth() === 11 ? 'december' : seasonOf(day)
    let sums = this.#bySeason.get(key)
    if (!sums) {
      sums = new Float64Array(this.#weights.length)
      let sum = 0
      for (let i = 0; i < sums.length; i++) {
        sum += this.#weights[i] * seasonFactor(this.#products[i], day)
        sums[i] = sum
      }
      this.#bySeason.set(key, sums)
    }
    return sums
  }
}

/** A number that names a customer in `Taste.whim`. */
export const whimKey = (seed: number, id: string): number => hash(seed, 'whim', id)
