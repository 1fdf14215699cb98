import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../world.ts'
import { type FollowState, followReference } from './follow-reference.ts'
import { floatsAt, intsAt, Layout } from './memory.ts'
import type { ThreadedKernels } from './module.ts'
import { openPool } from './pool.ts'

const ITEMS = 21
const PADDED = 24
const DECAYS = [0.8, 0.3]
const RATE = 0.3

const moduleOf = (file: string) => new Uint8Array(readFileSync(new URL(`./wasm/${file}`, import.meta.url)))
const builds = ['kernels.wasm', 'kernels-relaxed.wasm'].filter((file) => WebAssembly.validate(moduleOf(file)))

function histories(): number[][] {
  const random = seededRandom(6)
  return Array.from({ length: 25 }, () => {
    const keys = Array.from({ length: ITEMS }, (_, item) => [random(), item] as const).sort((a, b) => a[0] - b[0])
    return keys.slice(0, 2 + Math.floor(random() * 12)).map(([, item]) => item)
  })
}

/** The histories, last one first, in a memory for at most `threads`; all weights 0. */
function laidOut(rows: readonly number[][], threads: number, piece: number) {
  const layout = new Layout()
  const entries = rows.flat()
  const at = {
    ...{ items: layout.words(entries.length), starts: layout.words(rows.length + 1), order: layout.words(rows.length) },
    ...{ decays: layout.words(2), weights: layout.words(2 * PADDED ** 2), squares: layout.words(2 * PADDED ** 2) },
    ...{ bias: layout.words(PADDED), biasSquares: layout.words(PADDED), state: layout.words(6 * PADDED) },
    ...{ expected: layout.words(piece * PADDED), sums: layout.words(threads * piece) },
  }
  const memory = layout.memory()
  intsAt(memory, at.items, entries.length).set(entries)
  rows.forEach((row, r) => {
    const starts = intsAt(memory, at.starts, rows.length + 1)
    starts[r + 1] = starts[r] + row.length
  })
  intsAt(memory, at.order, rows.length).set(rows.map((_, r) => rows.length - 1 - r))
  floatsAt(memory, at.decays, 2).set(DECAYS)
  floatsAt(memory, at.squares, 2 * PADDED ** 2).fill(1)
  floatsAt(memory, at.biasSquares, PADDED).fill(1)
  floatsAt(memory, at.bias, PADDED).set(Array.from({ length: PADDED }, (_, j) => (j < ITEMS ? -0.1 * j : -1e9)))
  const args: ThreadedKernels['follow'] = [
    ...([at.items, at.starts, at.order, 0, rows.length, PADDED, at.decays, 2, at.weights, at.squares] as const),
    ...([at.bias, at.biasSquares, RATE, piece, at.state, at.expected, at.sums] as const),
  ]
  const weight = (r: number, from: number, to: number) =>
    floatsAt(memory, at.weights, 2 * PADDED ** 2)[(r * PADDED + from) * PADDED + to]
  return { memory, args, weight, bias: floatsAt(memory, at.bias, ITEMS) }
}

function expected(rows: readonly number[][]): FollowState {
  const matrix = () => new Float64Array(ITEMS * ITEMS)
  const state: FollowState = {
    ...{ weights: [matrix(), matrix()], squares: [matrix().fill(1), matrix().fill(1)] },
    ...{ bias: Float64Array.from({ length: ITEMS }, (_, j) => -0.1 * j), biasSquares: new Float64Array(ITEMS).fill(1) },
  }
  for (const row of rows.toReversed()) followReference(row, DECAYS, RATE, state)
  return state
}

/** The largest difference of weights and biases. */
function distance({ weight, bias }: ReturnType<typeof laidOut>, wanted: FollowState): number {
  let most = 0
  for (let from = 0; from < ITEMS; from++) {
    most = Math.max(most, Math.abs(bias[from] - wanted.bias[from]))
    for (let to = 0; to < ITEMS; to++) {
      for (const r of [0, 1]) {
        most = Math.max(most, Math.abs(weight(r, from, to) - wanted.weights[r][from * ITEMS + to]))
      }
    }
  }
  return most
}

describe('follow', () => {
  const rows = histories()
  const wanted = expected(rows)

  it.each(builds)('learns what the reference learns (%s)', (file) => {
    const laid = laidOut(rows, 1, 16)
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleOf(file)), {
      env: { memory: laid.memory },
    })
    ;(exports as unknown as Record<string, (...args: number[]) => void>).follow(0, 1, ...laid.args)
    expect(Math.max(...wanted.weights[0])).toBeGreaterThan(0.3)
    expect(distance(laid, wanted)).toBeLessThan(2e-3)
  })

  it('learns the same in several threads, and nearly so in pieces of histories', async () => {
    for (const [piece, bound] of [
      [16, 2e-3],
      [8, 0.5],
    ]) {
      const laid = laidOut(rows, 3, piece)
      const pool = openPool(laid.memory, 1e12, new AbortController().signal, 3)
      expect(await pool.run('follow', ...laid.args)).toBe(0)
      await pool.close()
      expect(distance(laid, wanted)).toBeLessThan(bound)
    }
  })
})
