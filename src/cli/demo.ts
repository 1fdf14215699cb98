import { existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { generateShop, type Shop } from '../../examples/shop/generate.ts'
import { loadConfig } from '../config.ts'
import { HabitueError } from '../errors.ts'
import { type Connection, overHttp } from './connection.ts'
import { described } from './models.ts'
import { type Output, output } from './output.ts'
import { type RecommendationView, recommendationText } from './recommend.ts'
import { type Serving, serve } from './serve.ts'
import { optionsOf } from './surroundings.ts'
import { trained } from './train.ts'

interface Options {
  readonly port: string
  readonly seed: string
  readonly customers: string
  readonly once?: boolean
}

/** `habitue demo` */
export function demoCommand(program: Command): void {
  program
    .command('demo')
    .description('A seeded corner shop with a year of customers: imported, learned from, served, with a page to click.')
    .option('--port <n>', 'the port', '4040')
    .option('--seed <n>', 'another seed is another shop', '1')
    .option('--customers <n>', 'how many', '3000')
    .option('--once', 'show and end, instead of serving on')
    .action(async (_: unknown, command: Command) => {
      const options = optionsOf<Options>(command)
      const out = output(options.json === true)
      const file = options.data ?? './habitue-demo.db'
      removeOld(file)
      const config = loadConfig({
        databaseUrl: '',
        dataFile: file,
        port: Number(options.port),
        logLevel: 'warn',
        legalBasis: 'consent',
      })
      const demo = { writeKey: '', folder: pageFolder() }
      const server = await serve(config, demo, async (engine) => {
        const origins = [`http://127.0.0.1:${config.port}`, `http://localhost:${config.port}`]
        demo.writeKey = (await engine.keys.create({ kind: 'publishable', name: 'demo page', origins })).key
      })
      try {
        const connection = overHttp(server.url, server.localKey)
        const shop = generateShop({ seed: Number(options.seed), customers: Number(options.customers) })
        await fill(connection, shop, out)
        const model = await trained(connection, out)
        out.say(`\n${described(model)}\n`)
        for (const customer of worthMeeting(shop)) await introduce(connection, customer, out)
        invite(server, shop, options, out)
      } catch (error) {
        await server.stop()
        throw error
      }
      if (options.once) await server.stop()
      else await server.ended
    })
}

/** The demo begins anew each time; only a file that a demo made is removed. */
function removeOld(file: string): void {
  for (const path of [file, `${file}-wal`, `${file}-shm`, `${file}-lock`, `${file}-owner`]) {
    if (existsSync(path) && !file.includes('demo')) {
      throw new HabitueError('conflict', `${file} exists; the demo replaces only files with "demo" in their name.`)
    }
    rmSync(path, { force: true })
  }
}

/** Beside src/ in a checkout, beside dist/ in a package. */
function pageFolder(): string {
  const up = import.meta.url.endsWith('.ts') ? '../..' : '../../..'
  return fileURLToPath(new URL(`${up}/examples/shop/page/`, import.meta.url))
}

const batchSize = 1000
/** Requests under way at once: while one is being committed the next is being read. */
const lanes = 3

async function fill(connection: Connection, shop: Shop, out: Output): Promise<void> {
  await connection.request('POST', '/v1/items', shop.catalogue)
  const bar = out.progress('importing')
  let next = 0
  const lane = async () => {
    for (;;) {
      const batch = shop.events.slice(next, next + batchSize)
      next += batch.length
      if (batch.length === 0) return
      const answer = (await connection.request('POST', '/v1/import', { batch })) as { refused?: unknown[] }
      if (answer.refused?.length) {
        throw new HabitueError(
          'invalid_event',
          `The demo's own events were refused: ${JSON.stringify(answer.refused[0])}`,
        )
      }
      bar.set(next, shop.events.length, `${next} events`)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  bar.stop()
  out.say(`${shop.catalogue.length} items, ${shop.events.length} events of a year, imported through the public API.`)
}

/** One with a habit that depends on the weather, one who buys for others, one of the best. */
function worthMeeting({ truth }: Shop): string[] {
  const weatherly = truth.customers.find((id) => truth.habit(id)?.routine.exception)
  const giver = truth.customers.find((id) => id !== weatherly && truth.recipients(id).length > 0)
  const best = truth.bestCustomers().find(({ customer }) => customer !== weatherly && customer !== giver)?.customer
  return [weatherly, giver, best].filter((id) => id !== undefined)
}

interface CustomerWire {
  readonly name: string | null
  readonly interactions: readonly {
    readonly item: string
    readonly title: string | null
    readonly recipient: string
    readonly bought: number
    readonly orders: number
    readonly returned: number
    readonly views: number
    readonly rating: number | null
  }[]
}

async function introduce(connection: Connection, id: string, out: Output): Promise<void> {
  const customer = (await connection.request('GET', `/v1/customers/${encodeURIComponent(id)}`)) as CustomerWire
  const { orders } = (await connection.request('GET', `/v1/customers/${encodeURIComponent(id)}/orders`)) as {
    orders: unknown[]
  }
  const own = customer.interactions.filter((row) => row.recipient === '')
  const lines = own
    .toSorted((a, b) => b.orders - a.orders || b.views - a.views)
    .slice(0, 5)
    .map(({ title, item, bought, returned, rating }) => {
      const more = [returned > 0 ? `${returned} returned` : '', rating === null ? '' : `${rating} stars`].filter(
        Boolean,
      )
      return `    ${title ?? item}: ${bought} bought${more.length > 0 ? `, ${more.join(', ')}` : ''}`
    })
  const others = Map.groupBy(
    customer.interactions.filter((row) => row.recipient !== ''),
    (row) => row.recipient,
  )
  for (const [recipient, rows] of others)
    lines.push(
      `    for ${recipient}: ${rows
        .map((row) => row.title ?? row.item)
        .slice(0, 3)
        .join(', ')}`,
    )
  out.say(`${customer.name ?? id} (${id}): ${orders.length} orders; remembered most\n${lines.join('\n')}`)
  const request = { customer: id, placement: 'home', count: 5 }
  const answer = (await connection.request('POST', '/v1/recommendations', request)) as RecommendationView
  out.say(
    `  would be offered\n${recommendationText(answer)
      .split('\n')
      .map((line) => `  ${line}`)
      .join('\n')}\n`,
  )
}

function invite(server: Serving, shop: Shop, options: Options & { data?: string }, out: Output): void {
  const [someone] = worthMeeting(shop)
  const data = options.data ?? './habitue-demo.db'
  const habitue = `npm run -s habitue -- --data ${data}`
  const text = `Now try, in another terminal:
  ${habitue} recommend --customer ${someone}
  ${habitue} recommend --placement trending
  ${habitue} tail            # then click in the page
  ${habitue} doctor
and in a browser:
  ${server.url}/demo         # click something; the list beside it changes, and says why
  ${server.url}/docs         # the HTTP API
Ctrl-C ends the demo.`
  out.result({ url: server.url, demo: `${server.url}/demo`, events: shop.events.length }, () => text)
}
