/**
 * Seeded bench of the kernels and of the models on them: `node bench/kernels.ts [--users N] [--items N] [--interactions N]
 * [--seed N] [--rounds N]`. Prints a table, then one JSON object on the last line. Times are the best of the rounds;
 * a score's is processor time of its own thread, so that a busy machine disturbs it less.
 */
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import type { Csr } from '../src/kernels/csr.ts'
import { floatsAt, Layout } from '../src/kernels/memory.ts'
import { instantiate, PRODUCT_SCRATCH_BYTES, TILE, TILE_BYTES } from '../src/kernels/module.ts'
import { openPool } from '../src/kernels/pool.ts'
import { makeTopK } from '../src/kernels/topk.ts'
import { als } from '../src/models/als.ts'
import { ease } from '../src/models/ease.ts'
import { historyOf, matrixFromTriples } from '../src/models/matrix.ts'
import type { Model, TrainingData } from '../src/models/model.ts'
import { seededRandom, systemWorld } from '../src/world.ts'

const { values } = parseArgs({
  options: {
    // The size of MovieLens 1M.
    users: { type: 'string', default: '6040' },
    items: { type: 'string', default: '3706' },
    interactions: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
  },
})
const [users, items, interactions, seed, rounds] = [
  ...[values.users, values.items, values.interactions, values.seed, values.rounds].map(Number),
]
const results: { name: string; value: number; unit: string }[] = []
const unaborted = new AbortController().signal
const threads = availableParallelism()

/** Users of a few tastes each, activity and popularity as skewed as in shops. */
function population(): TrainingData {
  const random = seededRandom(seed)
  const activity = Float64Array.from({ length: users }, () => (random() + 0.02) ** -0.7)
  const total = activity.reduce((a, b) => a + b, 0)
  const triples: [number, number][] = []
  for (let u = 0; u < users; u++) {
    const taste = Math.floor(random() * 20)
    const count = Math.min(items / 2, Math.round((interactions * 1.25 * activity[u]) / total))
    for (let e = 0; e < count; e++) {
      const rank = Math.floor(items * random() ** 3)
      triples.push([u, random() < 0.6 ? (rank - (rank % 20) + taste) % items : rank])
    }
  }
  const column = (c: 0 | 1) => Int32Array.from(triples, (t) => t[c])
  const { matrix } = matrixFromTriples({ users: column(0), items: column(1) }, users, items)
  return { matrix, now: 0, seed }
}

function report(name: string, value: number, unit: string): void {
  results.push({ name, value: Number(value.toPrecision(4)), unit })
}

/** The best of the rounds, in seconds. */
async function best(job: () => Promise<void> | void): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const start = systemWorld.elapsed()
    await job()
    least = Math.min(least, (systemWorld.elapsed() - start) / 1000)
  }
  return least
}

async function denseKernels(): Promise<void> {
  const random = seededRandom(seed)
  const [rows, d] = [items, 128]
  const layout = new Layout()
  const side = Math.ceil(items / TILE)
  const at = {
    ...{ h: layout.words((rows + 8) * d), x: layout.words(d), out: layout.words(rows + 4), g: layout.words(d * d) },
    ...{ halved: layout.place(2 * (rows + 4) * d), unit: layout.words(rows + 4) },
    ...{ halvedX: layout.place(2 * d), unitX: layout.words(1), product: layout.words((1000 + 6) * 1000) },
    tiles: layout.place(((side * (side + 1)) / 2) * TILE_BYTES),
    panels: layout.place(2 * side * TILE_BYTES),
    scratch: layout.place((1 + 2 * threads) * TILE_BYTES + threads * PRODUCT_SCRATCH_BYTES),
  }
  const memory = layout.memory()
  const kernels = instantiate(memory)
  for (const offset of [at.h, at.x]) {
    floatsAt(memory, offset, offset === at.h ? rows * d : d).forEach((_, e, view) => {
      view[e] = random() - 0.5
    })
  }
  const repeated = 200
  const repeat = (kernel: () => void) => () => {
    for (let r = 0; r < repeated; r++) kernel()
  }
  const perCall = (seconds: number) => (seconds / repeated) * 1e6
  const vector = await best(repeat(() => kernels.matrixVector(at.h, rows, d, at.x, at.out)))
  report(`matrix (${rows} x ${d}) times vector`, perCall(vector), 'us')
  kernels.halveRows(at.h, rows, d, at.halved, at.unit)
  kernels.halveRows(at.x, 1, d, at.halvedX, at.unitX)
  const half = () => kernels.halvedMatrixVector(at.halved, rows, d, at.unit, at.halvedX, 1, at.out)
  report('the same in 16 bits', perCall(await best(repeat(half))), 'us')
  const select = makeTopK(rows, 100)
  const scores = Float32Array.from({ length: rows }, () => random())
  report(`top 10 of ${rows}`, perCall(await best(repeat(() => select(scores, 10)))), 'us')

  const pool = openPool(memory, Number.POSITIVE_INFINITY, unaborted, threads)
  try {
    const gram = await best(async () => {
      await pool.run('gramRows', at.h, rows, d, 1, at.g, at.scratch)
    })
    report(`gram of ${rows} x ${d}`, gram * 1000, 'ms')
    const size = Math.min(1000, Math.floor(rows / 8) * 8)
    const product = await best(async () => {
      await pool.run('multiplyTransposed', at.h, at.h, at.product, size, size, d, at.scratch)
    })
    report(`product ${size} x ${size} x ${d}`, (2 * size * size * d) / product / 1e9, 'GFLOP/s')
    const inverse = await best(async () => {
      for (let tile = 0; tile < side; tile++) {
        const pivot = at.tiles + ((tile * (tile + 1)) / 2 + tile) * TILE_BYTES
        const view = floatsAt(memory, pivot, TILE * TILE)
        for (let r = 0; r < TILE; r++) view[r * TILE + r] = 2
      }
      await pool.run('invertTiles', at.tiles, side, 0, side, at.panels, at.scratch)
    })
    report(`inverse of side ${side * TILE}`, (side * TILE) ** 3 / inverse / 1e9, 'GFLOP/s')
  } finally {
    await pool.close()
  }
}

/** Processor microseconds of one score over every customer's own history. */
async function scoring(name: string, model: Model, data: TrainingData): Promise<void> {
  const out = new Float32Array(model.items)
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const start = process.threadCpuUsage()
    for (let u = 0; u < data.matrix.rows; u++) model.score(historyOf(data, u), out)
    const used = process.threadCpuUsage(start)
    least = Math.min(least, (used.user + used.system) / data.matrix.rows)
  }
  report(`${name}: score`, least, 'us cpu')
}

async function models(data: TrainingData): Promise<void> {
  const silent = { step: () => {}, signal: unaborted }
  let model: Model | undefined
  const fit = await best(async () => {
    model = await ease.fit(data, ease.defaults, silent)
  })
  report('ease: fit', fit, 's')
  await scoring('ease', model!, data)
  for (const [factors, solver] of [
    [64, 'cg'],
    [64, 'cholesky'],
    [128, 'cg'],
    [128, 'blocks'],
  ] as const) {
    const starts: number[] = []
    const progress = { step: () => starts.push(systemWorld.elapsed()), signal: unaborted }
    const options = { ...als.defaults, factors, solver, epochs: 2 + rounds }
    const trained = await als.fit(data, options, progress)
    const epochs = starts.slice(1).map((t, e) => t - starts[e])
    report(`als ${factors} ${solver}: epoch`, Math.min(...epochs) / 1000, 's')
    if (solver === 'cg') await scoring(`als ${factors}`, trained, data)
  }
}

const data = population()
const { matrix }: { matrix: Csr } = data
await denseKernels()
await models(data)
const about = { users, items, interactions: matrix.indices.length, seed, threads, cpu: cpus()[0]?.model }
console.log(
  `${about.users} users, ${about.items} items, ${about.interactions} interactions; ${threads} threads, ${about.cpu}`,
)
for (const { name, value, unit } of results) console.log(`${name.padEnd(36)} ${String(value).padStart(9)} ${unit}`)
console.log(JSON.stringify({ bench: 'kernels', ...about, results }))
