/** The regressions of the first guess (`first-guess.ts`): directions, then one ridge for each number of selections. */
import { choleskyReference, choleskySolveReference } from '../kernels/dense-reference.ts'
import { type Beginnings, laterCounts } from './beginnings.ts'
import { type Hearing, hear, heardWidth, usualStrengths } from './first-guess-heard.ts'
import type { Progress } from './model.ts'
import { pace } from './pace.ts'
import { leadingSubspace, type Subspace } from './subspace.ts'
import { columnsOf, learnTraitColumns, type TraitColumns } from './trait-columns.ts'

export interface Strengths {
  /** Ridge of a trait's column, in customers. */
  readonly traitRidge: number
  /** Ridge of what is heard of selections, in customers' worth of its mean. */
  readonly itemRidge: number
  /** How much more the directions that few share are doubted: direction a's ridge grows with energy_a^(-2 power). */
  readonly power: number
  /** How loud it is heard by how much more than usual a selection was wanted, beside that it was; 0 = not at all. */
  readonly wanted: number
  /** Directions that are foretold; 0 = popularity. */
  readonly rank: number
}

/** All that a guess is computed from. */
export interface FittedGuess extends Hearing {
  readonly columns: TraitColumns
  readonly items: number
  /** items x rank. */
  readonly rank: number
  readonly directions: Float32Array
  /** Share of the customers who chose each item; 0 = nothing is known of it. */
  readonly popularity: Float32Array
  readonly stages: readonly Stage[]
}

/** What is known after a certain number of selections. */
export interface Stage {
  /** Length items: share of the customers who chose each item later. */
  readonly mean: Float32Array
  /** (trait columns + what is heard) x rank. */
  readonly weights: Float32Array
  /** Length rank: where somebody stands of whom nothing is known. */
  readonly base: Float32Array
}

/** Most directions that are heard (E) and foretold (V). */
const mostInputs = 60
export const mostRank = 60
/** Customers that a direction needs: of few customers, few directions are more than chance. */
const CUSTOMERS_A_DIRECTION = 40
const FEWEST_DIRECTIONS = 8
/** Customers' worth of doubt about an item's popularity, where directions are weighed against it. */
const DOUBT = 20

/** What all stages share. */
export interface Basis {
  readonly data: Beginnings
  readonly from: number
  readonly columns: TraitColumns
  /** Trait columns of each customer. */
  readonly told: readonly (readonly number[])[]
  readonly popularity: Float32Array
  /** items x inputs.count, columns scaled so that rarer items are heard louder. */
  readonly inputs: Subspace
  readonly hearing: Hearing
  /** items x targets.count. */
  readonly targets: Subspace
}

/** @throws RangeError where nobody went on beyond `from`; the signal's reason when aborted */
export async function basisOf(data: Beginnings, from: number, seed: number, progress: Progress): Promise<Basis> {
  const { starts, items, columns: n } = data
  const customers = starts.length - 1
  const counts = new Float64Array(n)
  for (const item of items) counts[item]++
  const later = laterCounts(data, from)
  if (later.customers === 0) throw new RangeError('nobody chose enough to learn a first guess from')
  const columns = learnTraitColumns(data.traits)
  const rows = { items, starts, columns: n, skip: 0 }
  const borne = Math.max(FEWEST_DIRECTIONS, Math.ceil(customers / CUSTOMERS_A_DIRECTION))
  const scale = counts.map((count) => 1 / Math.sqrt(count + DOUBT))
  const part = (at: number) => ({
    signal: progress.signal,
    step: (done: number, total: number, note: string) => progress.step(at + done / total, 2, note),
  })
  const inputs = await leadingSubspace(rows, { scale, count: Math.min(mostInputs, borne), seed }, part(0))
  for (let i = 0; i < n; i++) for (let a = 0; a < inputs.count; a++) inputs.vectors[i * inputs.count + a] *= scale[i]
  const mean = later.counts.map((count) => count / customers)
  const targets = await leadingSubspace(
    { ...rows, skip: from },
    { mean, count: Math.min(mostRank, borne), seed: seed + 1 },
    part(1),
  )
  const told = data.traits.map((traits) => columnsOf(columns, traits))
  const popularity = Float32Array.from(counts, (count) => count / Math.max(1, customers))
  const usual = usualStrengths(items, data.strengths, n)
  const hearing = { inputs: inputs.count, embedding: inputs.vectors, usual }
  return { data, from, columns, told, popularity, inputs, hearing, targets }
}

/** What one number of selections leaves to be solved: everything but the strengths. */
export interface StageSums {
  readonly selections: number
  readonly customers: number
  readonly mean: Float32Array
  /** Length width: mean of z. */
  readonly inputMean: Float64Array
  /** width x width: covariance of z, times customers. */
  readonly gram: Float64Array
  /** width x targets.count: z against what was chosen later, times customers. */
  readonly cross: Float64Array
  readonly width: number
}

/** Customers who went on after `selections` count, each as much as the next. */
export function stageSums(basis: Basis, selections: number): StageSums {
  const { data, from, columns, told, hearing, targets } = basis
  const { starts, items } = data
  const after = Math.max(from, selections)
  const later = laterCounts(data, after)
  const mean = Float32Array.from(later.counts, (count) => count / Math.max(1, later.customers))
  const width = columns.size + heardWidth(hearing)
  const rank = targets.count
  const gram = new Float64Array(width * width)
  const cross = new Float64Array(width * rank)
  const inputMean = new Float64Array(width)
  const z = new Float64Array(width)
  const y = new Float64Array(rank)
  const centre = new Float64Array(rank)
  for (let i = 0; i < data.columns; i++) addRow(centre, targets.vectors, i, rank, mean[i])
  for (let c = 0; c + 1 < starts.length; c++) {
    if (starts[c + 1] - starts[c] <= after) continue
    z.fill(0)
    for (const column of told[c]) z[column] = 1
    hearFirst(basis, data, c, selections, z)
    for (let r = 0; r < rank; r++) y[r] = -centre[r]
    for (let e = starts[c] + after; e < starts[c + 1]; e++) addRow(y, targets.vectors, items[e], rank, 1)
    for (let a = 0; a < width; a++) {
      const value = z[a]
      if (value === 0) continue
      inputMean[a] += value / later.customers
      for (let b = 0; b <= a; b++) gram[a * width + b] += value * z[b]
      for (let r = 0; r < rank; r++) cross[a * rank + r] += value * y[r]
    }
  }
  // y sums to 0 over customers, so only z is centred.
  for (let a = 0; a < width; a++) {
    for (let b = 0; b <= a; b++) {
      gram[a * width + b] -= later.customers * inputMean[a] * inputMean[b]
      gram[b * width + a] = gram[a * width + b]
    }
  }
  return { selections, customers: later.customers, mean, inputMean, gram, cross, width }
}

/** Adds what is heard of customer `c`'s first selections to z. */
export function hearFirst(
  { hearing, columns }: Pick<Basis, 'hearing' | 'columns'>,
  { starts, items, strengths }: Beginnings,
  c: number,
  selections: number,
  z: Float64Array,
): void {
  const [from, to] = [starts[c], starts[c] + selections]
  const wanted = strengths?.subarray(from, to) ?? new Float32Array(selections).fill(1)
  hear(hearing, items.subarray(from, to), wanted, z, columns.size)
}

function addRow(out: Float64Array, rows: Float64Array, row: number, width: number, by: number): void {
  const from = row * width
  for (let a = 0; a < width; a++) out[a] += by * rows[from + a]
}

/** (Z^T Z + Lambda)^-1 Z^T Y for all directions. Width x targets.count. */
export function solveStage(basis: Basis, sums: StageSums, strengths: Strengths): Float64Array {
  const { gram, cross, width, selections } = sums
  const traits = basis.columns.size
  const rank = basis.targets.count
  const used = selections === 0 ? traits : strengths.wanted > 0 ? width : traits + basis.inputs.count
  const a = new Float64Array(used * used)
  for (let i = 0; i < used; i++) for (let j = 0; j <= i; j++) a[i * used + j] = gram[i * width + j]
  const ridges = inputRidges(basis, sums, strengths)
  for (let i = 0; i < used; i++) {
    a[i * used + i] += Math.max(i < traits ? strengths.traitRidge : ridges[i - traits], 1e-9)
  }
  choleskyReference(a, used)
  const weights = new Float64Array(width * rank)
  const column = new Float64Array(used)
  for (let r = 0; r < rank; r++) {
    for (let i = 0; i < used; i++) column[i] = cross[i * rank + r]
    choleskySolveReference(a, column, used)
    for (let i = 0; i < used; i++) weights[i * rank + r] = column[i]
  }
  return weights
}

/**
 * Ridges of what is heard: as if each direction were scaled by its share of the energy to `power`, and all had one ridge;
 * where strengths are heard `wanted` times as loud, theirs is larger by its square.
 */
function inputRidges(
  { inputs: { energies, count }, hearing, columns }: Basis,
  { gram, width, customers }: StageSums,
  { itemRidge, power, wanted }: Strengths,
): number[] {
  const shares = Array.from(energies, (energy) => Math.max(energy / Math.max(energies[0], 1e-12), 1e-12))
  const doubts = shares.map((share) => share ** (-2 * power))
  const ridges = (from: number, loud: number) => {
    let energy = 0
    doubts.forEach((doubt, a) => {
      energy += gram[(from + a) * (width + 1)] / doubt
    })
    const ridge = (itemRidge * energy) / count / Math.max(1, customers)
    return doubts.map((doubt) => (ridge * doubt) / loud ** 2)
  }
  return [...ridges(columns.size, 1), ...(hearing.usual && wanted > 0 ? ridges(columns.size + count, wanted) : [])]
}

/** Where somebody stands of whom nothing is known: -mean(z) W. */
export function baseOf({ inputMean, width }: StageSums, weights: Float64Array, rank: number): Float64Array {
  const base = new Float64Array(rank)
  for (let a = 0; a < width; a++) for (let r = 0; r < rank; r++) base[r] -= inputMean[a] * weights[a * rank + r]
  return base
}

/** All customers, each stage with the strengths found for it. */
export async function fitStages(
  data: Beginnings,
  from: number,
  strengths: readonly Strengths[],
  seed: number,
  progress: Progress,
): Promise<FittedGuess> {
  const basis = await basisOf(data, from, seed, progress)
  const { targets, hearing, columns, popularity } = basis
  const rank = Math.min(
    targets.count,
    strengths.reduce((most, one) => Math.max(most, one.rank), 0),
  )
  const stages: Stage[] = []
  for (const [selections, strength] of strengths.entries()) {
    await pace(progress, selections, strengths.length, `after ${selections}`)
    const sums = stageSums(basis, selections)
    const solved = solveStage(basis, sums, strength)
    const base = baseOf(sums, solved, targets.count)
    const kept = (vector: Float64Array) => cut(vector, targets.count, rank, strength.rank)
    const same = selections > 0 && selections <= from ? stages[0].mean : sums.mean
    stages.push({ mean: same, weights: kept(solved), base: kept(base) })
  }
  const directions = cut(targets.vectors, targets.count, rank, rank)
  const heard = { ...hearing, embedding: Float32Array.from(hearing.embedding) }
  return { ...heard, columns, items: data.columns, rank, directions, popularity, stages }
}

/** The first `rank` of every `count` numbers, 0 from `used` on. */
function cut(rows: Float64Array, count: number, rank: number, used: number): Float32Array {
  const out = new Float32Array((rows.length / count) * rank)
  for (let i = 0; i < out.length; i++) {
    const r = i % rank
    if (r < used) out[i] = rows[((i - r) / rank) * count + r]
  }
  return out
}
