/**
 * Ranking metrics. The rank of a target is 1 + (candidates scored higher) + half of (other candidates scored equal), so
 * that neither the order of candidates nor luck among ties moves a figure; ranks are therefore multiples of 1/2.
 */

/** Rank of each target among the candidates whose scores are given. `NaN` counts as the lowest score. */
export function rankOf(targetScore: number, candidateScores: ArrayLike<number>): number {
  let higher = 0
  let equal = 0
  const target = Number.isNaN(targetScore) ? Number.NEGATIVE_INFINITY : targetScore
  for (let c = 0; c < candidateScores.length; c++) {
    const score = Number.isNaN(candidateScores[c]) ? Number.NEGATIVE_INFINITY : candidateScores[c]
    if (score > target) higher++
    else if (score === target) equal++
  }
  return 1 + higher + equal / 2
}

/** sum over ranks <= k of 1 / log2(1 + rank), divided by the same sum for ranks 1 .. min(k, number of targets). */
export function ndcgAt(k: number, ranks: ArrayLike<number>): number {
  let gain = 0
  for (let t = 0; t < ranks.length; t++) if (ranks[t] <= k) gain += 1 / Math.log2(1 + ranks[t])
  let ideal = 0
  for (let r = 1; r <= Math.min(k, ranks.length); r++) ideal += 1 / Math.log2(1 + r)
  return ideal === 0 ? 0 : gain / ideal
}

/** Share of the targets (all of them, however many) that stand within the first k. */
export function recallAt(k: number, ranks: ArrayLike<number>): number {
  let hits = 0
  for (let t = 0; t < ranks.length; t++) if (ranks[t] <= k) hits++
  return ranks.length === 0 ? 0 : hits / ranks.length
}

/** 1 where at least one target stands within the first k, else 0. */
export function hitAt(k: number, ranks: ArrayLike<number>): number {
  for (let t = 0; t < ranks.length; t++) if (ranks[t] <= k) return 1
  return 0
}

/**
 * Ranks of `targets` among all items, with `masked` items taken out of the candidates. A target that is itself masked
 * can never be shown: its rank is Infinity.
 * @param scores length items; overwritten at the masked places
 * @param cut ranks behind it are given as Infinity, which is many times quicker
 */
export function ranksAmongAll(
  scores: Float32Array,
  targets: Int32Array,
  masked: Int32Array,
  cut = Number.POSITIVE_INFINITY,
): Float64Array {
  // Masked places become NaN, which is neither higher than nor equal to anything.
  for (let i = 0; i < scores.length; i++) if (Number.isNaN(scores[i])) scores[i] = Number.NEGATIVE_INFINITY
  for (const item of masked) scores[item] = Number.NaN
  const ranks = new Float64Array(targets.length)
  for (let t = 0; t < targets.length; t++) {
    const target = scores[targets[t]]
    let higher = 0
    let equal = 0
    for (let i = 0; i < scores.length && higher < cut; i++) {
      if (scores[i] > target) higher++
      else if (scores[i] === target) equal++
    }
    ranks[t] = Number.isNaN(target) || higher >= cut ? Number.POSITIVE_INFINITY : 1 + higher + (equal - 1) / 2
  }
  return ranks
}

/**
 * Area under the ROC curve: the probability that a row of label 1 scores higher than one of label 0, equal scores
 * counting half. NaN where one of the labels is absent.
 */
export function areaUnderCurve(scores: Float64Array, labels: Uint8Array): number {
  const order = Array.from(scores.keys()).sort((a, b) => scores[a] - scores[b])
  let rankSum = 0
  let positives = 0
  for (let from = 0; from < order.length; ) {
    let to = from
    let among = 0
    for (; to < order.length && scores[order[to]] === scores[order[from]]; to++) among += labels[order[to]]
    rankSum += among * ((from + 1 + to) / 2)
    positives += among
    from = to
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (labels.length - positives))
}
