/**
 * Three years of a shop, and what is on the disk at their end: the events of the example shop through the ingest, a decision
 * for every other view, and each day the retention that the engine runs. `node bench/retention.ts --customers 800`. A shop of
 * 100,000 would take hours: `--customers 800 --stands-for 800,100000` scales what grows with customers.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { generateShop } from '../examples/shop/generate.ts'
import { loadConfig } from '../src/config.ts'
import { openDatabase } from '../src/db/open.ts'
import { storageReport } from '../src/db/report.ts'
import { silentLog } from '../src/db/silent-log.ts'
import { retentions } from '../src/engine/upkeep.ts'
import { parseEvents } from '../src/events/door.ts'
import { createHandlers } from '../src/handlers.ts'
import { simulatedWorld } from '../src/world.ts'

const { values } = parseArgs({
  options: {
    customers: { type: 'string', default: '800' },
    'stands-for': { type: 'string' },
    years: { type: 'string', default: '3' },
  },
})
const customers = Number(values.customers)
/** Sizes of shops to print it for; one that is not played is scaled. */
const sizes = (values['stands-for'] ?? values.customers).split(',').map(Number)
const years = Number(values.years)
const [day, batchSize, piece] = [86_400_000, 1000, 2000]
/** Tables that the assortment and the days decide, not the number of customers. */
const ofTheShop =
  /^(items|item_|category|models|model_|rules|keys|people|meta|changes|change_log|retention|imports|decision_days|sqlite)/

/** Where files are memory, a day costs no flush of a disk. */
const memory = '/dev/shm'
const folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'habitue-retention-'))
const config = loadConfig({ dataFile: join(folder, 'shop.db'), legalBasis: 'contract' }, {})
const start = Date.UTC(2023, 0, 1)
const world = simulatedWorld(1, start)
const shop = generateShop({ seed: 1, customers, days: years * 365, start, events: customers * years * 100 })
const identifiers = new Map<string, number>()
let decided = 0
const db = await openDatabase(config, {
  handlers: createHandlers(config, world),
  writerEntry: null,
  world,
  log: silentLog,
})
try {
  await db.write('catalog.upsert', { items: shop.catalogue, mode: 'merge' })

  let next = 0
  for (let today = start; today < start + years * 365 * day; today += day) {
    world.advance(today + day - world.now())
    const events = []
    while (next < shop.events.length && Date.parse(shop.events[next].timestamp) < today + day)
      events.push(shop.events[next++])
    for (let i = 0; i < events.length; i += batchSize) await ingest(events.slice(i, i + batchSize))
    await decide(events)
    for (const { handler, days } of retentions(config))
      while ((await db.write<number>(handler, { before: world.now() - days * day, limit: piece })) >= piece);
  }
  for (const size of sizes) await print(size)
} finally {
  await db.close()
  rmSync(folder, { recursive: true, force: true })
}

async function ingest(batch: readonly object[]): Promise<void> {
  const received = world.now()
  const { events } = parseEvents({ batch }, { received, world, currency: 'EUR' })
  await db.write('events.ingest', { source: 'shop', received, trust: 'verified', historical: false, events })
}

/** Rows of the log as a decision for a home page of 12 leaves them; of who is known by a user id. */
async function decide(events: readonly { userId?: string; event?: string; timestamp: string }[]): Promise<void> {
  const views = events.filter(({ event, userId }, i) => event === 'Product Viewed' && userId && i % 2 === 0)
  const rows: unknown[][] = []
  for (const { userId, timestamp } of views) {
    const items = Array.from({ length: 12 }, (_, n) => [((decided * 7 + n * 13) % 600) + 1, 0.123456, 'because'])
    const id = `${(decided++).toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`
    const identifier = identifiers.get(userId as string) ?? (await idOf(userId as string))
    rows.push([
      id,
      Date.parse(timestamp),
      'home',
      identifier,
      '1',
      JSON.stringify(items),
      '{"placement":"home","rules":[]}',
    ])
  }
  if (rows.length > 0) await db.write('decisions.log', rows)
}

async function idOf(user: string): Promise<number> {
  const query = db.k.selectFrom('identifiers').select('id').where('kind', '=', 'user').where('value', '=', user)
  const { id } = await query.executeTakeFirstOrThrow()
  identifiers.set(user, id)
  return id
}

async function print(standsFor: number): Promise<void> {
  const { bytesByTable } = await storageReport(db)
  const factor = standsFor / customers
  const scaled = Object.entries(bytesByTable).map(
    ([table, bytes]) => [table, ofTheShop.test(table) ? bytes : bytes * factor] as const,
  )
  const total = scaled.reduce((sum, [, bytes]) => sum + bytes, 0)
  const mb = (bytes: number) =>
    bytes / 1e6 >= 100 ? Math.round(bytes / 1e6).toLocaleString('en') : (bytes / 1e6).toFixed(1)
  const { count } = await db.k
    .selectFrom('events')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  console.log(
    `${customers} customers played for ${years} years${factor === 1 ? '' : `, scaled to ${standsFor}`}: ${shop.events.length} events sent, ${count} kept, ${decided} decisions made`,
  )
  console.log('\n| table | MB |\n|---|---:|')
  for (const [table, bytes] of scaled.sort((a, b) => b[1] - a[1]))
    if (bytes / total > 0.002) console.log(`| \`${table}\` | ${mb(bytes)} |`)
  console.log(`| **all** | **${mb(total)}** |`)
}
