/** The compiled kernels: which build this machine takes, and their signatures. Offsets are bytes, lengths elements. */
import { readFileSync } from 'node:fs'

/** Run by one thread on a memory that it has to itself. Sources and full contracts: wasm/*.ts. */
export interface Kernels {
  /** wasm/add-rows.ts */
  addNarrowRows(
    ...args: [
      ...[q: number, stride: number, unit: number, columns: number, residuals: number],
      ...[items: number, weights: number, count: number, acc: number, out: number],
    ]
  ): void
  addSparseRows(
    ...args: [
      ...[rowptr: number, columns: number, values: number],
      ...[items: number, weights: number, count: number, out: number, n: number],
    ]
  ): void
  /** wasm/vectors.ts */
  halveRows(h: number, rows: number, d: number, q: number, unit: number): void
  halvedMatrixVector(
    ...args: [q: number, rows: number, d: number, unit: number, x: number, xUnit: number, out: number]
  ): void
  mixScores(scores: number, stride: number, weights: number, count: number, n: number, out: number): void
  rowProducts(h: number, d: number, indices: number, count: number, x: number, out: number): void
  matrixVector(h: number, rows: number, d: number, x: number, out: number): void
  /** wasm/topk.ts */
  topK(scores: number, n: number, mask: number, k: number, out: number): number
  /** wasm/als.ts; tid 0, threads 1, on a cleared control block. */
  gramRows(...args: [tid: number, threads: number, ...GramRowsArgs]): void
  alsRows(...args: [tid: number, threads: number, ...AlsRowsArgs]): void
  foldRow(
    ...args: [
      ...[w: number, h: number, d: number, indices: number, values: number, count: number],
      ...[gram: number, reg: number, rhs: number, steps: number, scratch: number],
    ]
  ): void
}

/** What the kernels above are made of: nobody calls them from outside, but their tests do, beside their references. */
export interface InnerKernels {
  /** wasm/solve.ts; 1 = not positive definite. */
  cholesky(a: number, n: number): number
  choleskySolve(u: number, b: number, n: number): void
}

export type GramRowsArgs = [h: number, rows: number, d: number, alpha: number, g: number, scratch: number]
export type AlsRowsArgs = [
  ...[w: number, h: number, d: number, rows: number, indptr: number, indices: number, values: number],
  ...[g: number, reg: number, block: number, steps: number, scratch: number, each: number],
]

/** Run by all threads of a pool at once; each gets its number and their count before these arguments. */
export interface ThreadedKernels {
  /** wasm/tiles.ts */
  gramTiles: [
    ...[a: number, n: number, indptr: number, indices: number, values: number],
    ...[tptr: number, tindices: number, tvalues: number, weights: number, diagonal: number, scratch: number],
  ]
  invertTiles: [a: number, side: number, from: number, to: number, panels: number, scratch: number]
  /** wasm/rows.ts */
  narrowRows: [
    ...[m: number, n: number, factor: number, diagonal: number, q: number, stride: number],
    ...[unit: number, columns: number, residuals: number, scratch: number],
  ]
  pruneRows: [
    ...[m: number, n: number, factor: number, diagonal: number, threshold: number, fill: number],
    ...[rowptr: number, columns: number, values: number, scratch: number],
  ]
  /** wasm/als.ts */
  gramRows: GramRowsArgs
  alsRows: AlsRowsArgs
  /** wasm/follow.ts */
  follow: [
    ...[items: number, starts: number, order: number, from: number, to: number, n: number, decays: number],
    ...[reaches: number, weights: number, squares: number, bias: number, biasSquares: number, rate: number],
    ...[piece: number, state: number, expected: number, sums: number],
  ]
  /** wasm/product.ts */
  multiplyTransposed: [a: number, b: number, c: number, m: number, n: number, k: number, scratch: number]
}

/** Side of a tile of wasm/tiles.ts, in elements. */
export const TILE = 96
export const TILE_BYTES = TILE * TILE * 4
/** Exact weights beside the narrow ones of a row of wasm/rows.ts. */
export const SPIKES = 16
/** Of each thread, for wasm/product.ts: rows and columns of a block, packed. */
export const PRODUCT_SCRATCH_BYTES = (288 + 8) * 256 * 4
/** Entries that wasm/als.ts packs at a time. */
export const CHUNK = 64

let compiled: WebAssembly.Module | undefined

/** Compiled once a thread; the relaxed build where the machine knows relaxed SIMD. */
export function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(chooseBuild())
  return compiled
}

export function instantiate(memory: WebAssembly.Memory, module = kernelModule()): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels
}

function chooseBuild(): Uint8Array<ArrayBuffer> {
  const relaxed = new Uint8Array(readFileSync(new URL('./wasm/kernels-relaxed.wasm', import.meta.url)))
  if (WebAssembly.validate(relaxed)) return relaxed
  return new Uint8Array(readFileSync(new URL('./wasm/kernels.wasm', import.meta.url)))
}
