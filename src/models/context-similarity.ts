/** Which items are chosen by the same users: cosine of the columns of the binary user-item matrix, fold by fold. */
import type { ContextRows } from './context-rows.ts'

interface Incidence {
  /** Items of each user, users of each item; distinct. */
  readonly itemsOf: Int32Array[]
  readonly usersOf: Int32Array[]
}

/**
 * `similar(fold, user, out)`: for each item i the sum over the user's other items j of cos(i, j), divided by the root of
 * their number; choices of `fold` are left out (-1 = none). The matrix of one fold is kept at a time: ask fold by fold.
 */
export function itemSimilarities(rows: ContextRows, folds: Uint8Array, count: number) {
  const byFold = pairsByFold(rows, folds, count)
  let kept: { fold: number; incidence: Incidence; near: (item: number) => Neighbours } | undefined
  return (fold: number, user: number, out: Float32Array): void => {
    if (kept?.fold !== fold) {
      const incidence = incidenceOf(rows, byFold, fold)
      kept = { fold, incidence, near: neighbours(incidence) }
    }
    out.fill(0)
    const own = kept.incidence.itemsOf[user]
    if (own.length === 0) return
    const scale = 1 / Math.sqrt(own.length)
    for (const item of own) {
      const { items, cosines } = kept.near(item)
      for (let n = 0; n < items.length; n++) out[items[n]] += scale * cosines[n]
    }
  }
}

/** key of pair -> how often it was chosen in each fold, and in all. */
function pairsByFold({ sizes, codes, labels }: ContextRows, folds: Uint8Array, count: number) {
  const pairs = new Map<number, Uint16Array>()
  for (let r = 0; r < labels.length; r++) {
    if (labels[r] === 0) continue
    const key = codes[r * sizes.length] * sizes[1] + codes[r * sizes.length + 1]
    let counts = pairs.get(key)
    if (!counts) {
      counts = new Uint16Array(count + 1)
      pairs.set(key, counts)
    }
    counts[folds[r]]++
    counts[count]++
  }
  return pairs
}

function incidenceOf({ sizes }: ContextRows, pairs: Map<number, Uint16Array>, fold: number): Incidence {
  const itemsOf: number[][] = Array.from({ length: sizes[0] }, () => [])
  const usersOf: number[][] = Array.from({ length: sizes[1] }, () => [])
  for (const [key, counts] of pairs) {
    const all = counts[counts.length - 1]
    if (fold >= 0 && all === counts[fold]) continue
    const item = key % sizes[1]
    const user = (key - item) / sizes[1]
    itemsOf[user].push(item)
    usersOf[item].push(user)
  }
  return {
    itemsOf: itemsOf.map((list) => Int32Array.from(list)),
    usersOf: usersOf.map((list) => Int32Array.from(list)),
  }
}

interface Neighbours {
  readonly items: Int32Array
  readonly cosines: Float32Array
}

/** Worked out when an item is first asked for. */
function neighbours({ itemsOf, usersOf }: Incidence): (item: number) => Neighbours {
  const known: (Neighbours | undefined)[] = new Array(usersOf.length)
  const together = new Float32Array(usersOf.length)
  return (item) => {
    const found = known[item]
    if (found) return found
    const met: number[] = []
    for (const user of usersOf[item]) {
      for (const other of itemsOf[user]) {
        if (other === item) continue
        if (together[other] === 0) met.push(other)
        together[other]++
      }
    }
    const own = usersOf[item].length
    const cosines = Float32Array.from(met, (other) => together[other] / Math.sqrt(own * usersOf[other].length))
    for (const other of met) together[other] = 0
    const made = { items: Int32Array.from(met), cosines }
    known[item] = made
    return made
  }
}
