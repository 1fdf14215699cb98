/**
 * What another way of choosing would have brought, from the log of the one that was used: inverse propensity scores
 * (Horvitz & Thompson 1952), self-normalised (Swaminathan & Joachims 2015), doubly robust (Dudík, Langford & Li 2011).
 */

export interface LoggedChoice {
  /** The probability with which what was shown was chosen, and with which the other policy would choose it. */
  readonly propensity: number
  readonly target: number
  readonly reward: number
  /** What a model of rewards foretells of what was shown, and of what the other policy would show, on average. */
  readonly foretold: number
  readonly foretoldTarget: number
}

export interface PolicyValue {
  readonly value: number
  /** Standard error. */
  readonly error: number
}

export interface PolicyValues {
  readonly ips: PolicyValue
  readonly snips: PolicyValue
  readonly dr: PolicyValue
  /** What was really brought by the policy that was used. */
  readonly logged: PolicyValue
  /** As how many choices of the other policy the log counts: (sum of weights)^2 / sum of their squares. */
  readonly effective: number
}

/** Weights above this are cut: a little bias against a variance without bound. */
const mostWeight = 100

export function policyValues(choices: readonly LoggedChoice[]): PolicyValues {
  const weights = choices.map(({ propensity, target }) =>
    propensity > 0 ? Math.min(mostWeight, target / propensity) : 0,
  )
  const total = weights.reduce((sum, w) => sum + w, 0)
  const squares = weights.reduce((sum, w) => sum + w * w, 0)
  const snips = total > 0 ? choices.reduce((sum, { reward }, i) => sum + weights[i] * reward, 0) / total : 0
  // Of a ratio by its linearisation (delta method).
  const around = choices.map(({ reward }, i) => weights[i] * (reward - snips))
  const spread = Math.sqrt(around.reduce((sum, d) => sum + d * d, 0)) / Math.max(1e-12, total)
  return {
    ips: meanOf(choices.map(({ reward }, i) => weights[i] * reward)),
    snips: { value: snips, error: spread },
    dr: meanOf(
      choices.map(({ reward, foretold, foretoldTarget }, i) => foretoldTarget + weights[i] * (reward - foretold)),
    ),
    logged: meanOf(choices.map(({ reward }) => reward)),
    effective: squares > 0 ? (total * total) / squares : 0,
  }
}

function meanOf(values: readonly number[]): PolicyValue {
  const n = values.length
  const value = values.reduce((sum, one) => sum + one, 0) / Math.max(1, n)
  const variance = values.reduce((sum, one) => sum + (one - value) ** 2, 0) / Math.max(1, n - 1)
  return { value, error: Math.sqrt(variance / Math.max(1, n)) }
}
