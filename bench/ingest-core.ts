/**
 * What one event costs inside, without HTTP: the door (request thread), and the writer's transaction with memory's folds on
 * SQLite, durable. Seeded. `node bench/ingest-core.ts [events] [batch] [at once]`; prints a table, and JSON on the last line.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultConfig } from '../src/config.ts'
import { policyOf } from '../src/consent/policy.ts'
import { openDatabase } from '../src/db/open.ts'
import { attributionFold } from '../src/decisions/attribution.ts'
import { parseEvents } from '../src/events/door.ts'
import type { IngestAnswer, IngestRequest } from '../src/events/event.ts'
import { ingestHandler } from '../src/events/ingest.ts'
import { memoryFolds } from '../src/memory/fold.ts'
import { seededRandom, simulatedWorld, systemWorld } from '../src/world.ts'

const [events = 100_000, batchSize = 100, atOnce = 8] = process.argv.slice(2).map(Number)
const customers = 5000
const items = 2000
const random = seededRandom(1)
const now = Date.UTC(2025, 5, 1)
const pick = (n: number) => Math.floor(random() ** 2 * n)

function message(i: number) {
  const user = pick(customers)
  const product = {
    product_id: `p${pick(items)}`,
    name: 'Dark roast coffee, 500 g',
    price: 12.9,
    currency: 'EUR',
    quantity: 1,
  }
  const kind = random()
  const common = {
    messageId: `bench-${i}-0a1b2c3d-4e5f-6789-abcd`,
    userId: `user-${user}`,
    anonymousId: `3b1f0c4e-${user}-4c1b-9a55-0d2f6b1c7e11`,
    timestamp: new Date(now + i * 1000).toISOString(),
    context: {
      library: { name: 'analytics.js', version: 'next-1.84.3' },
      page: {
        path: '/products/dark-roast',
        title: 'Dark roast',
        url: 'https://shop.example/products/dark-roast?utm_source=x',
      },
      userAgent:
        'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      locale: 'de-DE',
      timezone: 'Europe/Berlin',
    },
    integrations: {},
  }
  if (kind < 0.02) return { type: 'identify', traits: { name: `Customer ${user}`, plan: 'gold' }, ...common }
  if (kind < 0.12) return { type: 'page', name: 'Home', properties: {}, ...common }
  if (kind < 0.17)
    return {
      type: 'track',
      event: 'Order Completed',
      properties: {
        order_id: `o${i}`,
        total: 25.8,
        currency: 'EUR',
        products: [product, { ...product, product_id: `p${pick(items)}` }],
      },
      ...common,
    }
  const event = kind < 0.27 ? 'Product Added' : 'Product Viewed'
  return { type: 'track', event, properties: product, ...common }
}

const folder = mkdtempSync(join(tmpdir(), 'habitue-bench-'))
const world = simulatedWorld(1, now)
try {
  const policy = policyOf({ ...defaultConfig, legalBasis: 'contract' })
  const handlers = {
    'events.ingest': ingestHandler([...memoryFolds, attributionFold], { policy, world }),
  }
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  const db = await openDatabase(
    { databaseUrl: null, dataFile: join(folder, 'bench.db') },
    { handlers, writerEntry: null, world: systemWorld, log },
  )
  const bodies = Array.from({ length: Math.ceil(events / batchSize) }, (_, b) =>
    JSON.stringify({ batch: Array.from({ length: batchSize }, (_, i) => message(b * batchSize + i)) }),
  )
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0) / events
  const parsing = process.cpuUsage()
  const parsed = bodies.map((body) => JSON.parse(body))
  const atDoor = process.cpuUsage()
  const options = { received: now + events * 1000, world, currency: 'EUR' }
  const requests = parsed.map((body): IngestRequest => {
    const { events } = parseEvents(body, options)
    return { source: 'bench', received: options.received, trust: 'verified', historical: false, events }
  })
  const atWriter = process.cpuUsage()
  const start = performance.now()
  let accepted = 0
  for (let i = 0; i < requests.length; i += atOnce) {
    const answers = requests.slice(i, i + atOnce).map((request) => db.write<IngestAnswer>('events.ingest', request))
    for (const answer of await Promise.all(answers)) accepted += answer.accepted
  }
  const elapsed = performance.now() - start
  const end = process.cpuUsage()
  await db.close()
  // Processor time, so that the figures hold on a machine that does other things too; in microseconds an event.
  const perEvent = (from: NodeJS.CpuUsage, to: NodeJS.CpuUsage, part: 'user' | 'system') =>
    Number(((to[part] - from[part]) / events).toFixed(2))
  const result = {
    events: accepted,
    bytesAnEvent: Math.round(bytes),
    batch: batchSize,
    atOnce,
    jsonMicros: perEvent(parsing, atDoor, 'user'),
    doorMicros: perEvent(atDoor, atWriter, 'user'),
    writerMicros: perEvent(atWriter, end, 'user'),
    writerSystemMicros: perEvent(atWriter, end, 'system'),
    eventsASecond: Math.round(accepted / (elapsed / 1000)),
  }
  console.table(result)
  process.stdout.write(`${JSON.stringify(result)}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
