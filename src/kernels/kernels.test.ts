import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../world.ts'
import { conjugateGradientReference, rowSystem, solveRowReference } from './als-reference.ts'
import type { Csr } from './csr.ts'
import {
  choleskyReference,
  choleskySolveReference,
  gramRowsReference,
  invertSpdReference,
  multiplyTransposedReference,
} from './dense-reference.ts'
import { floatsAt, intsAt, Layout } from './memory.ts'
import {
  CHUNK,
  type InnerKernels,
  instantiate,
  type Kernels,
  PRODUCT_SCRATCH_BYTES,
  SPIKES,
  type ThreadedKernels,
  TILE,
  TILE_BYTES,
} from './module.ts'
import { addRowsReference, gramReference } from './sparse-reference.ts'
import { makeTopK, topKReference } from './topk.ts'

const moduleOf = (file: string) => new URL(`./wasm/${file}`, import.meta.url)
const builds = ['kernels.wasm', 'kernels-relaxed.wasm'].filter((file) =>
  WebAssembly.validate(new Uint8Array(readFileSync(moduleOf(file)))),
)

/** The kernels of one build on a memory, with the threaded ones run by one thread. */
function run(layout: Layout, file: string) {
  const memory = layout.memory()
  const kernels = instantiate(memory, new WebAssembly.Module(new Uint8Array(readFileSync(moduleOf(file))))) as Kernels &
    InnerKernels
  const exports = kernels as unknown as Record<string, (...args: number[]) => number>
  const threaded = <K extends keyof ThreadedKernels>(name: K, ...args: ThreadedKernels[K]): number => {
    intsAt(memory, 0, 5).fill(0)
    exports[name](0, 1, ...args)
    return intsAt(memory, 0, 5)[4]
  }
  return { memory, kernels, threaded }
}

function randomCsr(rows: number, columns: number, density: number, seed: number): Csr {
  const random = seededRandom(seed)
  const indptr = [0]
  const indices: number[] = []
  const values: number[] = []
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      if (random() >= density) continue
      indices.push(c)
      values.push(random() < 0.5 ? 1 : random() * 3)
    }
    indptr.push(indices.length)
  }
  return {
    rows,
    columns,
    indptr: Int32Array.from(indptr),
    indices: Int32Array.from(indices),
    values: Float32Array.from(values),
  }
}

function transposed(m: Csr): Csr {
  const entries: [number, number, number][] = []
  for (let r = 0; r < m.rows; r++) {
    for (let e = m.indptr[r]; e < m.indptr[r + 1]; e++) entries.push([m.indices[e], r, m.values[e]])
  }
  entries.sort((a, b) => a[0] - b[0] || a[1] - b[1])
  const indptr = new Int32Array(m.columns + 1)
  for (const [c] of entries) indptr[c + 1]++
  for (let c = 0; c < m.columns; c++) indptr[c + 1] += indptr[c]
  const indices = Int32Array.from(entries, (e) => e[1])
  return { rows: m.columns, columns: m.rows, indptr, indices, values: Float32Array.from(entries, (e) => e[2]) }
}

function randoms(length: number, seed: number): Float32Array {
  const random = seededRandom(seed)
  return Float32Array.from({ length }, () => random() * 2 - 1)
}

/** The largest |a - b|, relative to the largest |b|. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 1e-30
  let apart = 0
  for (let i = 0; i < b.length; i++) {
    most = Math.max(most, Math.abs(b[i]))
    apart = Math.max(apart, Number.isFinite(a[i]) ? Math.abs(a[i] - b[i]) : Number.POSITIVE_INFINITY)
  }
  return apart / most
}

/** Element (i, j) of a matrix in tiles. */
function tileElement(tiles: Float32Array, i: number, j: number): number {
  const [high, low] = i >= j ? [i, j] : [j, i]
  const [a, b] = [Math.floor(high / TILE), Math.floor(low / TILE)]
  return tiles[((a * (a + 1)) / 2 + b) * TILE * TILE + (high % TILE) * TILE + (low % TILE)]
}

describe.each(builds)('%s', (file) => {
  // One tile, an exact multiple, a partial last tile.
  it.each([5, TILE, 2 * TILE + 7])('gramTiles, invertTiles and narrowRows of %i items equal the references', (n) => {
    const x = randomCsr(3 * n, n, 0.1, n)
    const t = transposed(x)
    const side = Math.ceil(n / TILE)
    const stride = Math.ceil(n / 32) * 32
    const layout = new Layout()
    const at = {
      tiles: layout.place(((side * (side + 1)) / 2) * TILE_BYTES),
      panels: layout.place(2 * side * TILE_BYTES),
      scratch: layout.place(3 * TILE_BYTES + side * TILE * 4),
      ...{ indptr: layout.words(x.rows + 1), indices: layout.words(x.indices.length) },
      ...{
        values: layout.words(x.indices.length),
        tptr: layout.words(n + 1),
        tindices: layout.words(t.indices.length),
      },
      ...{
        tvalues: layout.words(t.indices.length),
        weights: layout.words(x.rows),
        diagonal: layout.words(side * TILE),
      },
      ...{ factor: layout.words(side * TILE), q: layout.place(n * stride), unit: layout.words(n) },
      ...{ columns: layout.words(n * SPIKES), residuals: layout.words(n * SPIKES) },
      ...{ items: layout.words(n + 8), history: layout.words(n + 8), acc: layout.place(2 * stride) },
      out: layout.words(stride),
    }
    const { memory, kernels, threaded } = run(layout, file)
    const rowWeights = randoms(x.rows, 2).map((v) => 1.5 + v)
    intsAt(memory, at.indptr, x.rows + 1).set(x.indptr)
    intsAt(memory, at.indices, x.indices.length).set(x.indices)
    floatsAt(memory, at.values, x.indices.length).set(x.values)
    intsAt(memory, at.tptr, n + 1).set(t.indptr)
    intsAt(memory, at.tindices, t.indices.length).set(t.indices)
    floatsAt(memory, at.tvalues, t.indices.length).set(t.values)
    floatsAt(memory, at.weights, x.rows).set(rowWeights)
    floatsAt(memory, at.diagonal, n).fill(3)
    threaded(
      'gramTiles',
      ...([at.tiles, n, at.indptr, at.indices, at.values] as const),
      ...([at.tptr, at.tindices, at.tvalues, at.weights, at.diagonal, at.scratch] as const),
    )
    const tiles = floatsAt(memory, at.tiles, ((side * (side + 1)) / 2) * TILE * TILE)
    const full = () => Float64Array.from({ length: n * n }, (_, e) => tileElement(tiles, Math.floor(e / n), e % n))
    const g = gramReference(x, rowWeights)
    for (let i = 0; i < n; i++) g[i * n + i] += 3
    expect(distance(full(), g)).toBeLessThan(1e-6)

    // In two calls, as a fit that reports its progress does.
    expect(threaded('invertTiles', at.tiles, side, 0, 1, at.panels, at.scratch)).toBe(0)
    expect(threaded('invertTiles', at.tiles, side, 1, side, at.panels, at.scratch)).toBe(0)
    invertSpdReference(g, n)
    const p = full().map((v) => -v)
    expect(distance(p, g)).toBeLessThan(1e-5)

    floatsAt(memory, at.factor, n).set(Float32Array.from({ length: n }, (_, j) => 1 / p[j * n + j]))
    floatsAt(memory, at.diagonal, n).fill(0.25)
    threaded(
      'narrowRows',
      ...([at.tiles, n, at.factor, at.diagonal, at.q, stride] as const),
      ...([at.unit, at.columns, at.residuals, at.scratch] as const),
    )
    const b = p.map((v, e) => (Math.floor(e / n) === e % n ? 0.25 : -v / p[(e % n) * n + (e % n)]))
    // More rows than a group of 64, of either sign and of very different weights.
    const items = Int32Array.from({ length: n }, (_, h) => (h * 7) % n)
    const history = randoms(n, 3).map((w, h) => (h % 5 === 0 ? 4 * w : w))
    intsAt(memory, at.items, n).set(items)
    floatsAt(memory, at.history, n).set(history)
    kernels.addNarrowRows(
      ...([at.q, stride, at.unit, at.columns, at.residuals] as const),
      ...([at.items, at.history, n, at.acc, at.out] as const),
    )
    const exact = addRowsReference(b, n, items, history)
    const units = floatsAt(memory, at.unit, n)
    // Half a unit of each row, and 2^-11 of the sum for the 16-bit weights and sums.
    const bound = history.reduce((sum, w, h) => sum + Math.abs(w) * units[items[h]] * (0.5 + 127 / 2048), 1e-5)
    const out = floatsAt(memory, at.out, n)
    for (let j = 0; j < n; j++) expect(Math.abs(out[j] - exact[j])).toBeLessThan(bound)
  })

  it('invertTiles tells of a matrix that is not positive definite', () => {
    const layout = new Layout()
    const at = {
      tiles: layout.place(TILE_BYTES),
      panels: layout.place(2 * TILE_BYTES),
      scratch: layout.place(3 * TILE_BYTES),
    }
    const { threaded } = run(layout, file)
    expect(threaded('invertTiles', at.tiles, 1, 0, 1, at.panels, at.scratch)).toBe(1)
  })

  it('pruneRows keeps the entries at or above the threshold, and addSparseRows adds them up', () => {
    const n = 40
    const layout = new Layout()
    const at = {
      ...{ tiles: layout.place(TILE_BYTES), factor: layout.words(TILE), diagonal: layout.words(TILE) },
      ...{ rowptr: layout.words(n + 1), columns: layout.words(n * n), values: layout.words(n * n) },
      ...{ scratch: layout.words(TILE), items: layout.words(2), weights: layout.words(2), out: layout.words(n) },
    }
    const { memory, kernels, threaded } = run(layout, file)
    const m = randoms(TILE * TILE, 4)
    for (let i = 0; i < TILE; i++) for (let j = 0; j < i; j++) m[i * TILE + j] = m[j * TILE + i]
    floatsAt(memory, at.tiles, TILE * TILE).set(m)
    floatsAt(memory, at.factor, n).fill(2)
    const rowptr = intsAt(memory, at.rowptr, n + 1)
    const prune = (fill: number) =>
      threaded(
        'pruneRows',
        ...([at.tiles, n, at.factor, at.diagonal, 1, fill, at.rowptr, at.columns, at.values, at.scratch] as const),
      )
    prune(0)
    for (let i = 0; i < n; i++) rowptr[i + 1] += rowptr[i]
    prune(1)
    const kept = Float64Array.from({ length: n * n }, (_, e) => {
      const [i, j] = [Math.floor(e / n), e % n]
      const value = i === j ? 0 : Math.fround(2 * m[i * TILE + j])
      return Math.abs(value) >= 1 ? value : 0
    })
    expect(rowptr[n]).toBe(kept.filter((v) => v !== 0).length)
    intsAt(memory, at.items, 2).set([3, 17])
    floatsAt(memory, at.weights, 2).set([1, -0.5])
    const { items, weights, out } = at
    kernels.addSparseRows(at.rowptr, at.columns, at.values, items, weights, 2, out, n)
    const expected = addRowsReference(kept, n, Int32Array.of(3, 17), Float32Array.of(1, -0.5))
    expect(distance(floatsAt(memory, out, n), expected)).toBeLessThan(1e-6)
  })

  it.each([4, 20, 64, 100])('cholesky and choleskySolve of side %i equal the references', (n) => {
    const layout = new Layout()
    const at = { a: layout.words(n * n), b: layout.words(n) }
    const { memory, kernels } = run(layout, file)
    const a = gramRowsReference(randoms(2 * n * n, n), 2 * n, n)
    for (let i = 0; i < n; i++) a[i * n + i] += 1
    const b = Float64Array.from(randoms(n, 5))
    floatsAt(memory, at.a, n * n).set(a)
    floatsAt(memory, at.b, n).set(b)
    expect(kernels.cholesky(at.a, n)).toBe(0)
    kernels.choleskySolve(at.a, at.b, n)
    choleskyReference(a, n)
    choleskySolveReference(a, b, n)
    expect(distance(floatsAt(memory, at.b, n), b)).toBeLessThan(1e-4)
    floatsAt(memory, at.a, n * n).fill(1)
    expect(kernels.cholesky(at.a, n)).toBe(1)
  })

  it('gramRows, matrixVector and multiplyTransposed equal the references', () => {
    const [m, n, k] = [301, 40, 24]
    const layout = new Layout()
    const at = {
      ...{ a: layout.words((m + 6) * k), b: layout.words(n * k), c: layout.words((m + 6) * n), x: layout.words(k) },
      ...{
        q: layout.place(2 * (m + 4) * k),
        unit: layout.words(m + 4),
        qx: layout.place(2 * k),
        unitX: layout.words(1),
      },
      ...{ out: layout.words(m + 4), g: layout.words(k * k), scratch: layout.place(PRODUCT_SCRATCH_BYTES) },
    }
    const { memory, kernels, threaded } = run(layout, file)
    const a = randoms(m * k, 6)
    const b = randoms(n * k, 7)
    floatsAt(memory, at.a, m * k).set(a)
    floatsAt(memory, at.b, n * k).set(b)
    floatsAt(memory, at.x, k).set(b.subarray(0, k))
    threaded('multiplyTransposed', at.a, at.b, at.c, m, n, k, at.scratch)
    expect(distance(floatsAt(memory, at.c, m * n), multiplyTransposedReference(a, b, m, n, k))).toBeLessThan(1e-6)
    kernels.matrixVector(at.a, m, k, at.x, at.out)
    const product = multiplyTransposedReference(a, b.subarray(0, k), m, 1, k)
    expect(distance(floatsAt(memory, at.out, m), product)).toBeLessThan(1e-6)
    kernels.halveRows(at.a, m, k, at.q, at.unit)
    kernels.halveRows(at.x, 1, k, at.qx, at.unitX)
    kernels.halvedMatrixVector(at.q, m, k, at.unit, at.qx, floatsAt(memory, at.unitX, 1)[0], at.out)
    expect(distance(floatsAt(memory, at.out, m), product)).toBeLessThan(1e-3)
    threaded('gramRows', at.a, m, k, 0.5, at.g, at.scratch)
    const half = gramRowsReference(a, m, k).map((v) => 0.5 * v)
    expect(distance(floatsAt(memory, at.g, k * k), half)).toBeLessThan(1e-6)
  })

  it.each(['conjugate gradient', 'cholesky', 'blocks'])('alsRows by %s equals the reference', (solver) => {
    const [d, items] = [16, 90]
    const block = { 'conjugate gradient': 0, cholesky: d, blocks: 8 }[solver]!
    const x = randomCsr(30, items, 0.3, 8)
    for (let e = 0; e < x.values.length; e += 9) x.values[e] *= -1
    const layout = new Layout()
    const each = 4 * Math.max(3 * d, items + d * (d + 1 + 2 * CHUNK))
    const at = {
      ...{ w: layout.words(x.rows * d), h: layout.words(items * d), indptr: layout.words(x.rows + 1) },
      ...{ indices: layout.words(x.indices.length), values: layout.words(x.indices.length), g: layout.words(d * d) },
      ...{ reg: layout.words(x.rows), scratch: layout.place(each) },
    }
    const { memory, threaded } = run(layout, file)
    const h = randoms(items * d, 9)
    const g = Float32Array.from(gramRowsReference(h, items, d), (v) => 0.1 * v)
    const start = randoms(x.rows * d, 10)
    const regs = randoms(x.rows, 11).map((v) => 2 + v)
    floatsAt(memory, at.w, start.length).set(start)
    floatsAt(memory, at.h, h.length).set(h)
    intsAt(memory, at.indptr, x.rows + 1).set(x.indptr)
    intsAt(memory, at.indices, x.indices.length).set(x.indices)
    floatsAt(memory, at.values, x.indices.length).set(x.values)
    floatsAt(memory, at.g, g.length).set(g)
    floatsAt(memory, at.reg, regs.length).set(regs)
    // Newton steps on blocks come to the solution of the whole by repetition.
    for (let round = 0; round < (solver === 'blocks' ? 60 : 1); round++) {
      threaded(
        'alsRows',
        ...([at.w, at.h, d, x.rows, at.indptr, at.indices, at.values] as const),
        ...([at.g, at.reg, block, 3, at.scratch, each] as const),
      )
    }
    for (let r = 0; r < x.rows; r++) {
      const entries = {
        indices: x.indices.subarray(x.indptr[r], x.indptr[r + 1]),
        values: x.values.subarray(x.indptr[r], x.indptr[r + 1]),
      }
      const w = start.slice(r * d, (r + 1) * d)
      if (block === 0) conjugateGradientReference(h, g, d, regs[r], entries, w, 3)
      else w.set(solveRowReference(h, g, d, regs[r], entries))
      expect(distance(floatsAt(memory, at.w + r * d * 4, d), w)).toBeLessThan(1e-3)
    }
  })

  it('foldRow comes to the reference solution, for what a row likes and for any right hand side', () => {
    const [d, items] = [16, 90]
    const x = randomCsr(20, items, 0.3, 8)
    for (let e = 0; e < x.values.length; e += 9) x.values[e] *= -1
    const layout = new Layout()
    const at = {
      ...{ w: layout.words(d), h: layout.words(items * d), gram: layout.words(d), rhs: layout.words(d) },
      ...{ indices: layout.words(items), values: layout.words(items), scratch: layout.words(4 * d) },
    }
    const { memory, kernels } = run(layout, file)
    const h = randoms(items * d, 9)
    const diagonal = randoms(d, 10).map((v) => 3 + v)
    const gram = new Float32Array(d * d)
    for (let f = 0; f < d; f++) gram[f * d + f] = diagonal[f]
    floatsAt(memory, at.h, h.length).set(h)
    floatsAt(memory, at.gram, d).set(diagonal)
    for (let r = 0; r < x.rows; r++) {
      const indices = x.indices.slice(x.indptr[r], x.indptr[r + 1])
      const values = x.values.slice(x.indptr[r], x.indptr[r + 1])
      intsAt(memory, at.indices, indices.length).set(indices)
      floatsAt(memory, at.values, values.length).set(values)
      const solved = (rhs: number) => {
        const places = [at.w, at.h, d, at.indices, at.values, indices.length, at.gram] as const
        kernels.foldRow(...places, 2, rhs, 30, at.scratch)
        return floatsAt(memory, at.w, d).slice()
      }
      expect(distance(solved(0), solveRowReference(h, gram, d, 2, { indices, values }))).toBeLessThan(1e-4)
      const { a } = rowSystem(h, gram, d, 2, { indices, values })
      const b = Float64Array.from({ length: d }, (_, f) => h[f])
      choleskyReference(a, d)
      choleskySolveReference(a, b, d)
      floatsAt(memory, at.rhs, d).set(h.subarray(0, d))
      expect(distance(solved(at.rhs), b)).toBeLessThan(1e-4)
    }
  })

  it('mixScores sums what is known, and leaves unknown what nobody knows', () => {
    const [n, stride] = [10, 12]
    const layout = new Layout()
    const at = { scores: layout.words(3 * stride), weights: layout.words(3), out: layout.words(stride) }
    const { memory, kernels } = run(layout, file)
    const scores = randoms(3 * stride, 4)
    for (const i of [0, stride, 2 * stride, 5, stride + 5, 2 * stride + 7]) scores[i] = Number.NEGATIVE_INFINITY
    const weights = [0.5, -2, 3]
    floatsAt(memory, at.scores, scores.length).set(scores)
    floatsAt(memory, at.weights, 3).set(weights)
    kernels.mixScores(at.scores, 4 * stride, at.weights, 3, n, at.out)
    const out = floatsAt(memory, at.out, n)
    expect(out[0]).toBe(Number.NEGATIVE_INFINITY)
    for (let i = 1; i < n; i++) {
      const known = [0, 1, 2].filter((m) => Number.isFinite(scores[m * stride + i]))
      expect(out[i]).toBeCloseTo(
        known.reduce((sum, m) => sum + weights[m] * scores[m * stride + i], 0),
        5,
      )
    }
  })

  it('topK equals the reference, equal scores by lower position, with and without a mask', () => {
    const module = new WebAssembly.Module(new Uint8Array(readFileSync(moduleOf(file))))
    const random = seededRandom(12)
    for (const n of [1, 3, 4, 33, 1000]) {
      const select = makeTopK(n, 50, module)
      const scores = Float32Array.from({ length: n }, () => Math.floor(random() * 20) - 10)
      if (n > 3) {
        scores[1] = Number.NEGATIVE_INFINITY
        scores[2] = Number.NaN
      }
      const mask = Int32Array.from({ length: (n >> 5) + 1 }, () => random() * 2 ** 32)
      for (const k of [0, 1, 10, 50]) {
        expect([...select(scores, k)]).toEqual([...topKReference(scores, k)])
        expect([...select(scores, k, mask)]).toEqual([...topKReference(scores, k, mask)])
      }
    }
  })
})
