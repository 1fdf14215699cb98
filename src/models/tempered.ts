/**
 * sign(x) |x|^power of many floats, by a table over their leading bits (sign aside: the exponent and eight bits of the
 * fraction), with a straight line between two entries: some thirty times as fast as `**`, off by less than 4e-6 of the value.
 */
const FRACTION = 15
const STEP = 1 / (1 << FRACTION)

export interface Tempering {
  /** As long as what is tempered: filled by the caller, left alone. */
  readonly scores: Float32Array
  /** out += weight * temper(scale * scores). */
  addTo(out: Float32Array, weight: number, scale: number): void
}

/** For vectors of `length`; 0 < power <= 1. */
export function tempering(length: number, power: number): Tempering {
  const scores = new Float32Array(length)
  const bits = new Int32Array(scores.buffer)
  const table = powers(power)
  return {
    scores,
    addTo(out, weight, scale): void {
      const factor = weight * scale ** power
      for (let i = 0; i < length; i++) {
        const word = bits[i]
        const magnitude = word & 0x7fffffff
        if (magnitude === 0) continue
        const at = magnitude >>> FRACTION
        const value = table[at] + (table[at + 1] - table[at]) * (magnitude & 0x7fff) * STEP
        out[i] += word < 0 ? -factor * value : factor * value
      }
    },
  }
}

const tables = new Map<number, Float32Array>()

/** |x|^power of the float whose bits are k << FRACTION. */
function powers(power: number): Float32Array {
  const known = tables.get(power)
  if (known) return known
  const word = new Int32Array(1)
  const float = new Float32Array(word.buffer)
  const table = Float32Array.from({ length: (1 << 16) + 1 }, (_, k) => {
    word[0] = Math.min(k << FRACTION, 0x7f7fffff)
    return float[0] ** power
  })
  tables.set(power, table)
  return table
}
