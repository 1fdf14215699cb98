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
import { beginsOf, hearsOf } from '../src/journeys/names.ts'
import { journeyWorks } from '../src/journeys/runner.ts'
import { JourneyShelf } from '../src/journeys/shelf.ts'
import { readSource } from '../src/journeys/source.ts'
import { nextInstances } from '../src/journeys/store.ts'
import { simulatedWorld } from '../src/world.ts'
import { workload } from './workload.ts'

const [live = 50, events = 40_000, waiting = 1_000_000] = process.argv.slice(2).map(Number)
const hour = 3_600_000
const world = simulatedWorld(1, Date.UTC(2026, 0, 1))
const memory = '/dev/shm'
const folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'habitue-journeys-'))
const config = loadConfig({ dataFile: join(folder, 'shop.db'), legalBasis: 'contract', timeZone: 'UTC' }, {})
const columns = [
  'journey',
  'version',
  'identifier',
  'entry',
  'held',
  'phase',
  'step',
  'turn',
  'due',
  'state',
  'reason',
  'started',
]
const db = await openDatabase(config, {
  handlers: {
    ...createHandlers(config, world),
    'bench.fill': (tx: Tx, rows: unknown[][]) => insertRows(tx, 'journey_instances', columns, rows),
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

const say = (what: string, value: string) => process.stdout.write(`${what.padEnd(62)} ${value}\n`)
const each = (ms: number, n: number) => `${((1000 * ms) / n).toFixed(1)} us each`

async function timed<T>(run: () => Promise<T>): Promise<{ result: T; ms: number; cpu: number }> {
  const [began, before] = [performance.now(), process.cpuUsage()]
  const result = await run()
  const { user, system } = process.cpuUsage(before)
  return { result, ms: performance.now() - began, cpu: (user + system) / 1000 }
}

/** They count, follow each other, or miss something, and wait for days. */
const triggers = [
  (n: number) => `{ event: Product Viewed, count: ${3 + (n % 5)}, within: ${1 + (n % 7)} days }`,
  (n: number) =>
    `{ event: Product Added, when: event.properties.price > ${n}, without: { event: Order Completed }, for: ${1 + (n % 3)} hours }`,
  (n: number) => `{ sequence: [{ event: Product Added }, { event: Order Completed }], within: ${10 + n} days }`,
  (n: number) => `{ event: Order Completed, count: 2, within: ${30 + n} days }`,
]

async function put(id: string, source: string): Promise<void> {
  const journey = compileJourney(readSource(source), id, 1)
  const names = { begins: beginsOf(journey), hears: hearsOf(journey) }
  const doc = JSON.stringify(journey.form)
  await db.write('journeys.put', { id, doc, source, purpose: journey.purpose, ...names, now: world.now() })
  await db.write('journeys.state', { id, to: 'active', now: world.now() })
}

async function define(): Promise<void> {
  for (let n = 0; n < live; n++) {
    const steps =
      '  - wait: { for: 1 day }\n  - task: { priority: 1, reason: x }\n  - wait: { event: Order Completed, atMost: 30 days }\n'
    await put(`bench-${n}`, `trigger: ${triggers[n % triggers.length](n)}\npurpose: service\nsteps:\n${steps}`)
  }
}

let sources = 0
async function ingestRate(): Promise<string> {
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
  return `${Math.round((1000 * events) / ms)} events/s; ${each(cpu, events)} of processor time`
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
  const state = JSON.stringify({ visit: 2, attempt: 0, since: world.now(), event: null, data: {} })
  for (let n = 0; n < waiting; n += 10_000) {
    const rows = Array.from({ length: 10_000 }, (_, i) => {
      const due = world.now() + hour + ((n + i) * 365 * 24 * hour) / waiting
      const entry = JSON.stringify([1_000_000 + n + i, '', 0])
      return [
        `bench-${i % live}`,
        1,
        1 + ((n + i) % 10_000),
        entry,
        0,
        'waiting',
        'wait-1',
        1,
        Math.floor(due),
        state,
        '',
        world.now(),
      ]
    })
    await db.write('bench.fill', rows)
  }
}

async function fileSize(): Promise<number> {
  const text = 'select page_count * page_size as bytes from pragma_page_count, pragma_page_size'
  const [{ bytes }] = await heldQuery<{ bytes: number }>(db, text, [])
  return bytes
}

const mb = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MB`

try {
  for (const round of [1, 2]) say(`ingest without a journey, round ${round}`, await ingestRate())
  await define()
  for (const round of [1, 2]) say(`ingest, ${live} journeys live, round ${round}`, await ingestRate())
  const looked = await timed(() => settle(inbox))
  say(
    `looking at ${looked.result} events that they want`,
    `${Math.round((1000 * looked.result) / looked.ms)}/s; ${each(looked.cpu, looked.result)}`,
  )
  const { count } = await db.k
    .selectFrom('journey_instances')
    .select((row) => row.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  world.advance(25 * hour)
  const due = await timed(() => settle(turns))
  say(
    `${count} instances, of them due and done`,
    `${due.result} turns; ${Math.round((1000 * due.result) / due.ms)}/s; ${each(due.cpu, due.result)}; ${acted} acts`,
  )
  const before = process.memoryUsage().rss
  const size = await fileSize()
  await fill()
  say(
    `${waiting} more that wait`,
    `${mb((await fileSize()) - size)} of the file; process from ${mb(before)} to ${mb(process.memoryUsage().rss)}`,
  )
  const asked = await timed(async () => {
    for (let n = 0; n < 100; n++) await nextInstances(db)
  })
  say('asking when the next of them is due', each(asked.ms, 100))
  world.advance(2 * hour)
  const first = await timed(() => settle(turns))
  say(
    `of them ${first.result} due, done`,
    `${Math.round((1000 * first.result) / first.ms)}/s; ${each(first.cpu, first.result)}`,
  )
} finally {
  await db.close()
  rmSync(folder, { recursive: true, force: true })
}
