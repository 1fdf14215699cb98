/**
 * What journeys cost on SQLite: ingest beside 50 live ones that count and wait, looking at the events that they want, steps
 * that are due, and a million instances that wait. Processor time beside the clock, because a busy machine spoils the clock
 * only; writer and runner share one thread here. `node bench/journeys.ts [journeys] [events] [waiting]`.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../src/config.ts'
import { policyOf } from '../src/consent/policy.ts'
import { heldQuery, insertRows } from '../src/db/batch.ts'
import type { Tx } from '../src/db/database.ts'
import { openDatabase } from '../src/db/open.ts'
import { silentLog } from '../src/db/silent-log.ts'
import { parseEvents } from '../src/events/door.ts'
import { createHandlers } from '../src/handlers.ts'
import type { Actions } from '../src/journeys/actions.ts'
import { compileJourney } from '../src/journeys/compile.ts'
import { enteringColumns, enteringValues } from '../src/journeys/instance.ts'
import { beginsOf, hearsOf } from '../src/journeys/names.ts'
import { journeyWorks } from '../src/journeys/runner.ts'
import { JourneyShelf } from '../src/journeys/shelf.ts'
import { readSource } from '../src/journeys/source.ts'
import { nextInstances } from '../src/journeys/store.ts'
import { simulatedWorld } from '../src/world.ts'
import { type Measure, rounded } from './bench.ts'
import { countingJourneys } from './journey-definitions.ts'
import { workload } from './workload.ts'

const [live = 50, events = 40_000, waiting = 1_000_000] = process.argv.slice(2).map(Number)
const hour = 3_600_000
const world = simulatedWorld(1, Date.UTC(2026, 0, 1))
const memory = '/dev/shm'
const folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'habitue-journeys-'))
const config = loadConfig({ dataFile: join(folder, 'shop.db'), legalBasis: 'contract', timeZone: 'UTC' }, {})
const db = await openDatabase(config, {
  handlers: {
    ...createHandlers(config, world),
    'bench.fill': (tx: Tx, rows: unknown[][]) => insertRows(tx, 'journey_instances', enteringColumns, rows),
  },
  writerEntry: null,
  world,
  log: silentLog,
})

let acted = 0
const act = async () => {
  acted++
  return { kind: 'done' } as const
}
const actions: Actions = { decide: act, message: act, survey: act, task: act, webhook: act, fact: act }
const onError = (error: unknown) => {
  throw error
}
const needs = { db, world, policy: policyOf(config), config, shelf: new JourneyShelf(), runner: 'bench' }
const [inbox, turns] = journeyWorks({ ...needs, actions, onError })

const measures: Measure[] = []
function say(what: string, value: number, unit: string, detail: Measure['detail'] = {}): void {
  measures.push({ what, value: rounded(value), unit, detail })
  process.stdout.write(`${what.padEnd(62)} ${rounded(value)} ${unit}; ${JSON.stringify(detail)}\n`)
}
const each = (ms: number, n: number) => rounded((1000 * ms) / n)

async function timed<T>(run: () => Promise<T>): Promise<{ result: T; ms: number; cpu: number }> {
  const [began, before] = [performance.now(), process.cpuUsage()]
  const result = await run()
  const { user, system } = process.cpuUsage(before)
  return { result, ms: performance.now() - began, cpu: (user + system) / 1000 }
}

async function put(id: string, source: string): Promise<void> {
  const journey = compileJourney(readSource(source), id, 1)
  const names = { begins: beginsOf(journey), hears: hearsOf(journey) }
  const doc = JSON.stringify(journey.form)
  await db.write('journeys.put', { id, doc, source, purpose: journey.purpose, ...names, now: world.now() })
  await db.write('journeys.state', { id, to: 'active', now: world.now() })
}

async function define(): Promise<void> {
  for (const [id, source] of countingJourneys(live)) await put(id, source)
}

let sources = 0
async function ingestRate(what: string): Promise<void> {
  const source = `bench-${sources++}`
  const work = workload({ seed: sources, start: world.now() - hour, customers: 10_000 })
  const requests = Array.from({ length: events / 100 }, () => {
    const received = world.now()
    const batch = (JSON.parse(work.batch(100).json) as { batch: Record<string, unknown>[] }).batch
    const parsed = parseEvents({ batch }, { received, world, currency: 'EUR' })
    return { source, received, trust: 'verified', historical: false, events: parsed.events }
  })
  const { ms, cpu } = await timed(async () => {
    for (const request of requests) await db.write('events.ingest', request)
  })
  say(what, (1000 * events) / ms, 'events/s', { cpuMicros: each(cpu, events) })
}

async function settle(work: typeof inbox): Promise<number> {
  for (let total = 0; ; ) {
    const { done, next } = await work.settle(world.now())
    total += done
    if (next === null || next > world.now()) return total
  }
}

/** A million who wait, due within a year. */
async function fill(): Promise<void> {
  const state = {
    ...{ phase: 'waiting' as const, step: 'wait-1', visit: 2, attempt: 0, since: world.now() },
    ...{ item: null, event: null, data: {}, reason: '' },
  }
  for (let n = 0; n < waiting; n += 10_000) {
    const rows = Array.from({ length: 10_000 }, (_, i) => {
      const due = Math.floor(world.now() + hour + ((n + i) * 365 * 24 * hour) / waiting)
      const entry = { customer: 1_000_000 + n + i, key: '', n: 0 }
      const who = {
        journey: `bench-${i % live}`,
        version: 1,
        identifier: 1 + ((n + i) % 10_000),
        entry,
        held: 0,
      } as const
      return enteringValues({ ...who, state: { ...state, due } }, world.now())
    })
    await db.write('bench.fill', rows)
  }
}

async function fileSize(): Promise<number> {
  const text = 'select page_count * page_size as bytes from pragma_page_count, pragma_page_size'
  const [{ bytes }] = await heldQuery<{ bytes: number }>(db, text, [])
  return bytes
}

const mb = (bytes: number) => Math.round(bytes / 1024 / 1024)

try {
  for (const round of [1, 2]) await ingestRate(`the transaction without a journey, round ${round}`)
  await define()
  for (const round of [1, 2]) await ingestRate(`the transaction with ${live} journeys live, round ${round}`)
  const looked = await timed(() => settle(inbox))
  const { result: seen } = looked
  say('looking at events that they want', (1000 * seen) / looked.ms, 'events/s', {
    seen,
    cpuMicros: each(looked.cpu, seen),
  })
  const { count } = await db.k
    .selectFrom('journey_instances')
    .select((row) => row.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  world.advance(25 * hour)
  const due = await timed(() => settle(turns))
  const { result: taken } = due
  const detail = { instances: count, turns: taken, acts: acted, cpuMicros: each(due.cpu, taken) }
  say('instances that are due, done', (1000 * taken) / due.ms, 'turns/s', detail)
  const before = process.memoryUsage().rss
  const size = await fileSize()
  await fill()
  const rss = { before: mb(before), after: mb(process.memoryUsage().rss) }
  say(`${waiting} more that wait, in the file`, mb((await fileSize()) - size), 'MB', { residentMb: rss })
  const asked = await timed(async () => {
    for (let n = 0; n < 100; n++) await nextInstances(db)
  })
  say('asking when the next of them is due', asked.ms / 100, 'ms', { cpuMicros: each(asked.cpu, 100) })
  world.advance(2 * hour)
  const first = await timed(() => settle(turns))
  const { result: done } = first
  say('of them due, done', (1000 * done) / first.ms, 'turns/s', { turns: done, cpuMicros: each(first.cpu, done) })
  process.stdout.write(`${JSON.stringify({ measures })}\n`)
} finally {
  await db.close()
  rmSync(folder, { recursive: true, force: true })
}
