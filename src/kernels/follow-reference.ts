/** The regression of wasm/follow.ts, plain and in double precision, without its recurrences. */

export interface FollowState {
  /** By reach, `items` x `items`: row = what was chosen, column = what follows. */
  readonly weights: Float64Array[]
  /** Sums of squared gradients of `weights`. */
  readonly squares: Float64Array[]
  readonly bias: Float64Array
  readonly biasSquares: Float64Array
}

/** One step on the history of items `met`, no item twice. */
export function followReference(
  met: readonly number[],
  decays: readonly number[],
  rate: number,
  { weights, squares, bias, biasSquares }: FollowState,
): void {
  const items = bias.length
  const misses = met.map((target, t) => {
    const odds = bias.map((own, j) => {
      let sum = own
      decays.forEach((decay, r) => {
        for (let a = 0; a < t; a++) sum += decay ** (t - 1 - a) * weights[r][met[a] * items + j]
      })
      return met.slice(0, t).includes(j) ? 0 : Math.exp(sum)
    })
    const total = odds.reduce((sum, each) => sum + each, 0)
    return odds.map((each, j) => (j === target ? 1 : 0) - each / total)
  })
  const step = (values: Float64Array, sums: Float64Array, at: number, gradient: number) => {
    sums[at] += gradient * gradient
    values[at] += (rate * gradient) / Math.sqrt(sums[at])
  }
  for (let j = 0; j < items; j++) {
    step(
      bias,
      biasSquares,
      j,
      misses.reduce((sum, miss) => sum + miss[j], 0),
    )
    decays.forEach((decay, r) => {
      for (let a = 0; a + 1 < met.length; a++) {
        let gradient = 0
        for (let t = a + 1; t < met.length; t++) gradient += decay ** (t - 1 - a) * misses[t][j]
        step(weights[r], squares[r], met[a] * items + j, gradient)
      }
    })
  }
}
