/** A person for whom a customer buys asks to be forgotten, as the shop lives it, on both engines; and a restore remembers it. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, expect, it } from 'vitest'
import { receiptHash } from '../src/consent/erasure.ts'
import { openReader } from '../src/db/open.ts'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'
import { schemaOf } from './schema.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-recipient-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const start = Date.UTC(2026, 5, 1, 12)
const aunt = 'Adelheid Quast'
/** Strings that are hers alone. */
const hers = [aunt, 'adelheid', 'ADELHEID', 'Lindenallee', 'hip operation', 'Dearest', 'godmother', '05-17']

let messages = 0
const track = (event: string, properties: object, userId = 'me') => ({
  type: 'track',
  event,
  userId,
  messageId: `recipient-${messages++}`,
  timestamp: new Date(start - (500 - messages) * 60_000).toISOString(),
  properties,
})
const line = (product_id: string, more: object = {}) => ({ product_id, quantity: 1, price: 10, ...more })

async function lived(habitue: Running): Promise<void> {
  await habitue.ask(
    'POST',
    '/v1/items',
    ['tea', 'cup', 'pot', 'jam'].map((id) => ({ id, title: `A ${id}`, price: 10 })),
  )
  // Whoever buys is in a standing process that keeps what happened until tomorrow.
  const source =
    'trigger: { event: Order Completed }\npurpose: service\nsteps:\n  - wait: { for: 1 day }\n  - end: waited\n'
  expect((await habitue.ask('PUT', '/v1/journeys/after', { source })).status).toBe(200)
  expect((await habitue.ask('POST', '/v1/journeys/after/start', {})).status).toBe(200)
  const address = { name: aunt, street: 'Lindenallee 4', city: 'Celle' }
  const batch = [
    track('Order Completed', { order_id: 'o1', products: [line('tea')] }),
    track('Order Completed', {
      order_id: 'o2',
      shipping_address: address,
      occasion: 'hip operation',
      occasion_date: '2026-08-01',
      products: [line('cup', { recipient: { name: aunt, relation: 'godmother' }, gift_message: 'Dearest, get well' })],
    }),
    // Twice the same thing for her, and once for somebody else; her name in capitals.
    track('Order Completed', {
      order_id: 'o3',
      occasion_date: '2026-09-09',
      shipping_address: { street: 'Hafenweg 1', city: 'Kiel' },
      products: [line('cup', { recipient: aunt.toUpperCase() }), line('cup', { recipient: 'Bert' }), line('jam')],
    }),
    track('Product Returned', { order_id: 'o2', product_id: 'cup', recipient: aunt, reason: `too small for ${aunt}` }),
    track('Occasion Added', { occasion: 'birthday', date: '1950-05-17', recipient: aunt }),
    track('Fact Told', { kind: 'recipient', subject: aunt, value: { relation: 'godmother', age: 76 } }),
    track('Fact Told', { kind: 'address', subject: 'hers', recipient: aunt, value: address }),
    track('Question Asked', { question: `birthday:${aunt}` }),
    track('Note Added', { text: `Wants the parcel for ${aunt} by Friday, and tea for himself.` }),
    track('Complaint Received', { complaint_id: 'c1', text: `The cup of ${aunt} came broken.` }),
    // Somebody else's aunt of the same name is not asked about.
    track('Order Completed', { order_id: 'p1', products: [line('pot', { recipient: aunt })] }, 'another'),
  ]
  const { status, body } = await habitue.ask('POST', '/v1/batch', { batch })
  expect([status, body.refused ?? []]).toEqual([200, []])
  await habitue.engine.settle()
}

/** What rows say, but those of the other customer, whose order is `p1`. */
async function everyText({ config }: Running): Promise<string> {
  const reader = await openReader(config)
  try {
    const texts: string[] = []
    for (const { name } of await schemaOf(reader)) {
      const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(name)}`.execute(reader.k)
      texts.push(...rows.map((row) => JSON.stringify(row)).filter((text) => !isOfAnother(text)))
    }
    return texts.join('\n')
  } finally {
    await reader.close()
  }
}
const isOfAnother = (text: string) =>
  /"(?:number|user)\\?":\\?"(?:p1|another)|\\"p1\\"/.test(text) || text.includes('"recipient":"Adelheid Quast","item":')

const view = async (habitue: Running, path: string) => (await habitue.ask('GET', `/v1/customers/me${path}`)).body
const forget = (habitue: Running, recipient: string, who = 'me') =>
  habitue.ask('POST', `/v1/customers/${who}/recipients/erase`, { recipient })

forEachRunning((engine, run) => {
  it('takes name, address, occasions and words out, and leaves the orders to the customer', async () => {
    const habitue = await run(
      { erasureJournal: join(folder, `${engine}.journal`) },
      { world: simulatedWorld(3, start) },
    )
    await lived(habitue)
    const before = await view(habitue, '/orders')
    const days = async () => (await habitue.ask('GET', '/v1/customers/me')).body.interactions.length
    const interactions = await days()
    const { status, body: receipt } = await forget(habitue, ` ${aunt.toLowerCase()} `)
    expect([status, receipt]).toMatchObject([200, { refused: false, again: false }])
    expect(receipt.erased).toMatchObject({ facts: expect.any(Number), order_lines: 2, orders: 2 })
    const unsigned = { ...receipt, time: Date.parse(receipt.time), refitBefore: Date.parse(receipt.refitBefore) }
    expect(receiptHash(unsigned)).toBe(receipt.hash)

    const after = await view(habitue, '/orders')
    expect(after.orders).toHaveLength(before.orders.length)
    const lines = after.orders.flatMap(
      (order: { lines: { item: string; recipient?: string; returned: number }[] }) => order.lines,
    )
    const named = lines.map(({ item, recipient = '' }: { item: string; recipient?: string }) =>
      `${item} ${recipient}`.trim(),
    )
    expect(named.sort()).toEqual(['cup Bert', 'cup someone 1', 'cup someone 2', 'jam', 'tea'])
    expect(await days()).toBe(interactions)
    const memory = JSON.stringify(await view(habitue, '/memory'))
    expect(memory).toContain('Bert')
    expect(memory).toContain('and tea for himself')
    expect(memory).toContain('came broken')
    expect(memory).toContain('Hafenweg 1')
    const everywhere =
      memory + JSON.stringify(await view(habitue, '/timeline')) + JSON.stringify(await view(habitue, '/export'))
    for (const text of hers) expect(everywhere, text).not.toContain(text)
    // What she got is nobody's taste, and stays unseen as a present would.
    const { body } = await habitue.ask('POST', '/v1/recommendations', { customer: 'me', placement: 'home' })
    for (const { reason } of body.placements.home.items) expect(JSON.stringify(reason)).not.toContain('"cup"')

    expect((await habitue.ask('GET', '/v1/journeys/after/instances')).body.instances.length).toBeGreaterThan(0)
    const left = await everyText(habitue)
    for (const text of hers) expect(left.toLowerCase(), text).not.toContain(text.toLowerCase())
    expect((await habitue.ask('POST', '/v1/rebuild')).body.changed).toEqual([])
    const rebuilt = await everyText(habitue)
    for (const text of hers) expect(rebuilt.toLowerCase(), text).not.toContain(text.toLowerCase())
    expect((await habitue.ask('GET', '/v1/customers/another/orders')).body.orders[0].lines[0].recipient).toBe(aunt)
    const { body: audit } = await habitue.ask('GET', '/v1/audit')
    expect(audit.entries.map(({ action }: { action: string }) => action)).toContain('customers.eraseRecipient')
    expect(JSON.stringify(audit).toLowerCase()).not.toContain('adelheid')

    // Nobody of that name any more; nobody of another; no such customer; not by whom may not erase.
    for (const [name, who] of [[aunt], ['Nobody'], [aunt, 'stranger']])
      expect((await forget(habitue, name, who)).status).toBe(404)
    const page = await habitue.key('publishable', ['https://shop.example'])
    const asPage = await habitue.ask('POST', '/v1/customers/me/recipients/erase', { recipient: 'Bert' }, page, {
      origin: 'https://shop.example',
    })
    expect(asPage.status).toBe(403)
    // The next is told apart from the first.
    expect((await forget(habitue, 'Bert')).status).toBe(200)
    const again = (await view(habitue, '/orders')).orders.flatMap(
      ({ lines: all }: { lines: { recipient?: string }[] }) => all,
    )
    expect(again.flatMap(({ recipient }: { recipient?: string }) => recipient || []).sort()).toEqual([
      'someone 1',
      'someone 2',
      'someone 3',
    ])
    expect((await habitue.ask('POST', '/v1/rebuild')).body.changed).toEqual([])
  })

  it('is done again where a restored database remembers the person', async () => {
    const erasureJournal = join(folder, `${engine}.restored`)
    const place = engine === 'sqlite' ? { dataFile: join(folder, 'restored.db') } : {}
    const habitue = await run({ ...place, erasureJournal }, { world: simulatedWorld(3, start) })
    await lived(habitue)
    const backup = join(folder, 'backup.db')
    if (engine === 'sqlite') await habitue.engine.backup(backup)
    expect((await forget(habitue, aunt)).status).toBe(200)
    expect(readFileSync(erasureJournal, 'utf8').toLowerCase()).not.toContain('adelheid')
    await habitue.stop()
    if (engine === 'sqlite') {
      copyFileSync(backup, habitue.config.dataFile)
      for (const more of ['-wal', '-shm'])
        if (existsSync(habitue.config.dataFile + more)) rmSync(habitue.config.dataFile + more)
    } else {
      // As of before: the erasure is not known, and there is an order for her again.
      const other = await run({ databaseUrl: habitue.config.databaseUrl, erasureJournal: join(folder, 'absent') })
      await other.ask('POST', '/v1/batch', {
        batch: [track('Order Completed', { order_id: 'o9', products: [line('pot', { recipient: aunt })] })],
      })
      await other.stop()
      const reader = await openReader(habitue.config)
      await reader.k.deleteFrom('erasures').execute()
      await reader.close()
    }
    const where = engine === 'sqlite' ? place : { databaseUrl: habitue.config.databaseUrl }
    const served = await run({ ...where, erasureJournal })
    expect(served.engine.erasedAgain).toBe(1)
    const left = (await everyText(served)).toLowerCase()
    expect(left).toContain('o1')
    for (const text of hers) expect(left, text).not.toContain(text.toLowerCase())
    expect((await served.ask('POST', '/v1/rebuild')).body.changed).toEqual([])
  })
})
