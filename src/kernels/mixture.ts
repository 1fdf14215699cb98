/** Weighted sums of several vectors of scores. */
import { floatsAt, Layout } from './memory.ts'
import { instantiate } from './module.ts'

export interface Mixture {
  /** One vector a part, to be filled by the caller; -Infinity = the part knows nothing of it. */
  readonly parts: readonly Float32Array[]
  /** Writes the weighted sum over the parts that know an item, or -Infinity where none does, into `out` (as long as a part). */
  mix(out: Float32Array): void
}

/** @param weights one a part. */
export function mixture(weights: readonly number[], length: number): Mixture {
  const stride = Math.ceil(length / 4) * 4
  const layout = new Layout()
  const at = {
    parts: layout.words(weights.length * stride),
    weights: layout.words(weights.length),
    out: layout.words(stride),
  }
  const memory = layout.memory()
  const kernels = instantiate(memory)
  floatsAt(memory, at.weights, weights.length).set(weights)
  const sums = floatsAt(memory, at.out, length)
  return {
    parts: weights.map((_, m) => floatsAt(memory, at.parts + 4 * m * stride, length)),
    mix(out): void {
      kernels.mixScores(at.parts, 4 * stride, at.weights, weights.length, length, at.out)
      out.set(sums)
    },
  }
}
