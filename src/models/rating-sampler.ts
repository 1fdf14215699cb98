/**
 * Gibbs sampling of a Bayesian factorisation machine in blocks (Rendle, "Factorization Machines with libFM", TIST 2012; the
 * flipped implicit features of "On the Difficulty of Evaluating Baselines", 2019; ordered probit as in myFM): a rating's
 * latent is the sum of the biases of its sides (customer, item, day ...), of the products of each two sides' vectors and of
 * the customer's mood.
 */
import { Draws } from './rating-draws.ts'
import { cutsFromShares, drawCuts } from './rating-levels.ts'
import { drawMood, type Mood } from './rating-mood.ts'
import { addPart, drawFactor, makeSide, type Side } from './rating-side.ts'

export interface Chain {
  readonly rank: number
  readonly rows: number
  /** Customers first, their ratings in a row: those of customer u from `starts[u]` to `starts[u + 1]`. */
  readonly sides: readonly Side[]
  readonly starts: Int32Array
  /** Stands in for a side that is not there. */
  readonly absent: Side
  readonly mood: Mood | null
  /** Latent minus what is expected, by rating. */
  readonly residual: Float64Array
  readonly latent: Float64Array
  /** Ordered levels: index of each rating's level, and the cuts between levels; null where ratings are plain numbers. */
  readonly levels: { readonly of: Uint8Array; readonly cuts: Float64Array } | null
  /** Precision of the noise: 1 with levels. */
  alpha: number
  offset: number
  readonly draws: Draws
}

export function startChain(
  sides: readonly Side[],
  mood: Mood | null,
  rank: number,
  target: { levelOf: Uint8Array; levels: number } | { latent: Float64Array },
  seed: number,
): Chain {
  const draws = new Draws(seed)
  const rows = sides[0].of.length
  for (const side of sides) startSide(side, rank, draws)
  const levels = 'levels' in target ? { of: target.levelOf, cuts: cutsFromShares(target.levelOf, target.levels) } : null
  const latent = 'latent' in target ? target.latent : new Float64Array(rows)
  const residual = new Float64Array(rows)
  const starts = new Int32Array(sides[0].entities + 1)
  for (const user of sides[0].of) starts[user + 1]++
  for (let u = 0; u < sides[0].entities; u++) starts[u + 1] += starts[u]
  const absent = makeSide(1, new Int32Array(rows), [], rank)
  const chain = { rank, rows, sides, starts, absent, mood, residual, latent, levels, alpha: 1, offset: 0, draws }
  recompute(chain)
  if (levels) drawLatents(chain)
  return chain
}

function startSide(side: Side, rank: number, draws: Draws): void {
  for (const part of side.parts) {
    for (let f = 1; f <= rank; f++) {
      const values = part.values[f]
      for (let j = 0; j < part.size; j++) values[j] = 0.1 * draws.normal()
    }
  }
  for (let f = 0; f <= rank; f++) sumParts(side, f)
}

function sumParts(side: Side, f: number): void {
  const sums = side.sums[f].fill(0)
  for (const part of side.parts) addPart(part, f, sums)
}

/** Residuals from scratch: what rounding has gathered goes. */
export function recompute(chain: Chain): void {
  const { rows, sides, rank, residual, latent, mood, offset } = chain
  for (const side of sides) for (let f = 0; f <= rank; f++) sumParts(side, f)
  for (let r = 0; r < rows; r++) residual[r] = latent[r] - offset - (mood ? mood.value[r] : 0)
  for (const side of sides) for (let r = 0; r < rows; r++) residual[r] -= side.sums[0][side.of[r]]
  for (let f = 1; f <= rank; f++) {
    for (let r = 0; r < rows; r++) {
      let sum = 0
      let squares = 0
      for (const side of sides) {
        const q = side.sums[f][side.of[r]]
        sum += q
        squares += q * q
      }
      residual[r] -= 0.5 * (sum * sum - squares)
    }
  }
}

/** One sweep over everything that is drawn. `settled`: cuts hardly move any more, so they are drawn at every fifth. */
export function sweep(chain: Chain, number: number): void {
  const { levels, mood, residual, latent, draws, rank, sides } = chain
  if (number % 20 === 19) recompute(chain)
  if (levels) {
    if (number < 20 || number % 5 === 0) drawCuts(levels.cuts, (r) => latent[r] - residual[r], levels.of, draws)
    drawLatents(chain)
  } else drawNoise(chain)
  drawOffset(chain)
  for (const side of sides) drawBias(chain, side)
  if (mood) drawMood(mood, residual, chain.alpha, draws)
  for (let f = 1; f <= rank; f++) drawFactors(chain, f)
}

function drawLatents({ rows, residual, latent, levels, draws }: Chain): void {
  if (!levels) return
  const { of, cuts } = levels
  for (let r = 0; r < rows; r++) {
    const f = latent[r] - residual[r]
    const l = of[r]
    const z = draws.between(l > 0 ? cuts[l - 1] - f : -Infinity, l < cuts.length ? cuts[l] - f : Infinity)
    residual[r] = z
    latent[r] = f + z
  }
}

function drawNoise(chain: Chain): void {
  const { residual, rows, draws } = chain
  let squares = 0
  for (let r = 0; r < rows; r++) squares += residual[r] ** 2
  chain.alpha = draws.gamma(1 + rows / 2) / (0.5 + squares / 2)
}

/** The offset is the first cut's own where there are levels. */
function drawOffset(chain: Chain): void {
  if (chain.levels) return
  const { residual, rows, draws, alpha } = chain
  let sum = 0
  for (let r = 0; r < rows; r++) sum += residual[r]
  const step = sum / rows + draws.normal() / Math.sqrt(alpha * rows)
  chain.offset += step
  for (let r = 0; r < rows; r++) residual[r] -= step
}

function drawBias({ rows, residual, alpha, draws }: Chain, side: Side): void {
  const { of, squares, products, change } = side
  squares.fill(0)
  products.fill(0)
  for (let r = 0; r < rows; r++) {
    squares[of[r]]++
    products[of[r]] += residual[r]
  }
  drawFactor(side, 0, alpha, draws)
  for (let r = 0; r < rows; r++) residual[r] -= change[of[r]]
}

/** Factor `f` of every side in turn; each pass over the ratings settles the side before and gathers for the next. */
function drawFactors(chain: Chain, f: number): void {
  const { alpha, draws, sides } = chain
  for (let s = 0; s <= sides.length; s++) {
    const before = s > 0 ? sides[s - 1] : null
    const next = s < sides.length ? sides[s] : null
    next?.squares.fill(0)
    next?.products.fill(0)
    pass(chain, f, before, next)
    if (next) drawFactor(next, f, alpha, draws)
  }
}

/**
 * The hot loop: ten million ratings a second. The first side is the customers, whose ratings stand together; the sides are
 * at most four, and those that are not there are read as one entity at zero.
 */
function pass(chain: Chain, f: number, before: Side | null, next: Side | null): void {
  const { sides, residual, starts, absent } = chain
  const [a, b] = sides
  const c = sides[2] ?? absent
  const d = sides[3] ?? absent
  const [sa, sb, sc, sd] = [a.sums[f], b.sums[f], c.sums[f], d.sums[f]]
  const [ib, ic, id] = [b.of, c.of, d.of]
  const other = before === null || before === a ? b : before
  const [sp, ip, change] = [other.sums[f], other.of, other.change]
  const target = next === null || next === a ? b : next
  const [sn, into, squares, products] = [target.sums[f], target.of, target.squares, target.products]
  for (let u = 0; u < a.entities; u++) {
    const own = sa[u]
    const moved = before === a ? a.change[u] : 0
    let square = 0
    let product = 0
    for (let r = starts[u]; r < starts[u + 1]; r++) {
      const rest = sb[ib[r]] + sc[ic[r]] + sd[id[r]]
      let left = residual[r]
      if (before !== null) {
        if (before === a) left -= moved * rest
        else {
          const p = ip[r]
          left -= change[p] * (own + rest - sp[p])
        }
        residual[r] = left
      }
      if (next === a) {
        square += rest * rest
        product += rest * left
      } else if (next !== null) {
        const e = into[r]
        const x = own + rest - sn[e]
        squares[e] += x * x
        products[e] += x * left
      }
    }
    if (next === a) {
      a.squares[u] = square
      a.products[u] = product
    }
  }
}
