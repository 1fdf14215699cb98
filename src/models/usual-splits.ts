/** The conditions of a context that might decide: a number below a threshold, a word being this one. */

/** Names and what they are now: `temperature` 4.5, `daytime` "morning". */
export type UsualContext = Readonly<Record<string, number | string>>

export type Split = { readonly name: string; readonly below: number } | { readonly name: string; readonly is: string }

/** 1 = it holds, 0 = it does not, 2 = the context does not say. Without a split everything is on one side. */
export function sideOf(split: Split | null, context: UsualContext): 0 | 1 | 2 {
  if (split === null) return 0
  const value = context[split.name]
  if ('below' in split) return typeof value !== 'number' ? 2 : value < split.below ? 1 : 0
  return typeof value !== 'string' ? 2 : value === split.is ? 1 : 0
}

/** Thresholds of one name at most, words of one name at most, names at most. */
const limits = { thresholds: 20, words: 6, names: 8 } as const

/**
 * The splits worth thinking of, given the contexts that were met: thresholds in the gaps between values, evenly over
 * the values; each word that was met at least twice, where there are several.
 */
export function splitsOf(contexts: readonly UsualContext[]): Split[] {
  const numbers = new Map<string, number[]>()
  const words = new Map<string, Map<string, number>>()
  for (const context of contexts) {
    for (const [name, value] of Object.entries(context)) {
      if (typeof value === 'string') {
        const counts = words.get(name) ?? new Map<string, number>()
        words.set(name, counts)
        counts.set(value, (counts.get(value) ?? 0) + 1)
      } else if (Number.isFinite(value)) {
        const values = numbers.get(name) ?? []
        numbers.set(name, values)
        values.push(value)
      }
    }
  }
  const names = [...numbers.keys(), ...words.keys()].sort().slice(0, limits.names)
  return names.flatMap((name) => [
    ...thresholdsOf(numbers.get(name) ?? []).map((below): Split => ({ name, below })),
    ...wordsOf(words.get(name) ?? new Map()).map((is): Split => ({ name, is })),
  ])
}

function thresholdsOf(values: readonly number[]): number[] {
  const distinct = [...new Set(values)].sort((a, b) => a - b)
  const gaps = distinct.slice(1).map((value, i) => between(distinct[i], value))
  const count = Math.min(gaps.length, limits.thresholds)
  return [...new Set(Array.from({ length: count }, (_, n) => gaps[Math.floor(((n + 0.5) * gaps.length) / count)]))]
}

/** The roundest number above `low` and not above `high`: people say "below 8 degrees". */
function between(low: number, high: number): number {
  for (let unit = 1000; unit >= 1e-6; unit /= 10) {
    // 73 x 0.1 is a little more than 7.3.
    const multiple = (n: number) => Number((n * unit).toPrecision(12))
    const middle = multiple(Math.round((low + high) / 2 / unit))
    const round = middle > low && middle <= high ? middle : multiple(Math.floor(high / unit))
    if (round > low && round <= high) return round
  }
  return (low + high) / 2
}

function wordsOf(counts: ReadonlyMap<string, number>): string[] {
  const often = [...counts].filter(([, count]) => count >= 2).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  // Of two words, one says it all.
  const all = counts.size === 2 ? often.slice(-1) : counts.size < 2 ? [] : often
  return all.slice(0, limits.words).map(([word]) => word)
}
