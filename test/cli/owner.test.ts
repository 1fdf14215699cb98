/** Commands beside a running server: they go through it, and see what it sees. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { habitue, type Server, startCommand, startServer } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-owner-'))
const place = { databaseUrl: null, dataFile: join(folder, 'shop.db') }
let server: Server

beforeAll(async () => {
  server = await startServer(place)
  const items = Array.from({ length: 12 }, (_, i) => ({
    id: `item-${i}`,
    title: `Thing ${i}`,
    price: 3,
    currency: 'EUR',
  }))
  await server.ask('POST', '/v1/items', items)
})
afterAll(async () => {
  await server?.end('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
})

const track = (messageId: string, more: object = {}) => ({
  type: 'track',
  messageId,
  userId: 'ann',
  event: 'Product Viewed',
  properties: { product_id: 'item-1' },
  ...more,
})

it('tail shows an accepted, a doubled and a refused event with its code; a recommendation follows the event', async () => {
  const tail = startCommand(place, ['tail'])
  await tail.line((line) => line.includes('Ctrl-C ends'))
  const batch = [
    track('t1'),
    track('t1'),
    track('t2', { userId: 'null' }),
    track('t3', { properties: { sku: 'unheard-of' } }),
  ]
  await expect
    .poll(
      async () => {
        // The stream may begin a moment after the sentence.
        await server.ask('POST', '/v1/batch', { batch })
        return tail.said.stdout
      },
      { timeout: 20_000, interval: 200 },
    )
    .toContain('REFUSED invalid_identifier')
  await tail.line((line) => line.includes('user:ann') && line.includes('1/1 known') && /accepted|duplicate/.test(line))
  await tail.line((line) => line.includes('0/1 known'))
  tail.process.kill('SIGINT')
  expect(await tail.ended).toMatchObject({ code: 130, stderr: '' })

  const seen = await habitue(place, ['recommend', '--customer', 'ann', '--placement', 'recent'])
  expect(seen).toMatchObject({ code: 0 })
  expect(seen.stdout).toContain('Thing 1')
  const unknown = await habitue(place, ['--json', 'recommend', '--placement', 'item', '--item', 'nothing'])
  expect(unknown).toMatchObject({ code: 1, json: { error: { code: 'unknown_item' } } })
})

it('keys are made, listed, rotated and revoked at once in the running server', async () => {
  const made = await habitue(place, ['--json', 'key', 'create', 'server', '--name', 'the shop'])
  expect(made).toMatchObject({ code: 0, json: { kind: 'server', name: 'the shop' } })
  const { id, key } = made.json as { id: string; key: string }
  const status = async (text: string) => (await server.ask('GET', '/v1/items/item-1', undefined, text)).status
  expect(await status(key)).toBe(200)
  const rotated = await habitue(place, ['--json', 'key', 'rotate', id, '--grace', '0'])
  expect([await status(key), await status(rotated.json.key)]).toEqual([401, 200])
  const graced = await habitue(place, ['--json', 'key', 'rotate', id, '--grace', '0.5'])
  expect([await status(rotated.json.key), await status(graced.json.key)]).toEqual([200, 200])
  const minutes = (Date.parse(graced.json.previousUntil) - Date.now()) / 60_000
  expect(minutes).toBeGreaterThan(20)
  expect(minutes).toBeLessThan(31)
  const listed = await habitue(place, ['key', 'list'])
  expect(listed.stdout).toContain('the shop')
  expect(listed.stdout).not.toContain(key)
  expect(await habitue(place, ['key', 'revoke', id])).toMatchObject({ code: 0 })
  expect(await status(graced.json.key)).toBe(401)
  expect((await habitue(place, ['key', 'revoke', 'nothing'])).stderr).toMatch(/^not_found: /)
  expect((await habitue(place, ['key', 'create', 'publishable'])).stderr).toMatch(/^invalid_body: .*origin/)
})

it('a copy made while it runs is a whole database', async () => {
  const copy = join(folder, 'copy.db')
  expect(await habitue(place, ['backup', copy])).toMatchObject({ code: 0 })
  expect((await habitue(place, ['backup', copy])).stderr).toMatch(/^conflict: /)
  const nowhere = await habitue(place, ['backup', join(folder, 'no', 'copy.db')])
  expect(nowhere.code).toBe(1)
  expect(nowhere.stderr).not.toContain('    at ')
  const restored = await habitue({ databaseUrl: null, dataFile: copy }, [
    '--json',
    'recommend',
    '--customer',
    'ann',
    '--placement',
    'recent',
  ])
  expect(restored.json.placements.recent.items[0].id).toBe('item-1')
  // What was in the log of the file is in the copy: it needs nothing beside it.
  expect(existsSync(`${copy}.partial`)).toBe(false)
})

it('a cancelled training leaves the old model, and Ctrl-C says so', async () => {
  const train = async (signal: NodeJS.Signals | null) => {
    const command = startCommand(place, ['train'])
    if (signal) {
      await command.warning('training')
      command.process.kill(signal)
    }
    return command.ended
  }
  const orders = Array.from({ length: 400 }, (_, n) => {
    const products = [{ product_id: `item-${n % 12}`, price: 3, quantity: 1 }]
    const properties = { order_id: `o${n}`, currency: 'EUR', products }
    return track(`order-${n}`, { userId: `c${n % 60}`, event: 'Order Completed', properties })
  })
  expect((await server.ask('POST', '/v1/batch', { batch: orders })).body).toEqual({ success: true })
  const first = await train(null)
  expect(first).toMatchObject({ code: 0 })
  expect(first.stdout).toContain('Model 1: ready')
  const cancelled = await train('SIGINT')
  const { models } = (await server.ask('GET', '/v1/models')).body
  expect(models.find(({ serving }: { serving: boolean }) => serving)).toMatchObject({ state: 'ready' })
  // On a small shop the training may be over before it hears of it.
  if (cancelled.code !== 0) {
    expect(cancelled).toMatchObject({ code: 130 })
    expect(cancelled.stdout).toContain('the old model still serves')
    const running = async () => (await server.ask('GET', '/v1/training')).body.running
    await expect.poll(running, { timeout: 20_000 }).toBe(false)
    expect((await server.ask('GET', '/v1/models')).body.models[0].state).toBe('cancelled')
  }
  expect((await habitue(place, ['models'])).stdout).toContain('Model 1: ready')
})

it('doctor reports through the server, and a rebuild finds memory as it is', async () => {
  const report = await habitue(place, ['--json', 'doctor'])
  expect(report).toMatchObject({
    code: 0,
    json: { healthy: true, database: { engine: 'sqlite' }, models: { serving: { version: 1 } } },
  })
  const rebuilt = await habitue(place, ['--json', 'rebuild'])
  expect(rebuilt.json).toMatchObject({ changed: [] })
})

it('clients that hang up in the midst of an answer end nothing', async () => {
  const { port, hostname } = new URL(server.url)
  for (let n = 0; n < 40; n++) {
    const socket = connect(Number(port), hostname)
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.write('GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(20))
    await new Promise((resolve) => setTimeout(resolve, n % 4))
    socket.destroy()
  }
  const noReader = startCommand(place, ['key', 'list'])
  noReader.process.stdout?.destroy()
  await noReader.ended
  expect((await server.ask('GET', '/health/ready')).body.ready).toBe(true)
})
