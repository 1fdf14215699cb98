/**
 * The words of a review as a print by which copies are found, also those that were changed a little: three minima of hashes
 * over its runs of three words (MinHash, Broder 1997). Of two texts two of the three are equal with the probability that
 * their shares of common runs would suggest; too few words have no print.
 */

const runLength = 3
/** "Great, would buy again" is no copy of anything. */
const fewestWords = 8
const seeds = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d] as const

/** '' = too few words. */
export function printOf(text: string): string {
  const words =
    text
      .normalize('NFKD')
      .toLowerCase()
      .replace(/\p{M}/gu, '')
      .match(/[\p{L}\p{N}]+/gu) ?? []
  if (words.length < fewestWords) return ''
  const least = seeds.map(() => 0xffffffff)
  for (let i = 0; i + runLength <= words.length; i++) {
    const run = words.slice(i, i + runLength).join(' ')
    for (const [n, seed] of seeds.entries()) least[n] = Math.min(least[n], hash(run, seed))
  }
  return least.map((one) => one.toString(36)).join('.')
}

/** FNV-1a over UTF-16 units, seeded, and mixed once more (the finaliser of MurmurHash3). */
function hash(text: string, seed: number): number {
  let h = (0x811c9dc5 ^ seed) >>> 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0
  return (h ^ (h >>> 16)) >>> 0
}

/** A number for each print, the same for those of which two parts of three are equal; 0 for ''. */
export function wordGroups(prints: readonly string[]): Int32Array {
  const parent = prints.map((_, n) => n)
  const root = (n: number): number => {
    let at = n
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]]
      at = parent[at]
    }
    return at
  }
  const first = new Map<string, number>()
  for (const [n, print] of prints.entries()) {
    if (print === '') continue
    const [a, b, c] = print.split('.')
    for (const pair of [`0${a}.${b}`, `1${a}.${c}`, `2${b}.${c}`]) {
      const known = first.get(pair)
      if (known === undefined) first.set(pair, n)
      else parent[root(n)] = root(known)
    }
  }
  return Int32Array.from(prints, (print, n) => (print === '' ? 0 : root(n) + 1))
}
