/** Draws of the chain as flat arrays: what serving and storage need of them, in single precision. */
import type { ModelArray, UnpackedModel } from './bytes.ts'
import type { Draw } from './rating-fold.ts'
import type { Layout } from './rating-layout.ts'
import type { Chain } from './rating-sampler.ts'
import { addPart, type Part } from './rating-side.ts'

/** Copies what the chain holds now. Sides: customers, items, then days and spots where there are times. */
export function drawOf(chain: Chain, layout: Layout): Draw {
  const [users, items, ...rest] = chain.sides
  const width = chain.rank + 1
  const days = layout.calendar ? rest[0] : undefined
  const spots = layout.times ? rest[layout.calendar ? 1 : 0] : undefined
  const [own, rated, ...traits] = users.parts
  return {
    width,
    items: transposed(items.sums, width),
    rated: transposed(rated.values, width),
    traits: joined(traits.map((part: Part) => transposed(part.values, width))),
    days: days ? transposed(days.sums, width) : new Float32Array(0),
    spots: spots ? transposed(spots.sums, width) : new Float32Array(0),
    userMean: Float32Array.from(own.mean),
    userPrecision: Float32Array.from(own.precision),
    ...spreadOf(rated, layout, width),
    cuts: chain.levels ? chain.levels.cuts.slice() : new Float64Array(0),
    offset: chain.offset,
    noise: 1 / chain.alpha + (chain.mood?.variance ?? 0),
  }
}

/** Mean and variance over the customers with ratings of what their rated items give them. */
function spreadOf(rated: Part, { starts }: Layout, width: number): Pick<Draw, 'ratedMean' | 'ratedVariance'> {
  const ratedMean = new Float32Array(width)
  const ratedVariance = new Float32Array(width)
  const sums = new Float64Array(starts.length - 1)
  for (let f = 0; f < width; f++) {
    addPart(rated, f, sums.fill(0))
    const own = sums.filter((_, user) => starts[user + 1] > starts[user])
    const mean = own.reduce((total, value) => total + value, 0) / own.length
    ratedMean[f] = mean
    ratedVariance[f] = own.reduce((total, value) => total + (value - mean) ** 2, 0) / own.length
  }
  return { ratedMean, ratedVariance }
}

/** From factor-major to entity-major. */
function transposed(columns: readonly Float64Array[], width: number): Float32Array {
  const entities = columns[0].length
  const out = new Float32Array(entities * width)
  for (let f = 0; f < width; f++) for (let e = 0; e < entities; e++) out[e * width + f] = columns[f][e]
  return out
}

function joined(pieces: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    out.set(piece, at)
    at += piece.length
  }
  return out
}

const sections = [
  'items',
  'rated',
  'traits',
  'days',
  'spots',
  'userMean',
  'userPrecision',
  'ratedMean',
  'ratedVariance',
] as const

export function drawsToArrays(draws: readonly Draw[]): Record<string, ModelArray> {
  const arrays: Record<string, ModelArray> = {}
  draws.forEach((draw, d) => {
    for (const name of sections) arrays[`${name}${d}`] = draw[name]
    arrays[`cuts${d}`] = draw.cuts
  })
  return arrays
}

/** @throws RangeError where a section is missing */
export function drawsFrom(packed: UnpackedModel): Draw[] {
  const width = packed.meta.width as number
  const stored = packed.meta.draws as readonly { readonly offset: number; readonly noise: number }[]
  return stored.map((numbers, d) => {
    const section = Object.fromEntries(sections.map((name) => [name, packed.f32(`${name}${d}`)]))
    return { ...(section as Pick<Draw, (typeof sections)[number]>), ...numbers, width, cuts: packed.f64(`cuts${d}`) }
  })
}
