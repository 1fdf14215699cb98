/** Draws from a seeded source: what the shop needs of probability, and nothing more. */
import { seededRandom } from '../../src/world.ts'

/** A source of uniform draws from [0, 1). */
export type Draw = () => number

/** FNV-1a over the parts, mixed: the same words and numbers give the same 32 bits on every machine. */
export function hash(...parts: readonly (string | number)[]): number {
  let h = 0x811c9dc5
  const text = parts.join('\u0001')
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}

/** An independent stream for each name, so that one more customer changes nothing for the others. */
export const stream = (...parts: readonly (string | number)[]): Draw => seededRandom(hash(...parts))

export const chance = (draw: Draw, probability: number): boolean => draw() < probability

/** An integer of `low..high`, both included. */
export const between = (draw: Draw, low: number, high: number): number => low + Math.floor(draw() * (high - low + 1))

export const pick = <T>(draw: Draw, list: readonly T[]): T => list[Math.floor(draw() * list.length)]

/** Standard normal, by Box and Muller. */
export function normal(draw: Draw): number {
  const radius = Math.sqrt(-2 * Math.log(1 - draw()))
  return radius * Math.cos(2 * Math.PI * draw())
}

/** Poisson count by Knuth's product; for the small means (below 30) of a shop. */
export function poisson(draw: Draw, mean: number): number {
  const limit = Math.exp(-mean)
  let count = 0
  for (let product = draw(); product > limit; product *= draw()) count++
  return count
}

/** Running sums of `weights`, for `drawFrom`. */
export function cumulate(weights: Float64Array): Float64Array {
  const sums = new Float64Array(weights.length)
  let sum = 0
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i]
    sums[i] = sum
  }
  return sums
}

/** An index with probability in proportion to its weight; -1 where all weights are zero. */
export function drawFrom(draw: Draw, sums: Float64Array): number {
  const total = sums.length > 0 ? sums[sums.length - 1] : 0
  if (total <= 0) return -1
  const target = draw() * total
  let low = 0
  let high = sums.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (sums[middle] > target) high = middle
    else low = middle + 1
  }
  return low
}

/** `count` different members of the list, in drawn order. */
export function sample<T>(draw: Draw, list: readonly T[], count: number): T[] {
  const rest = [...list]
  const out: T[] = []
  while (out.length < count && rest.length > 0) out.push(...rest.splice(Math.floor(draw() * rest.length), 1))
  return out
}
