/** The usual, as the barista's till asks for it: over HTTP, on both engines. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const start = Date.UTC(2026, 0, 10, 8)
const day = 86_400_000
const folder = mkdtempSync(join(tmpdir(), 'habitue-usual-'))
afterAll(() => rmSync(folder, { recursive: true }))

const drinks = ['espresso', 'latte', 'tea', 'cocoa', 'mocha']

async function stock(habitue: Running): Promise<void> {
  const items = drinks.map((id) => ({
    id,
    title: id[0].toUpperCase() + id.slice(1),
    price: 2.5,
    categories: ['Coffee'],
  }))
  await habitue.ask('POST', '/v1/items', {
    items: [...items, { id: 'beans', title: 'Beans', categories: ['Grocery'] }],
  })
}

let orders = 0
async function order(habitue: Running, item: string, at: number, context: object, who = 'zoe'): Promise<void> {
  const event = {
    type: 'track',
    event: 'Order Completed',
    userId: who,
    timestamp: new Date(at).toISOString(),
    properties: { order_id: `o${++orders}`, products: [{ product_id: item, quantity: 1, price: 2.5 }] },
    context,
  }
  const { status } = await habitue.ask('POST', '/v1/batch', { batch: [event] })
  expect(status).toBe(200)
}

const cold = (temperature: number) => ({ weather: { temperature }, timezone: 'Europe/Berlin' })

async function usual(habitue: Running, body: object) {
  const answer = await habitue.ask('POST', '/v1/usual', { customer: 'zoe', slot: 'coffee', ...body })
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer.body
}

forEachRunning((_engine, run) => {
  it('learns an espresso, and a latte when it is cold, within five cold days; the next request knows', async () => {
    const world = simulatedWorld(1, start + 60 * day)
    const habitue = await run({}, { world })
    await stock(habitue)
    expect(await usual(habitue, { context: { temperature: 12 } })).toMatchObject({ ask: true, usual: null, choices: 0 })
    const warm = [14, 12, 15, 11, 13, 16, 12, 10, 14, 13]
    for (const [n, degrees] of warm.entries()) await order(habitue, 'espresso', start + n * day, cold(degrees))
    expect(await usual(habitue, { context: { temperature: 12 } })).toMatchObject({
      ask: false,
      usual: { id: 'espresso', price: 2.5 },
      condition: null,
      reason: 'Usually Espresso.',
      personalised: true,
    })
    for (const [n, degrees] of [3, 5, 1, 4, 2].entries())
      await order(habitue, 'latte', start + (10 + n) * day, cold(degrees))
    const now = await usual(habitue, { context: { temperature: 3 } })
    expect(now).toMatchObject({ ask: false, usual: { id: 'latte' }, runnerUp: { id: 'espresso' } })
    expect(now.condition).toMatchObject({ name: 'temperature', holds: true, holding: 'latte', otherwise: 'espresso' })
    expect(now.condition.below).toBeGreaterThan(5)
    expect(now.condition.below).toBeLessThanOrEqual(10)
    expect(now.reason).toBe(`Usually Espresso; below ${now.condition.below} degrees Latte.`)
    expect(await usual(habitue, { context: { temperature: 14 } })).toMatchObject({ usual: { id: 'espresso' } })
    expect((await habitue.ask('POST', '/v1/rebuild')).body.changed).toEqual([])
    expect(await usual(habitue, { context: { temperature: 3 } })).toEqual(now)
  })

  it('follows a new habit within four orders, and no odd day; names his slot where none is asked for', async () => {
    const world = simulatedWorld(2, start + 90 * day)
    const habitue = await run({}, { world })
    await stock(habitue)
    for (let n = 0; n < 20; n++) await order(habitue, 'espresso', start + n * day, cold(12))
    await order(habitue, 'mocha', start + 20 * day, cold(12))
    expect(await usual(habitue, { context: { temperature: 12 } })).toMatchObject({ usual: { id: 'espresso' } })
    for (let n = 21; n < 24; n++) await order(habitue, 'espresso', start + n * day, cold(12))
    for (let n = 24; n < 28; n++) await order(habitue, 'tea', start + n * day, cold(12))
    const { body } = await habitue.ask('POST', '/v1/usual', { customer: 'zoe', context: { temperature: 12 } })
    expect(body).toMatchObject({ slot: 'Coffee', usual: { id: 'tea' }, choices: 28 })
  })

  it('asks where there is no habit, where the usual is sold out, and a stranger', async () => {
    const world = simulatedWorld(3, start + 60 * day)
    const habitue = await run({}, { world })
    await stock(habitue)
    for (let n = 0; n < 25; n++) await order(habitue, drinks[(n * 7 + (n >> 2)) % 5], start + n * day, cold(10), 'any')
    expect(await usual(habitue, { customer: 'any' })).toMatchObject({ ask: true, usual: null, personalised: true })
    for (let n = 0; n < 8; n++) await order(habitue, 'cocoa', start + n * day, {})
    expect(await usual(habitue, {})).toMatchObject({ ask: false, usual: { id: 'cocoa' } })
    await habitue.ask('PATCH', '/v1/items/cocoa', { stock: 0 })
    const gone = await usual(habitue, {})
    expect(gone).toMatchObject({ ask: true, usual: null, unavailable: { id: 'cocoa' } })
    expect(gone.options.map(({ id }: { id: string }) => id)).not.toContain('cocoa')
    expect(await usual(habitue, { customer: 'nobody' })).toMatchObject({ ask: true, personalised: false, choices: 0 })
    expect((await habitue.ask('POST', '/v1/usual', { customer: 'zoe', context: { timezone: 'Mars' } })).status).toBe(
      400,
    )
    const page = await habitue.key('publishable', ['https://shop.example'])
    expect((await habitue.ask('POST', '/v1/usual', { customer: 'zoe' }, page)).status).toBe(403)
  })

  it('lets a table fill in the weather, now and as it was', async () => {
    const world = simulatedWorld(4, start + 40 * day)
    const file = join(folder, `${_engine}.csv`)
    const temperature = (n: number) => (n % 3 === 0 ? 2 : 15)
    const rows = Array.from(
      { length: 41 },
      (_, n) => `${new Date(start + n * day).toISOString()},Bonn,${temperature(n)}`,
    )
    writeFileSync(file, `time,place,temperature\n${rows.join('\n')}\n`)
    const habitue = await run({ weather: { file, place: 'Bonn' } }, { world })
    await stock(habitue)
    for (let n = 0; n < 30; n++)
      await order(habitue, temperature(n) < 8 ? 'latte' : 'espresso', start + n * day + 3_600_000, {})
    const at = (n: number) => new Date(start + n * day + 7_200_000).toISOString()
    expect(await usual(habitue, { time: at(33) })).toMatchObject({
      usual: { id: 'latte' },
      context: { temperature: 2 },
    })
    expect(await usual(habitue, { time: at(34) })).toMatchObject({ usual: { id: 'espresso' } })
  })

  it('lets what was told beat what was seen, and never names what he will not have', async () => {
    const habitue = await run({}, { world: simulatedWorld(6, start + 30 * day) })
    await stock(habitue)
    for (let n = 0; n < 12; n++) await order(habitue, n % 4 === 3 ? 'mocha' : 'espresso', start + n * day, cold(12))
    const tell = (fact: object) => habitue.ask('POST', '/v1/customers/zoe/facts', fact)
    const told = await tell({ kind: 'usual', subject: 'Coffee', value: 'tea', condition: { temperature: { max: 8 } } })
    expect(told.status).toBe(201)
    expect(await usual(habitue, { context: { temperature: 3 } })).toMatchObject({
      usual: { id: 'tea', probability: 1 },
      provenance: 'told',
      reason: 'As you told: Tea below 8 °C.',
    })
    const warm = await usual(habitue, { context: { temperature: 12 }, sure: 0.5 })
    expect(warm).toMatchObject({ usual: { id: 'espresso' }, provenance: 'observed', runnerUp: { id: 'mocha' } })
    await habitue.ask('DELETE', `/v1/customers/zoe/facts/${told.body.id}`)
    expect((await usual(habitue, { context: { temperature: 3 }, sure: 0.5 })).usual?.id).not.toBe('tea')
    await tell({ kind: 'preference', subject: 'mocha', value: 'never' })
    const { options } = await usual(habitue, { context: { temperature: 12 } })
    expect(options.map(({ id }: { id: string }) => id)).not.toContain('mocha')
  })

  it('uses nothing of who refuses personalisation', async () => {
    const habitue = await run(
      { legalBasis: null, consent: { policy: 'us-opt-out' } },
      { world: simulatedWorld(5, start + day) },
    )
    await stock(habitue)
    for (let n = 0; n < 8; n++) await order(habitue, 'tea', start - (9 - n) * day, {})
    expect(await usual(habitue, {})).toMatchObject({ usual: { id: 'tea' } })
    await habitue.ask('POST', '/v1/track', {
      userId: 'zoe',
      event: 'Consent Withdrawn',
      properties: { purpose: 'personalisation' },
    })
    expect(await usual(habitue, {})).toMatchObject({ ask: true, usual: null, personalised: false, choices: 0 })
  })
})
