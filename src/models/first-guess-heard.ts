/**
 * What a first guess hears of selections: which items they are, and how much more than usual each was wanted (a film that
 * got five stars where most give it three). Both are sums over the leading directions of who chose what.
 */

export interface Hearing {
  /** How many directions. */
  readonly inputs: number
  /** items x inputs. */
  readonly embedding: Float64Array | Float32Array
  /** Length items: how much each is usually wanted; null where all selections are alike. */
  readonly usual: Float32Array | null
}

/** Selections' worth of the usual in how much somebody wants whatever he chooses. */
const OWN_DOUBT = 2
/** Selections' worth of the mean of all in an item's usual strength. */
const ITEM_DOUBT = 5

/** How many numbers are heard. */
export function heardWidth({ inputs, usual }: Hearing): number {
  return usual ? 2 * inputs : inputs
}

/** Null where there are no strengths, or all are the same. Items x 1. */
export function usualStrengths(
  items: Int32Array,
  strengths: Float32Array | undefined,
  columns: number,
): Float32Array | null {
  if (!strengths || strengths.every((strength) => strength === strengths[0])) return null
  const sums = new Float64Array(columns)
  const counts = new Float64Array(columns)
  let sum = 0
  items.forEach((item, e) => {
    sums[item] += strengths[e]
    counts[item]++
    sum += strengths[e]
  })
  const mean = sum / items.length
  return Float32Array.from(sums, (own, i) => (own + ITEM_DOUBT * mean) / (counts[i] + ITEM_DOUBT))
}

/**
 * How loud each selection is, for itself and by its strength: 1 and how much more it was wanted than the item usually is and
 * than this customer wants what he chooses. What was refused (strength below 0) is -1 and nothing.
 */
export function loudness(items: ArrayLike<number>, strengths: ArrayLike<number>, usual: Float32Array | null) {
  const n = items.length
  const signs = new Float64Array(n)
  const deviations = new Float64Array(n)
  let chosen = 0
  let sum = 0
  for (let k = 0; k < n; k++) {
    signs[k] = Math.sign(strengths[k])
    if (!usual || signs[k] <= 0) continue
    deviations[k] = strengths[k] - usual[items[k]]
    sum += deviations[k]
    chosen++
  }
  const own = sum / (chosen + OWN_DOUBT)
  if (usual) for (let k = 0; k < n; k++) if (signs[k] > 0) deviations[k] -= own
  return { signs, deviations }
}

/** Adds what is heard of these selections to `out`, from `at` on: `heardWidth` numbers. */
export function hear(
  { inputs, embedding, usual }: Hearing,
  items: ArrayLike<number>,
  strengths: ArrayLike<number>,
  out: Float64Array,
  at: number,
): void {
  const { signs, deviations } = loudness(items, strengths, usual)
  for (let k = 0; k < items.length; k++) {
    const row = items[k] * inputs
    for (let a = 0; a < inputs; a++) out[at + a] += signs[k] * embedding[row + a]
    if (usual) for (let a = 0; a < inputs; a++) out[at + inputs + a] += deviations[k] * embedding[row + a]
  }
}
