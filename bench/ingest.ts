/** Events over HTTP into memory, durable: how many a second, and how decisions fare beside them. */
import type { EngineName } from '../src/db/database.ts'
import { seededRandom, systemWorld } from '../src/world.ts'
import { type Bench, type BenchOptions, type Measure, median, percentile, rounded } from './bench.ts'
import { closedLoop, type Load, ok, openLoop, requestBytes } from './connections.ts'
import { conditionOf } from './segment-conditions.ts'
import { cpuOf, type Server, startServer } from './server.ts'
import { newStorage, type Storage } from './storage.ts'
import { train } from './training.ts'
import { customerId, itemId, type Workload, workload } from './workload.ts'

type Case = readonly [batch: number, connections: number]

const everyCase: readonly Case[] = [
  [1, 1],
  [1, 8],
  [10, 1],
  [10, 8],
  [100, 1],
  [100, 2],
  [100, 4],
  [100, 8],
]
/** Demanded of batches of 100, the best number of connections. */
const goals: Readonly<Record<EngineName, number>> = { sqlite: 10_000, postgres: 6_000 }
const decisionsBeside = { aSecond: 100, connections: 4, p99Ms: 25 } as const
const asked = 20

export const ingest: Bench = {
  name: 'ingest',
  about: 'events a second over HTTP, durable and folded into memory; decisions at half that rate',
  async *run(options) {
    for (const engine of options.engines) yield* onEngine(engine, options)
  },
}

interface Rig {
  readonly options: BenchOptions
  readonly storage: Storage
  readonly server: Server
  readonly key: string
  readonly work: Workload
}

async function* onEngine(engine: EngineName, options: BenchOptions): AsyncGenerator<Measure> {
  const storage = await newStorage(engine)
  try {
    const { profiles } = options
    const profile = profiles ? { folder: profiles, name: `ingest-${engine}` } : null
    const server = await startServer({ storage: storage.place, profile })
    try {
      const durability = await storage.assertDurable()
      options.say(`ingest: ${engine}, ${JSON.stringify(durability)}`)
      const { key } = await server.ask<{ key: string }>('POST', '/v1/keys', { kind: 'server', name: 'bench' })
      const work = workload({ seed: options.seed, start: systemWorld.now() - 3_600_000 })
      const rig = { options, storage, server, key, work }
      await describeItems(rig)
      await defineSegments(rig)
      const measures = await maximum(rig, durability)
      await assertRemembered(rig)
      yield* measures
      const best = Math.max(...measures.filter(({ detail }) => detail?.batch === 100).map(({ value }) => value))
      yield* await besideDecisions(rig, best / 2)
      await assertRemembered(rig)
    } finally {
      await server.stop()
    }
  } finally {
    await storage.remove()
  }
}

async function defineSegments({ server, options }: Rig): Promise<void> {
  for (let n = 0; n < options.segments; n++)
    await server.ask('PUT', `/v1/segments/bench-${n}`, { condition: conditionOf(n) })
}

async function describeItems({ server, work }: Rig): Promise<void> {
  const items = Array.from({ length: work.items }, (_, n) => ({
    id: itemId(n),
    title: `Article ${n}`,
    categories: [`Category ${n % 40}`],
    price: 1 + ((n * 37) % 9000) / 100,
    currency: 'EUR',
  }))
  await server.ask('POST', '/v1/items', items)
}

async function maximum(rig: Rig, durability: Record<string, string>): Promise<Measure[]> {
  const { storage, options } = rig
  const cases = everyCase.filter(([batch, connections]) => !options.only || options.only === `${batch}x${connections}`)
  const loads = new Map(cases.map((one) => [one, [] as Costed[]]))
  const rateOf = (one: Case) => median((loads.get(one) ?? []).map((load) => eventRate(load, one[0])))
  // Once unmeasured, so that code is compiled and pages are allocated.
  await measured(rig, 100, 8, Math.min(3, options.seconds))
  for (let round = 0; round < options.rounds; round++) {
    for (const one of cases) {
      const [batch, connections] = one
      const load = await measured(rig, batch, connections, options.seconds)
      loads.get(one)?.push(load)
      const cpu = `${rounded(load.serverMicros)} us of the server's processor time, ${rounded(load.generatorMicros)} of the generator's`
      options.say(`  ${batch}x${connections}: ${Math.round(eventRate(load, batch))} events/s; each ${cpu}`)
    }
  }
  const best = cases.filter(([batch]) => batch === 100).reduce((a, b) => (rateOf(a) >= rateOf(b) ? a : b))
  return cases.map((one) => {
    const [batch, connections] = one
    const all = loads.get(one) ?? []
    const micros = (of: 'serverMicros' | 'mainThreadMicros' | 'generatorMicros') =>
      rounded(median(all.map((load) => load[of])))
    return {
      what: `${storage.engine}, batches of ${batch}, ${connections} connection${connections > 1 ? 's' : ''}`,
      value: Math.round(rateOf(one)),
      unit: 'events/s',
      ...(one === best ? { goal: { is: 'at least', value: goals[storage.engine] } as const } : {}),
      detail: {
        engine: storage.engine,
        batch,
        connections,
        rounds: all.map((load) => Math.round(eventRate(load, batch))),
        p99Ms: rounded(Math.max(...all.map(({ latencies }) => percentile(latencies, 0.99)))),
        cpuMicrosAnEvent: {
          server: micros('serverMicros'),
          mainThread: micros('mainThreadMicros'),
          generator: micros('generatorMicros'),
        },
        durability,
      },
    }
  })
}

const eventRate = (load: Load, batch: number) => (load.requests * batch) / load.seconds

interface Costed extends Load {
  /** Processor time an event cost, microseconds: what a busy machine cannot spoil. */
  readonly serverMicros: number
  readonly mainThreadMicros: number
  readonly generatorMicros: number
}

/** Bodies are built before the clock starts, for twice the speed that is hoped for. */
async function measured(
  { server, key, work }: Rig,
  size: number,
  connections: number,
  seconds: number,
): Promise<Costed> {
  const most = Math.ceil((30_000 * seconds) / Math.max(size, 5))
  const batches = Array.from({ length: most }, () => work.batch(size))
  const requests = batches.map(({ json }) => requestBytes(server.url, '/v1/batch', key, json))
  let next = 0
  const before = cpuOf(server.pid)
  const own = process.cpuUsage()
  const load = await closedLoop(server.url, connections, seconds, () => requests[next++] ?? null)
  const after = cpuOf(server.pid)
  const { user, system } = process.cpuUsage(own)
  for (const batch of batches.slice(0, load.requests)) work.sent(batch)
  const events = load.requests * size
  return {
    ...load,
    serverMicros: (after.all - before.all) / events,
    mainThreadMicros: (after.main - before.main) / events,
    generatorMicros: (user + system) / events,
  }
}

/** Every event that was sent is stored, and memory counts what the generator counted. */
async function assertRemembered({ server, storage, work, options }: Rig): Promise<void> {
  const { events } = await server.ask<{ events: { stored: number } }>('GET', '/v1/doctor')
  // A cart that is left while the bench runs is an event of the engine's own.
  const sent = events.stored - (await storage.derived())
  if (sent !== work.events) throw new Error(`${work.events} events were sent, and ${sent} are stored`)
  const random = seededRandom(options.seed)
  for (let i = 0; i < asked; i++) {
    const n = Math.floor(random() ** 2 * work.customers)
    const expected = [...work.views].filter(([key]) => key.startsWith(`${n} `))
    if (expected.length === 0) continue
    type Known = { interactions: { item: string; views: number }[] }
    const known = await server.ask<Known>('GET', `/v1/customers/${customerId(n)}`)
    const views = new Map(known.interactions.map(({ item, views }) => [item, views]))
    for (const [key, count] of expected) {
      const item = itemId(Number(key.split(' ')[1]))
      if (views.get(item) === count) continue
      throw new Error(`${customerId(n)} viewed ${item} ${count} times; memory says ${views.get(item) ?? 0}`)
    }
  }
  options.say(`  ${work.events} events are stored and folded`)
}

/** Batches of 100 at a fixed rate while known customers are recommended to. */
async function besideDecisions(rig: Rig, eventsASecond: number): Promise<Measure[]> {
  const { server, key, work, options, storage } = rig
  options.say(`  training, then ${Math.round(eventsASecond)} events/s beside ${decisionsBeside.aSecond} decisions/s`)
  await train(server)
  const seconds = Math.max(10, 2 * options.seconds)
  const rate = eventsASecond / 100
  const batches = Array.from({ length: Math.floor(rate * seconds) }, () => work.batch(100))
  const requests = batches.map(({ json }) => requestBytes(server.url, '/v1/batch', key, json))
  const random = seededRandom(options.seed + 1)
  const known = [...work.views.keys()].map((key) => customerId(Number(key.split(' ')[0])))
  const decide = () => {
    const customer = known[Math.floor(random() * known.length)]
    const body = JSON.stringify({ customer, placement: 'home' })
    return requestBytes(server.url, '/v1/recommendations', key, body)
  }
  const { aSecond, connections, p99Ms } = decisionsBeside
  await closedLoop(server.url, 2, 1, decide)
  let next = 0
  const [events, decisions] = await Promise.all([
    openLoop(server.url, 8, seconds, rate, () => requests[next++] ?? null),
    openLoop(server.url, connections, seconds, aSecond, decide, (answer) => {
      ok(answer)
      if (!answer.body.includes('"personalised":true')) throw new Error('A decision was not personal')
    }),
  ])
  for (const batch of batches.slice(0, events.requests)) work.sent(batch)
  const reached = (events.requests * 100) / events.seconds
  return [
    {
      what: `${storage.engine}, decisions at half rate, p99`,
      value: rounded(percentile(decisions.latencies, 0.99)),
      unit: 'ms',
      goal: { is: 'at most', value: p99Ms },
      detail: {
        eventsASecond: Math.round(reached),
        decisionsASecond: rounded(decisions.requests / decisions.seconds),
        p50Ms: rounded(percentile(decisions.latencies, 0.5)),
        worstMs: rounded(decisions.latencies[decisions.latencies.length - 1]),
        batchP99Ms: rounded(percentile(events.latencies, 0.99)),
      },
    },
  ]
}
