import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Command } from 'commander'
import { type OrderDoor, openOrderDoor } from '../../examples/shop/order-door.ts'
import type { FromShop } from '../../examples/shop/produce.ts'
import { loadConfig } from '../config.ts'
import { readOwner } from '../db/owner.ts'
import { HabitueError } from '../errors.ts'
import { systemWorld } from '../world.ts'
import { type Connection, overHttp } from './connection.ts'
import { orderTeller, remind } from './demo-reminder.ts'
import { introduction } from './introduction.ts'
import { described } from './models.ts'
import { type Output, output } from './output.ts'
import { serve } from './serve.ts'
import { optionsOf, wholeNumber } from './surroundings.ts'
import { trained } from './train.ts'

interface Options {
  readonly port: number
  readonly seed: number
  readonly customers: number
  readonly once?: boolean
}

/** `habitue demo` */
export function demoCommand(program: Command): void {
  program
    .command('demo')
    .description('A seeded corner shop with a year of customers: imported, learned from, served, with a page to click.')
    .option('--port <n>', 'the port', wholeNumber, 4040)
    .option('--seed <n>', 'another seed is another shop', wholeNumber, 1)
    .option('--customers <n>', 'how many', wholeNumber, 3000)
    .option('--once', 'show and end, instead of serving on')
    .action((_: unknown, command: Command) => demo(optionsOf<Options>(command)))
}

async function demo(options: Options & { data?: string; json?: boolean }): Promise<void> {
  const out = output(options.json === true)
  const file = options.data ?? './habitue-demo.db'
  const habitue = `npm run -s habitue -- --data ${file}`
  removeOld(file)
  const secret = Buffer.from(systemWorld.bytes(32)).toString('base64url')
  const teller = orderTeller(out, habitue)
  const door = await openOrderDoor({ secret, now: systemWorld.now, tell: teller.tell })
  try {
    const config = configOf(options.port, file, door, secret)
    const page = { writeKey: '', folder: besides('examples/shop/page/') }
    let shopKey = ''
    const server = await serve(config, page, async ({ keys }) => {
      const origins = [`http://127.0.0.1:${config.port}`, `http://localhost:${config.port}`]
      page.writeKey = (await keys.create({ kind: 'publishable', name: 'demo page', origins })).key
      shopKey = (await keys.create({ kind: 'server', name: "demo shop's order door", origins: null })).key
    })
    teller.connect(overHttp(server.url, shopKey))
    try {
      const connection = overHttp(server.url, server.localKey)
      const { meet, reminder } = await fill(connection, options, out)
      const model = await trained(connection, out)
      out.say(`\n${described(model)}\n`)
      for (const customer of meet) out.say(await introduction(connection, customer))
      const reminded = reminder && (await remind(connection, reminder, mailOf(file)))
      if (reminded) out.say(reminded.text)
      const result = { url: server.url, demo: `${server.url}/demo`, reorder: reminded?.page ?? null }
      out.result(result, () => invitation(server.url, habitue, mailOf(file), meet[0]))
    } catch (error) {
      await server.stop()
      throw error
    }
    if (options.once) await server.stop()
    else await server.ended
  } finally {
    await door.close()
  }
}

/** The journeys of `examples/journeys`, with their texts; mail goes into a folder beside the data, orders to the shop's door. */
function configOf(port: number, file: string, door: OrderDoor, secret: string) {
  const folder = besides('examples/journeys/')
  return loadConfig({
    databaseUrl: '',
    dataFile: file,
    port,
    logLevel: 'warn',
    // Its customers are drawn, and its visitor is you, on your own machine.
    legalBasis: 'legitimate-interest',
    currency: 'USD',
    training: { automatic: false },
    journeys: { folder },
    surveys: { folder: `${folder}surveys` },
    page: { url: `http://127.0.0.1:${port}` },
    orders: { webhook: door.url },
    messages: {
      templates: `${folder}templates`,
      smtpUrl: `file:${mailOf(file)}`,
      from: 'Corner Shop <hello@corner.example>',
      legalName: 'The Corner Shop',
      postalAddress: '1 High Street, Dublin',
      webhookHosts: door.host,
      webhookSecret: secret,
    },
    // The days of the drawn shop begin at midnight UTC; who asked yesterday to be reminded is so today.
    timeZone: 'UTC',
    moments: { occasionTime: '00:00', oldestHours: 48 },
  })
}

const mailOf = (file: string) => file.replace(/(\.db)?$/, '-mail')

/** The demo begins anew each time; only a file that a demo made is removed, and none that somebody is working on. */
function removeOld(file: string): void {
  const owner = readOwner(file)
  if (owner) {
    const where = owner.url === null ? '' : ` at ${owner.url}`
    throw new HabitueError('database_locked', `A demo runs on ${file} already${where}; end it, or name another --data.`)
  }
  for (const path of [file, `${file}-wal`, `${file}-shm`, `${file}-lock`, `${file}-owner`]) {
    if (existsSync(path) && !file.includes('demo')) {
      throw new HabitueError('conflict', `${file} exists; the demo replaces only files with "demo" in their name.`)
    }
    rmSync(path, { force: true })
  }
  if (file.includes('demo')) rmSync(mailOf(file), { recursive: true, force: true })
}

/** A path of the project: beside src/ in a checkout, beside dist/ in a package. */
function besides(path: string): string {
  const up = import.meta.url.endsWith('.ts') ? '../..' : '../../..'
  return fileURLToPath(new URL(`${up}/${path}`, import.meta.url))
}

/** Requests under way at once: while one is being committed the next is being read. */
const lanes = 3
const day = 86_400_000
const year = 365

type Shown = Pick<Extract<FromShop, { opening: unknown }>['opening'], 'meet' | 'reminder'>

/** Generates the shop, its year ending today, and imports it. Answers whom it is interesting to meet, and to remind. */
async function fill(connection: Connection, options: Options, out: Output): Promise<Shown> {
  const bar = out.progress('importing')
  bar.set(0, 1, 'making the shop')
  const start = (Math.floor(systemWorld.now() / day) - year) * day
  const workerData = { seed: options.seed, customers: options.customers, start, days: year }
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const shop = new Worker(new URL(`../../examples/shop/produce.${extension}`, import.meta.url), { workerData })
  try {
    return await taken(connection, shop, bar, out)
  } finally {
    bar.stop()
    // A thread that is left behind would keep the process.
    await shop.terminate()
  }
}

/** Takes the shop from the thread that makes it, batch after batch. */
async function taken(
  connection: Connection,
  shop: Worker,
  bar: ReturnType<Output['progress']>,
  out: Output,
): Promise<Shown> {
  const next = async (): Promise<FromShop> => (await once(shop, 'message'))[0] as FromShop
  const first = await next()
  if (!('opening' in first)) throw new Error('the shop did not open')
  const { catalogue, events, meet, reminder } = first.opening
  await connection.request('POST', '/v1/items', catalogue)
  if (reminder) await send(connection, [reminder.given])
  const under = new Set<Promise<void>>()
  let sent = 0
  for (;;) {
    shop.postMessage('next')
    const message = await next()
    const batch = 'batch' in message ? message.batch : []
    if (batch.length === 0) break
    const sending = send(connection, batch).finally(() => under.delete(sending))
    under.add(sending)
    sent += batch.length
    bar.set(sent, events, `${sent} events`)
    if (under.size >= lanes) await Promise.race(under)
  }
  await Promise.all(under)
  bar.stop()
  out.say(`${catalogue.length} items and ${events} events of a year, imported through the public API.`)
  return { meet, reminder }
}

async function send(connection: Connection, batch: readonly unknown[]): Promise<void> {
  const answer = (await connection.request('POST', '/v1/import', { batch })) as { refused?: unknown[] }
  if (!answer.refused?.length) return
  throw new HabitueError('invalid_event', `The demo's own events were refused: ${JSON.stringify(answer.refused[0])}`)
}

function invitation(url: string, habitue: string, mail: string, someone: string): string {
  return `Now try, in another terminal:
  ${habitue} recommend --customer ${someone}
  ${habitue} recommend --placement trending
  ${habitue} tail            # then click in the page
  ${habitue} segments list
  ${habitue} journey list    # its mail goes to ${mail}/
  ${habitue} doctor
and in a browser:
  ${url}/demo         # click something; the list beside it changes, and says why
  ${url}/docs         # the HTTP API
Ctrl-C ends the demo.`
}
