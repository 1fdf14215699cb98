/**
 * What segments cost: looking at every customer of a shop on SQLite, and what they add to ingest. Processor time beside the
 * clock, because a busy machine spoils the clock only. `node bench/segments.ts [customers] [defined] [events]`.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../src/config.ts'
import { policyOf } from '../src/consent/policy.ts'
import { openDatabase } from '../src/db/open.ts'
import { silentLog } from '../src/db/silent-log.ts'
import { parseEvents } from '../src/events/door.ts'
import { createHandlers } from '../src/handlers.ts'
import type { SettleAnswer } from '../src/segments/settle.ts'
import { sizes } from '../src/segments/store.ts'
import { Surveyor } from '../src/segments/survey.ts'
import { seededRandom, simulatedWorld } from '../src/world.ts'
import { conditionOf } from './segment-conditions.ts'
import { workload } from './workload.ts'

const [customers = 100_000, defined = 50, events = 40_000] = process.argv.slice(2).map(Number)
const day = 86_400_000
const start = Date.UTC(2026, 0, 1)
const world = simulatedWorld(1, start)
const random = seededRandom(1)
const memory = '/dev/shm'
const folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'habitue-segments-'))
const config = loadConfig({ dataFile: join(folder, 'shop.db'), legalBasis: 'contract' }, {})
const policy = policyOf(config)
const db = await openDatabase(config, {
  handlers: createHandlers(config, world),
  writerEntry: null,
  world,
  log: silentLog,
})

const say = (what: string, value: string) => process.stdout.write(`${what.padEnd(58)} ${value}\n`)
const each = (ms: number, n: number) => `${((1000 * ms) / n).toFixed(1)} us each`

async function timed<T>(act: () => Promise<T>): Promise<{ result: T; ms: number; cpu: number }> {
  const [began, before] = [performance.now(), process.cpuUsage()]
  const result = await act()
  const { user, system } = process.cpuUsage(before)
  return { result, ms: performance.now() - began, cpu: (user + system) / 1000 }
}

async function ingest(batch: readonly unknown[], source = 'shop'): Promise<void> {
  const received = world.now()
  const parsed = parseEvents({ batch }, { received, world, currency: 'EUR' })
  if (parsed.refused.length > 0) throw new Error(JSON.stringify(parsed.refused[0]))
  await db.write('events.ingest', { source, received, trust: 'verified', historical: false, events: parsed.events })
}

/** Half of the customers have ordered, those one to ten times in two years. */
async function fill(): Promise<number> {
  let orders = 0
  let batch: unknown[] = []
  for (let n = 0; n < customers; n++) {
    const userId = `customer-${n}`
    batch.push({ type: 'identify', messageId: `i${n}`, userId, traits: { country: n % 3 === 0 ? 'CH' : 'DE' } })
    const times = random() < 0.5 ? 0 : 1 + Math.floor(random() ** 3 * 10)
    for (let i = 0; i < times; i++) {
      const price = 5 + Math.floor(random() * 200)
      batch.push({
        ...{ type: 'track', event: 'Order Completed', messageId: `o${orders}`, userId },
        timestamp: new Date(start - random() * 730 * day).toISOString(),
        properties: {
          order_id: `o${orders++}`,
          total: price,
          currency: 'EUR',
          products: [{ product_id: `p${n % 500}`, price }],
        },
      })
    }
    if (batch.length >= 1000) await ingest(batch.splice(0))
  }
  if (batch.length > 0) await ingest(batch)
  batch = []
  return orders
}

async function define(): Promise<void> {
  for (let n = 0; n < defined; n++) {
    const condition = conditionOf(n)
    const definition = { name: `bench-${n}`, title: '', description: '', condition }
    await db.write('segments.put', { definition, now: world.now() })
  }
}

/** All that is due; in pieces of 50, as the engine does. */
async function settle(): Promise<{ done: number; longest: number }> {
  let [done, longest] = [0, 0]
  for (;;) {
    const began = performance.now()
    const answer = await db.write<SettleAnswer>('segments.settle', { now: world.now(), limit: 50 })
    longest = Math.max(longest, performance.now() - began)
    done += answer.done
    if (answer.next === null || answer.next > world.now()) return { done, longest }
  }
}

async function ingestRate(seed: number): Promise<string> {
  const work = workload({ seed, start: world.now() - 3_600_000, customers: 10_000 })
  const batches = Array.from(
    { length: events / 100 },
    () => (JSON.parse(work.batch(100).json) as { batch: unknown[] }).batch,
  )
  const { ms, cpu } = await timed(async () => {
    for (const batch of batches) await ingest(batch, `bench-${seed}`)
  })
  return `${Math.round((1000 * events) / ms)} events/s; ${each(cpu, events)} of processor time`
}

try {
  const filled = await timed(fill)
  say(`${customers} customers, ${filled.result} orders ingested`, `${(filled.ms / 1000).toFixed(1)} s`)
  const survey = await timed(() => new Surveyor({ db, policy, currency: 'EUR' }).step(world.now(), customers + 1))
  say(
    'the daily comparison of all',
    `${(survey.ms / 1000).toFixed(1)} s; ${each(survey.cpu, customers)} of processor time`,
  )
  const first = await timed(settle)
  say(
    `everybody looked at, ${(await sizes(db)).size} segments with members`,
    `${(first.ms / 1000).toFixed(1)} s; ${each(first.cpu, first.result.done)}; longest piece ${first.result.longest.toFixed(0)} ms`,
  )
  for (const round of [1, 2]) say(`ingest, those built in alone, round ${round}`, await ingestRate(round))
  await settle()
  await define()
  const all = await timed(settle)
  say(
    `everybody looked at, ${defined} more defined`,
    `${(all.ms / 1000).toFixed(1)} s; ${each(all.cpu, all.result.done)}; longest piece ${all.result.longest.toFixed(0)} ms`,
  )
  for (const round of [3, 4]) say(`ingest, ${defined} defined, round ${round}`, await ingestRate(round))
  const due = await timed(settle)
  say(`who became due by ${2 * events} events`, `${due.result.done} customers; ${each(due.cpu, due.result.done)}`)
  world.advance(day)
  const tomorrow = await timed(settle)
  say('who became due by a day that passed', `${tomorrow.result.done} customers; ${(tomorrow.cpu / 1000).toFixed(1)} s`)
} finally {
  await db.close()
  rmSync(folder, { recursive: true, force: true })
}
