/** Factors of items as they are served: a history is folded in by solving its own row (als.ts has the loss). */
import { floatsAt, intsAt, Layout } from '../kernels/memory.ts'
import { instantiate } from '../kernels/module.ts'
import { packModel } from './bytes.ts'
import { strongest } from './contributions.ts'
import type { Contribution, History, Model } from './model.ts'

export const KIND = 'als'
export const VERSION = 2
/** Steps after which conjugate gradient no longer changes a score that is a float. */
const EXACT = 40

/** What training and serving need of the options. */
export interface Settings {
  /** Length of the factors. */
  readonly d: number
  readonly epochs: number
  readonly lambda: number
  readonly nu: number
  readonly alpha0: number
  readonly init: number
  /** 0 = conjugate gradient. */
  readonly block: number
  readonly steps: number
  /** 0 = solved exactly. */
  readonly foldIn: number
}

export function regularisation(settings: Settings, entries: number, others: number): number {
  return settings.lambda * (entries + settings.alpha0 * others) ** settings.nu
}

/**
 * `factors`: as left by `principal`. `popularity`: each item's share of the customers; 0 = an item of which nothing is known.
 */
export function serveFactors(factors: Float32Array, popularity: Float32Array, settings: Settings): Model {
  const { d } = settings
  const n = popularity.length
  const layout = new Layout()
  const at = {
    h: layout.words(n * d),
    // Scores are products in 16 bits: half the memory to read, and twice the products an instruction.
    halved: layout.place(2 * (n + 4) * d),
    unit: layout.words(n + 4),
    halvedW: layout.place(2 * d),
    unitW: layout.words(1),
    gram: layout.words(d),
    w: layout.words(d),
    items: layout.words(n),
    values: layout.words(n),
    out: layout.words(n + 4),
    scratch: layout.words(4 * d),
  }
  const memory = layout.memory()
  const kernels = instantiate(memory)
  const h = floatsAt(memory, at.h, n * d)
  h.set(factors)
  kernels.halveRows(at.h, n, d, at.halved, at.unit)
  floatsAt(memory, at.gram, d).set(diagonalGram(h, d, settings.alpha0))
  const unitW = floatsAt(memory, at.unitW, 1)
  const items = intsAt(memory, at.items, n)
  const values = floatsAt(memory, at.values, n)
  const w = floatsAt(memory, at.w, d)
  const scores = floatsAt(memory, at.out, n)
  const unknown = Int32Array.from(popularity.keys()).filter((i) => popularity[i] === 0)
  const steps = settings.foldIn || EXACT

  /** Takes the history's known items; returns how many there are. */
  const take = (history: History): number => {
    let count = 0
    for (let e = 0; e < history.items.length && count < n; e++) {
      const item = history.items[e]
      if (!(popularity[item] > 0)) continue
      items[count] = item
      values[count++] = history.weights[e]
    }
    return count
  }
  /** Solves the row of the history that was taken, for `rhs` or, where that is 0, for what it likes. */
  const solve = (count: number, rhs: number, most: number) => {
    const reg = regularisation(settings, count, n)
    kernels.foldRow(at.w, at.h, d, at.items, at.values, count, at.gram, reg, rhs, most, at.scratch)
  }
  /** Of what the history likes; null where none of its items is known. */
  const factorsOf = (history: History): Float32Array | null => {
    const count = take(history)
    if (count > 0) solve(count, 0, steps)
    return count > 0 ? w.slice() : null
  }
  // Folding in is a third of a score, and a customer who did nothing since is asked about again.
  const folded = new WeakMap<History, Float32Array | null>()
  const foldedOf = (history: History): Float32Array | null => {
    let own = folded.get(history)
    if (own === undefined) {
      own = factorsOf(history)
      folded.set(history, own)
    }
    return own
  }
  return {
    kind: KIND,
    items: n,
    score(history, out): void {
      const own = foldedOf(history)
      if (own === null) {
        out.set(popularity)
      } else {
        w.set(own)
        kernels.halveRows(at.w, 1, d, at.halvedW, at.unitW)
        kernels.halvedMatrixVector(at.halved, n, d, at.unit, at.halvedW, unitW[0], at.out)
        out.set(scores)
      }
      for (const item of unknown) out[item] = Number.NEGATIVE_INFINITY
    },
    scoreOf(history, item): number {
      if (!(popularity[item] > 0)) return Number.NEGATIVE_INFINITY
      const own = foldedOf(history)
      if (own === null) return popularity[item]
      let sum = 0
      for (let f = 0; f < d; f++) sum += own[f] * h[item * d + f]
      return sum
    },
    /** Hu, Koren, Volinsky 2008, section 5: entry j adds max(c_j, 0) h_i^T A^-1 h_j to the score of i. */
    explain(history, item, count): Contribution[] {
      if (!(popularity[item] > 0)) return []
      const entries = take(history)
      solve(entries, at.h + 4 * item * d, steps)
      kernels.rowProducts(at.h, d, at.items, entries, at.w, at.out)
      const parts = strongest(count)
      for (let e = 0; e < entries; e++) parts.offer(items[e], scores[e] * Math.max(0, values[e]))
      return parts.list()
    },
    toBytes: () => packModel(KIND, VERSION, { ...settings }, { h, popularity }),
  }
}

/** alpha0 times the squared lengths of H's columns. */
function diagonalGram(h: Float32Array, d: number, alpha0: number): Float64Array {
  const squares = new Float64Array(d)
  for (let e = 0; e < h.length; e += d) for (let f = 0; f < d; f++) squares[f] += h[e + f] ** 2
  return squares.map((square) => alpha0 * square)
}
