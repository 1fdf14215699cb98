import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { floatsAt, Layout } from './memory.ts'
import { type ThreadedKernels, TILE, TILE_BYTES } from './module.ts'
import { openPool, threadsFor } from './pool.ts'

const LARGE = 1e12

/** A memory with `side` tiles a side, all zero but a diagonal of 2, laid out for `invertTiles`. */
function tiles(side: number, threads: number) {
  const layout = new Layout()
  const at = {
    tiles: layout.place(((side * (side + 1)) / 2) * TILE_BYTES),
    panels: layout.place(2 * side * TILE_BYTES),
    scratch: layout.place((1 + 2 * threads) * TILE_BYTES),
  }
  const memory = layout.memory()
  const pivot = (i: number) => floatsAt(memory, at.tiles + ((i * (i + 1)) / 2 + i) * TILE_BYTES, TILE * TILE)
  for (let i = 0; i < side; i++) for (let r = 0; r < TILE; r++) pivot(i)[r * TILE + r] = 2
  return { memory, pivot, invert: [at.tiles, side, 0, side, at.panels, at.scratch] as ThreadedKernels['invertTiles'] }
}

describe('openPool', () => {
  it('takes no threads for little work and as many as asked for otherwise', () => {
    expect(threadsFor(1000, 4)).toBe(1)
    expect(threadsFor(LARGE, 4)).toBe(4)
    expect(threadsFor(LARGE)).toBeGreaterThan(0)
  })

  it.each([1, 2, 3])('runs a kernel to its end on %i threads, and again', async (threads) => {
    const { memory, pivot, invert } = tiles(4, threads)
    const pool = openPool(memory, LARGE, new AbortController().signal, threads)
    expect(await pool.run('invertTiles', ...invert)).toBe(0)
    expect([0, 3].map((i) => pivot(i)[0])).toEqual([-0.5, -0.5])
    // Minus the inverse is not positive definite, and all threads come back to say so.
    expect(await pool.run('invertTiles', ...invert)).toBe(1)
    await pool.close()
  })

  it('stops in the middle of a kernel when aborted, with the reason', async () => {
    const { memory, invert } = tiles(60, 2)
    const abort = new AbortController()
    const pool = openPool(memory, LARGE, abort.signal, 2)
    const job = pool.run('invertTiles', ...invert)
    setTimeout(() => abort.abort(new Error('enough')), 50)
    await expect(job).rejects.toThrow('enough')
    await expect(pool.run('invertTiles', ...invert)).rejects.toThrow('enough')
    await pool.close()
  })

  it('rejects where a thread died, instead of waiting for ever', async () => {
    const { memory, invert } = tiles(2, 2)
    const pool = openPool(memory, LARGE, new AbortController().signal, 2)
    const beyond = memory.buffer.byteLength
    await expect(
      pool.run('invertTiles', beyond, ...(invert.slice(1) as [number, number, number, number, number])),
    ).rejects.toThrow('kernel thread died')
    await pool.close()
  })

  it('works from within a worker thread', async () => {
    const source = `
      const { parentPort, workerData } = require('node:worker_threads')
      Promise.all(['pool.ts', 'memory.ts'].map((file) => import(workerData + file))).then(async ([pool, memory]) => {
        const layout = new memory.Layout()
        const at = [layout.words(16 * 8), 16, 8, 1, layout.words(64), layout.words(2 * 64 * 20)]
        const buffer = layout.memory()
        memory.floatsAt(buffer, at[0], 16 * 8).fill(1)
        const opened = pool.openPool(buffer, 1e12, new AbortController().signal, 2)
        await opened.run('gramRows', ...at)
        await opened.close()
        parentPort.postMessage(memory.floatsAt(buffer, at[4], 64)[9])
      })`
    const worker = new Worker(source, { eval: true, execArgv: [], workerData: new URL('./', import.meta.url).href })
    const answer = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    expect(answer).toBe(16)
    await worker.terminate()
  })
})
