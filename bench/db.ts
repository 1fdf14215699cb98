/**
 * `node bench/db.ts [--json] [--seconds N] [--engine sqlite|postgres]`: how many events a second storage takes, durably: deduplicated,
 * appended and folded, by size of batch and number of writers at once. Asserts that the database flushes before it acknowledges.
 */
import { parseArgs } from 'node:util'
import type { Database, EngineName } from '../src/db/database.ts'
import { openDatabase } from '../src/db/open.ts'
import { silentLog } from '../src/db/silent-log.ts'
import { seededRandom, systemWorld as world } from '../src/world.ts'
import { type BenchEvent, benchHandlers as handlers } from './db-ingest.ts'
import { newStorage } from './storage.ts'

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '4' },
    engine: { type: 'string', multiple: true, default: ['sqlite', 'postgres'] },
  },
})

interface Result {
  readonly engine: EngineName
  readonly batch: number
  readonly writers: number
  readonly eventsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const body = JSON.stringify({
  properties: { product_id: 'p', price: 12.5, category: 'coffee' },
  context: { page: '/a' },
})

/** Events of `customers` with a few hundred items of theirs, seeded. */
function generator(seed: number) {
  const random = seededRandom(seed)
  const start = world.now()
  let n = 0
  return (size: number): BenchEvent[] =>
    Array.from({ length: size }, () => {
      n++
      return [
        `message-${seed}-${n}`,
        1 + Math.floor(random() * 20_000),
        1 + Math.floor(random() ** 2 * 5000),
        start + n,
        body,
      ]
    })
}

async function measure(db: Database, batch: number, writers: number, seed: number): Promise<Result> {
  const make = generator(seed)
  const times: number[] = []
  let events = 0
  const begun = world.elapsed()
  const until = begun + 1000 * Number(options.seconds)
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (world.elapsed() < until) {
        const sent = make(batch)
        const asked = world.elapsed()
        const added = await db.write<number>('ingest', sent)
        events += added
        times.push(world.elapsed() - asked)
      }
    }),
  )
  const seconds = (world.elapsed() - begun) / 1000
  times.sort((a, b) => a - b)
  const at = (share: number) => Number(times[Math.min(times.length - 1, Math.floor(share * times.length))].toFixed(2))
  return {
    engine: db.engine,
    batch,
    writers,
    eventsPerSecond: Math.round(events / seconds),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  }
}

async function measureAll(db: Database): Promise<Result[]> {
  const results: Result[] = []
  let seed = 1
  for (const writers of [1, 8])
    for (const batch of [1, 10, 100, 1000]) {
      const result = await measure(db, batch, writers, seed++)
      results.push(result)
      if (!options.json) console.log(line(result))
    }
  return results
}

const line = (r: Result) =>
  `${r.engine.padEnd(9)} batch ${String(r.batch).padStart(5)}  writers ${r.writers}  ${String(r.eventsPerSecond).padStart(7)} events/s  p50 ${r.p50Ms} ms  p99 ${r.p99Ms} ms`

async function onEngine(engine: EngineName): Promise<Result[]> {
  const storage = await newStorage(engine)
  const config = { databaseUrl: null, dataFile: '', ...storage.place }
  const writerEntry = new URL('./db-writer.ts', import.meta.url)
  const db = await openDatabase(config, { handlers, writerEntry, world, log: silentLog })
  try {
    await storage.assertDurable()
    return await measureAll(db)
  } finally {
    await db.close()
    await storage.remove()
  }
}

const results: Result[] = []
for (const engine of options.engine) {
  if (engine !== 'sqlite' && engine !== 'postgres')
    throw new Error(`--engine is ${engine}; expected sqlite or postgres`)
  results.push(...(await onEngine(engine)))
}
if (options.json) console.log(JSON.stringify(results))
