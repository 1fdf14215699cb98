/** An erasure, as a user of the API lives it, on running servers of both engines. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RawBuilder, sql } from 'kysely'
import { afterAll, describe, expect, it } from 'vitest'
import { receiptHash } from '../src/consent/erasure.ts'
import { type OpenReader, openReader } from '../src/db/open.ts'
import { forEachRunning, type Running } from './running.ts'
import { schemaOf } from './schema.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-erasure-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Strings of one customer, each of which occurs nowhere else. */
const zoe = {
  user: 'zoe-4711',
  visitor: 'visitor-aaf-91',
  claimed: 'visitor-bbe-17',
  email: 'zoe.ferrucci@example.org',
  name: 'Zoë Ferrucci',
  order: 'ORDER-88-1234',
  recipient: 'Grandmother Adelheid',
  reason: 'scratches my elbow',
  search: 'left-handed espresso cup',
  message: 'message-of-zoe',
}
const strings = [...Object.values(zoe), 'Ferrucci', 'Adelheid', 'scratches']

const products = [{ product_id: 'cup', quantity: 2, price: 12.5 }]

function eventsOf(who: typeof zoe, n: number) {
  const time = new Date(Date.UTC(2026, 5, 1) + n * 60_000).toISOString()
  const both = { userId: who.user, anonymousId: who.visitor, timestamp: time }
  const track = (event: string, properties: object, id: string) => {
    return { type: 'track', event, properties, ...both, messageId: `${who.message}-${n}-${id}` }
  }
  const given = { product_id: 'pot', quantity: 1, price: 40, recipient: who.recipient }
  return [
    { type: 'identify', ...both, messageId: `${who.message}-${n}-i`, traits: { name: who.name, email: who.email } },
    track('Product Viewed', { product_id: 'cup' }, 'v'),
    track('Product Added', { product_id: 'cup', quantity: 1 }, 'a'),
    track('Products Searched', { query: who.search }, 's'),
    track(
      'Order Completed',
      { order_id: `${who.order}-${n}`, total: 65, currency: 'EUR', products: [...products, given] },
      'o',
    ),
    track(
      'Product Returned',
      { order_id: `${who.order}-${n}`, product_id: 'cup', quantity: 1, reason: who.reason },
      'r',
    ),
    track('Product Rated', { product_id: 'pot', rating: 4 }, 't'),
  ]
}

const other = Object.fromEntries(
  Object.entries(zoe).map(([name, value]) => [name, `${value.length} ${name} of Bo`]),
) as typeof zoe

async function shop(habitue: Running): Promise<void> {
  await habitue.ask('POST', '/v1/items', [
    { id: 'cup', title: 'A cup', price: 12.5 },
    { id: 'pot', title: 'A pot', price: 40 },
  ])
  for (let n = 0; n < 5; n++) {
    const batch = [
      ...eventsOf(zoe, n),
      ...eventsOf({ ...other, user: `bo-${n}`, visitor: `bo-v-${n}`, email: `bo${n}@example.org` }, n),
    ]
    expect((await habitue.ask('POST', '/v1/batch', { batch })).status).toBe(200)
  }
  // A page says without proof that its visitor is Zoë.
  const page = await habitue.key('publishable', ['https://shop.example'])
  const claim = { type: 'track', event: 'Product Viewed', userId: zoe.user, anonymousId: zoe.claimed, messageId: 'c1' }
  await habitue.ask('POST', '/v1/batch', { batch: [{ ...claim, properties: { product_id: 'pot' } }] }, page)
  await habitue.ask('POST', '/v1/recommendations', { customer: zoe.user, placement: 'home' })
  await habitue.ask('GET', `/v1/customers/${zoe.user}`)
}

/** Every text that a row of any table holds. */
async function everyText(habitue: Running): Promise<string> {
  return reading(habitue, async (reader) => {
    const texts: string[] = []
    for (const { name } of await schemaOf(reader)) {
      const { rows } = await sql`select * from ${sql.table(name)}`.execute(reader.k)
      texts.push(JSON.stringify(rows))
    }
    return texts.join('\n')
  })
}

async function reading<T>(habitue: Running, work: (reader: OpenReader) => Promise<T>): Promise<T> {
  const reader = await openReader(habitue.config)
  try {
    return await work(reader)
  } finally {
    await reader.close()
  }
}

forEachRunning((engine, run) => {
  describe('erasure', () => {
    it('leaves nothing of the customer, says what went, and harms nobody else', async () => {
      const journal = join(folder, `${engine}.journal`)
      const habitue = await run({ erasureJournal: journal })
      await shop(habitue)
      const rowsOf = (query: RawBuilder<unknown>) => reading(habitue, async ({ k }) => (await query.execute(k)).rows)
      const days = () => rowsOf(sql`select * from item_days order by day, item`)
      const before = { days: await days(), bo: (await habitue.ask('GET', '/v1/customers/bo-3')).body }
      expect(await everyText(habitue)).toContain(zoe.reason)

      const { status, body: receipt } = await habitue.ask('POST', `/v1/customers/${zoe.user}/erase`, {})
      expect(status).toBe(200)
      expect(receipt.erased).toMatchObject({ events: 36, orders: 5, customers: 2, traits: 2, decisions: 1 })
      expect(receipt.erased.identifiers).toBeGreaterThanOrEqual(3)
      const { id, time, erased, rows, refused, again, refitBefore } = receipt
      const [at, until] = [Date.parse(time), Date.parse(refitBefore)]
      expect(receiptHash({ id, time: at, erased, rows, refused, again, refitBefore: until })).toBe(receipt.hash)
      expect((await habitue.ask('GET', `/v1/erasures/${id}`)).body).toEqual(receipt)

      const left = await everyText(habitue)
      for (const text of strings) expect(left.includes(text), text).toBe(false)
      const line = readFileSync(journal, 'utf8')
      for (const text of [...strings, ...strings.map((s) => JSON.stringify(receipt).includes(s) && s)])
        if (text) expect(line.includes(text)).toBe(false)
      for (const [kind, value] of [
        ['user', zoe.user],
        ['email', zoe.email],
        ['anonymous', zoe.visitor],
      ])
        expect((await habitue.ask('GET', `/v1/customers/${encodeURIComponent(value)}?kind=${kind}`)).status).toBe(404)

      // Sums over everybody stay, also when memory is folded anew.
      expect(await days()).toEqual(before.days)
      expect((await habitue.ask('POST', '/v1/rebuild')).body.changed).toEqual([])
      expect(await days()).toEqual(before.days)
      expect((await habitue.ask('GET', '/v1/customers/bo-3')).body).toEqual(before.bo)
      const kept = await rowsOf(sql`select * from kept_orders`)
      expect(kept).toHaveLength(5)
      expect(kept[0]).toMatchObject({ total: 6500, state: 'placed', currency: 'EUR' })
      const { orders } = (await habitue.ask('GET', '/v1/kept-orders')).body
      expect(orders[0]).toMatchObject({
        day: '2026-06-01',
        total: 65,
        lines: [{ item: 'cup', quantity: 2, price: 12.5 }, {}],
      })
      expect((await habitue.ask('POST', `/v1/customers/${zoe.user}/erase`, {})).status).toBe(404)
    })

    it('takes who comes back for a stranger', async () => {
      const habitue = await run({ erasureJournal: join(folder, `${engine}.stranger`) })
      await shop(habitue)
      await habitue.ask('POST', `/v1/customers/${zoe.user}/erase`, {})
      // What was sent before is not taken again; what is new begins anew.
      const again = await habitue.ask('POST', '/v1/batch', { batch: eventsOf(zoe, 0) })
      expect(again.status).toBe(200)
      expect((await habitue.ask('GET', `/v1/customers/${zoe.user}`)).status).toBe(404)
      await habitue.ask('POST', '/v1/batch', { batch: eventsOf(zoe, 99) })
      const { body } = await habitue.ask('GET', `/v1/customers/${zoe.user}/timeline`)
      expect(body.events).toHaveLength(7)
    })

    it('leaves nothing behind where events of the customer arrive at the same time', async () => {
      const habitue = await run({ erasureJournal: join(folder, `${engine}.race`) })
      await shop(habitue)
      for (let round = 0; round < 3; round++) {
        const sent = Array.from({ length: 6 }, (_, i) => eventsOf(zoe, 1000 + round * 10 + i))
        const asks = sent.map((batch) => habitue.ask('POST', '/v1/batch', { batch }))
        asks.splice(3, 0, habitue.ask('POST', `/v1/customers/${zoe.user}/erase`, {}))
        // Nobody is known by that name where the erasure is the first to arrive.
        for (const { status } of await Promise.all(asks)) expect([200, 404]).toContain(status)
      }
      // Whatever belongs to an identifier belongs to one that exists, and each of those to a customer that exists.
      await reading(habitue, async ({ k, ...reader }) => {
        for (const { name, columns } of await schemaOf({ k, ...reader })) {
          if (!columns.includes('identifier')) continue
          const { rows } = await sql`select identifier from ${sql.table(name)}
            where identifier is not null and identifier != 0 and identifier not in (select id from identifiers)`.execute(
            k,
          )
          expect([name, rows]).toEqual([name, []])
        }
        const { rows } = await sql`select id from identifiers where customer not in (select id from customers)`.execute(
          k,
        )
        expect(rows).toEqual([])
      })
      expect((await habitue.ask('POST', '/v1/rebuild')).body.changed).toEqual([])
    })

    // Of SQLite see test/cli/rights.test.ts: there a backup is a file.
    it.runIf(engine === 'postgres')('a database restored from a backup forgets again before it serves', async () => {
      const erasureJournal = join(folder, 'restored.journal')
      const habitue = await run({ erasureJournal })
      await shop(habitue)
      await habitue.ask('POST', `/v1/customers/${zoe.user}/erase`, { refuse: true })
      await habitue.stop()
      // As of before the erasure: it is not known, nor that anybody is to be refused, and the customer is there.
      await reading(habitue, async ({ k }) => {
        await k.deleteFrom('erasures').execute()
        await k.deleteFrom('refused_names').execute()
      })
      const { databaseUrl } = habitue.config
      const restored = await run({ databaseUrl, erasureJournal: join(folder, 'absent.journal') })
      await restored.ask('POST', '/v1/batch', { batch: eventsOf(zoe, 3000) }, await restored.key('server'))
      expect(await everyText(restored)).toContain(zoe.email)
      await restored.stop()
      const served = await run({ databaseUrl, erasureJournal })
      expect(served.engine.erasedAgain).toBe(1)
      const left = await everyText(served)
      for (const text of strings) expect(left.includes(text), text).toBe(false)
      const refused = await served.ask('POST', '/v1/import', { batch: eventsOf(zoe, 3001) })
      expect(refused.body.refused[0].code).toBe('erased_refused')
    })

    it('refuses who asked for it', async () => {
      const habitue = await run({ erasureJournal: join(folder, `${engine}.refuse`) })
      await shop(habitue)
      await habitue.ask('POST', `/v1/customers/${encodeURIComponent(zoe.email)}/erase?kind=email`, { refuse: true })
      const batch = [
        ...eventsOf(zoe, 50),
        { ...eventsOf(zoe, 51)[1], userId: undefined },
        eventsOf({ ...other, user: 'bo-9' }, 51)[1],
      ]
      await habitue.ask('POST', '/v1/batch', { batch })
      expect(await everyText(habitue)).not.toContain(zoe.visitor)
      expect((await habitue.ask('GET', '/v1/customers/bo-9')).status).toBe(200)
      const imported = await habitue.ask('POST', '/v1/import', { batch: eventsOf(zoe, 60) })
      expect(imported.body.refused[0].code).toBe('erased_refused')
    })
  })
})

describe('the data file of SQLite', () => {
  forEachRunning(
    (_engine, run) => {
      it('holds none of the strings of who was erased, nor does its log', { timeout: 60_000 }, async () => {
        const dataFile = join(folder, 'grep.db')
        const habitue = await run({ dataFile })
        await shop(habitue)
        // Many others before, between and after, so that his rows lie among theirs on shared pages.
        const numbers = Array.from({ length: 40 }, (_, i) => i)
        for (const round of numbers) {
          const batch = numbers.flatMap((n) => {
            const name = `${round * 40 + n}`
            return eventsOf(
              {
                ...other,
                user: `u${name}`,
                visitor: `v${name}`,
                email: `e${name}@x.org`,
                message: `m${name}`,
                order: `o${name}`,
              },
              n,
            ).slice(0, 3 + (n % 5))
          })
          // Of many lengths, so that rows move between pages.
          const words = {
            type: 'track',
            event: 'Products Searched',
            userId: zoe.user,
            messageId: `${zoe.message}-w-${round}`,
          }
          const long = { ...words, properties: { query: `${zoe.search} `.repeat((round * 7) % 40) } }
          await habitue.ask('POST', '/v1/batch', { batch: [...batch, ...eventsOf(zoe, 100 + round), long] })
        }
        const files = [dataFile, `${dataFile}-wal`]
        const found = () =>
          files.filter(existsSync).flatMap((file) => {
            const bytes = readFileSync(file)
            return strings.filter((text) => bytes.includes(text)).map((text) => `${file.slice(folder.length)}: ${text}`)
          })
        expect(found().length).toBeGreaterThan(0)
        const { status } = await habitue.ask('POST', `/v1/customers/${zoe.user}/erase`, {})
        expect(status).toBe(200)
        expect(found()).toEqual([])
      })
    },
    ['sqlite'],
  )
})
