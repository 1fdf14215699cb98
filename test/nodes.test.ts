/** Two Habitues on one PostgreSQL do no harm, and each knows at once what the other was told. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StorageConfig } from '../src/config.ts'
import { emptyDatabases } from '../src/db/testing.ts'
import { type Server, startServer } from './cli/command.ts'

const shelf = ['tea-1', 'tea-2', 'tea-3', 'tea-4', 'saw-1', 'saw-2', 'saw-3', 'saw-4']
const idsOf = (list: { items: { id: string }[] }) => list.items.map(({ id }) => id)

describe('two nodes', () => {
  const databases = emptyDatabases('postgres')
  let place: StorageConfig
  let one: Server
  let two: Server
  let key: string

  beforeAll(async () => {
    place = await databases.create()
    const environment = { HABITUE_LOG: 'warn' }
    ;[one, two] = await Promise.all([startServer(place, { environment }), startServer(place, { environment })])
    key = one.adminKey || two.adminKey
  })
  afterAll(async () => {
    const ends = await Promise.all([one?.end('SIGTERM'), two?.end('SIGTERM')])
    await databases.remove()
    for (const end of ends) expect(end).toMatchObject({ code: 0 })
  })

  const home = async (node: Server, more: object = {}) => {
    const request = { placement: 'home', count: 12, ...more }
    const { status, body } = await node.ask('POST', '/v1/recommendations', request, key)
    expect(status, JSON.stringify(body)).toBe(200)
    return { ids: idsOf(body.placements.home), version: body.model.version, personalised: body.personalised }
  }

  it('start at the same moment on an empty database: one migrates, both serve', async () => {
    // One admin key was made, by whichever came first, and it opens both.
    expect([one.adminKey, two.adminKey].filter(Boolean)).toHaveLength(1)
    for (const node of [one, two]) {
      expect((await node.ask('GET', '/health/ready')).body).toMatchObject({ ready: true })
      expect((await node.ask('GET', '/v1/keys', undefined, key)).body.keys).toHaveLength(1)
    }
  })

  it('a model that one trained serves on both within seconds; one trains at a time', async () => {
    const items = shelf.map((id, i) => ({
      id,
      title: id,
      categories: [id.slice(0, 3)],
      price: 10 + i,
      currency: 'EUR',
    }))
    expect((await one.ask('POST', '/v1/items', items, key)).body.refused).toEqual([])
    expect((await two.ask('POST', '/v1/import', { batch: histories() }, key)).body).toEqual({ success: true })

    const begun = await Promise.all([one, two].map((node) => node.ask('POST', '/v1/training', {}, key)))
    expect(begun.map(({ status }) => status).sort()).toEqual([202, 409])
    expect(begun.find(({ status }) => status === 409)?.body.error.code).toBe('training_running')

    for (const node of [one, two]) {
      const served = async () => (await node.ask('GET', '/v1/models', undefined, key)).body.models[0]
      await expect.poll(served, { timeout: 30_000, interval: 100 }).toMatchObject({ state: 'ready', serving: true })
      const { version, personalised } = await home(node, { customer: 'c0' })
      expect({ version, personalised }).toEqual({ version: 1, personalised: true })
    }
  })

  it('an item that is sold out on one is gone from the next answer of the other, and back again', async () => {
    for (let round = 0; round < 20; round++) {
      const [here, there] = round % 2 === 0 ? [one, two] : [two, one]
      const item = shelf[round % shelf.length]
      expect((await here.ask('PATCH', `/v1/items/${item}`, { stock: 0 }, key)).status).toBe(200)
      expect((await home(there)).ids).not.toContain(item)
      expect((await here.ask('PATCH', `/v1/items/${item}`, { stock: 5 }, key)).status).toBe(200)
      expect((await home(there)).ids).toContain(item)
    }
  })

  it('a rule, an event, a new key and a revoked one that one was given hold in the next answer of the other', async () => {
    for (let round = 0; round < 10; round++) {
      const [here, there] = round % 2 === 0 ? [one, two] : [two, one]
      const pinned = shelf[round % shelf.length]
      const rule = { kind: 'pin', items: [pinned], position: 1, placements: ['home'] }
      expect((await here.ask('PUT', '/v1/rules/pin', rule, key)).status).toBe(200)
      expect((await home(there)).ids[0]).toBe(pinned)
      expect((await here.ask('DELETE', '/v1/rules/pin', undefined, key)).status).toBe(204)

      const visitor = `visitor-${round}`
      expect((await home(there, { anonymousId: visitor })).personalised).toBe(false)
      const look = { anonymousId: visitor, event: 'Product Viewed', properties: { product_id: pinned } }
      expect((await here.ask('POST', '/v1/track', { messageId: visitor, ...look }, key)).status).toBe(200)
      expect((await home(there, { anonymousId: visitor })).personalised).toBe(true)
      const refused = { anonymousId: visitor, event: 'Product Refused', properties: { product_id: pinned } }
      await here.ask('POST', '/v1/track', { messageId: `${visitor}-no`, ...refused }, key)
      expect((await home(there, { anonymousId: visitor })).ids).not.toContain(pinned)
    }
    for (const [here, there] of [
      [one, two],
      [two, one],
    ]) {
      const { id, key: text } = (await here.ask('POST', '/v1/keys', { kind: 'server', name: 'shop' }, key)).body
      const status = async () => (await there.ask('GET', '/v1/items/tea-1', undefined, text)).status
      expect(await status()).toBe(200)
      await here.ask('DELETE', `/v1/keys/${id}`, undefined, key)
      expect(await status()).toBe(401)
    }
  })
})

/** Thirty customers drink tea, thirty use saws; each has all but one of his kind. */
function histories(): object[] {
  const messages: object[] = []
  for (let n = 0; n < 60; n++) {
    const own = shelf.filter((id) => id.startsWith(n % 2 === 0 ? 'tea' : 'saw'))
    own.forEach((id, i) => {
      if ((n >> 1) % own.length === i) return
      const products = [{ product_id: id, price: 10, quantity: 1 }]
      messages.push({
        type: 'track',
        event: 'Order Completed',
        messageId: `m-${n}-${i}`,
        userId: `c${n}`,
        timestamp: new Date(Date.UTC(2026, 0, 1, 0, n * 10 + i)).toISOString(),
        properties: { order_id: `o-${n}-${i}`, currency: 'EUR', products },
      })
    })
  }
  return messages
}
