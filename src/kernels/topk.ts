/** Choosing the highest scores. */
import { floatsAt, intsAt, Layout } from './memory.ts'
import { instantiate, kernelModule } from './module.ts'

/**
 * The positions of the at most `k` highest of `scores`, highest first, equal ones by lower position. Left out: -Infinity,
 * NaN, and positions whose bit is set in `mask` (bit i & 31 of word i >> 5). The answer is a view, overwritten by the next call.
 */
export type TopK = (scores: Float32Array, k: number, mask?: Int32Array) => Int32Array

/** A selector for up to `n` scores and `most` positions, with a small memory of its own. */
export function makeTopK(n: number, most: number, module = kernelModule()): TopK {
  const layout = new Layout()
  const at = { scores: layout.words(n + 4), mask: layout.words((n >> 5) + 1), out: layout.words(most) }
  const memory = layout.memory()
  const kernels = instantiate(memory, module)
  const ownScores = floatsAt(memory, at.scores, n)
  const ownMask = intsAt(memory, at.mask, (n >> 5) + 1)
  const out = intsAt(memory, at.out, most)
  return (scores, k, mask) => {
    if (k > most) throw new RangeError(`this selector gives at most ${most} positions, ${k} were asked for`)
    ownScores.set(scores)
    if (mask) ownMask.set(mask)
    const count = k > 0 ? kernels.topK(at.scores, scores.length, mask ? at.mask : 0, k, at.out) : 0
    return out.subarray(0, count)
  }
}

export const topKReference: TopK = (scores, k, mask) => {
  const allowed = (i: number) => !mask || ((mask[i >> 5] >> (i & 31)) & 1) === 0
  const positions = Int32Array.from(scores.keys()).filter((i) => scores[i] > Number.NEGATIVE_INFINITY && allowed(i))
  return positions.sort((a, b) => scores[b] - scores[a] || a - b).slice(0, k)
}
