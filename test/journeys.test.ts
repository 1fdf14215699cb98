/** Journeys from the definition over HTTP to what they do, in simulated time, on both engines. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, vi } from 'vitest'
import { createApp } from '../src/http/app.ts'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const start = Date.UTC(2026, 2, 2, 8)
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const secondAbandonment = `
title: The second time a cart of more than 2500 is left
trigger:
  event: Cart Abandoned
  when: event.properties.value > 2500
  count: 2
  within: 90 days
purpose: service
once: customer
exit:
  - event: Order Completed
steps:
  - wait: { for: 1 hour }
  - name: ask
    task:
      priority: 10
      reason: second cart left
      note: "= 'It was worth ' + string(event.properties.value)"
  - wait: { event: Task Resolved, atMost: 14 days, late: nobody }
  - end: answered
  - name: nobody
    end: nobody took it
`

async function put(habitue: Running, id: string, source: string): Promise<void> {
  const answer = await habitue.ask('PUT', `/v1/journeys/${id}`, { source })
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  expect((await habitue.ask('POST', `/v1/journeys/${id}/start`, {})).status).toBe(200)
}

let sent = 0
async function track(habitue: Running, event: string, userId: string, properties: object = {}, more: object = {}) {
  const message = { type: 'track', event, userId, messageId: `m${++sent}`, properties, ...more }
  const { status, body } = await habitue.ask('POST', '/v1/batch', { batch: [message] })
  expect(status, JSON.stringify(body)).toBe(200)
  await habitue.engine.settle()
}

async function tasks(
  habitue: Running,
): Promise<{ reason: string; note: string; customer: { id: string }; id: number }[]> {
  const { body } = await habitue.ask('GET', '/v1/tasks')
  return body.tasks.filter((task: { origin: string }) => task.origin.startsWith('journey:'))
}

async function instances(habitue: Running, id: string) {
  return (await habitue.ask('GET', `/v1/journeys/${id}/instances`)).body.instances
}

forEachRunning((_engine, run) => {
  it('opens a task an hour after the second expensive cart was left, once, and ends with its answer', async () => {
    const world = simulatedWorld(1, start)
    const habitue = await run({}, { world })
    await put(habitue, 'second-abandonment', secondAbandonment)
    await track(habitue, 'Cart Abandoned', 'ann', { value: 2600, cart_id: 'a' })
    await track(habitue, 'Cart Abandoned', 'bob', { value: 100 })
    await track(habitue, 'Cart Abandoned', 'bob', { value: 2700 })
    expect(await instances(habitue, 'second-abandonment')).toEqual([])
    world.advance(40 * day)
    await track(habitue, 'Cart Abandoned', 'ann', { value: 3000, cart_id: 'b' })
    expect(await instances(habitue, 'second-abandonment')).toMatchObject([{ phase: 'waiting', step: 'wait-1' }])
    world.advance(59 * minute)
    await habitue.engine.settle()
    expect(await tasks(habitue)).toEqual([])
    world.advance(1 * minute)
    await habitue.engine.settle()
    const [task, ...more] = await tasks(habitue)
    expect(more).toEqual([])
    expect(task).toMatchObject({ reason: 'second cart left', note: 'It was worth 3000', customer: { id: 'ann' } })
    await track(habitue, 'Cart Abandoned', 'ann', { value: 3000, cart_id: 'c' })
    const resolved = await habitue.ask('POST', `/v1/tasks/${task.id}/resolve`, { outcome: 'done' })
    expect(resolved.status, JSON.stringify(resolved.body)).toBe(200)
    await habitue.engine.settle()
    expect(await instances(habitue, 'second-abandonment')).toMatchObject([{ phase: 'ended', reason: 'answered' }])
  })

  it('asks the catalogue for the item as it is now, and in which context it happened', async () => {
    const world = simulatedWorld(12, start)
    const habitue = await run({}, { world })
    const lamp = { id: 'lamp', title: 'Lamp', price: 300, currency: 'EUR', stock: 2, categories: ['light'] }
    await habitue.ask('POST', '/v1/items', [
      { ...lamp, attributes: { brand: 'Lux' } },
      { ...lamp, id: 'bulb', price: 3 },
    ])
    const source = `
trigger:
  event: Product Viewed
  when: item.price > 100 && context.campaign.source == 'letter'
purpose: service
once: item
steps:
  - wait: { event: Product Added, when: "'light' in item.categories && item.price < 10", atMost: 1 day, late: look }
  - end: took a bulb
  - name: look
    branch: [{ when: item.available, next: tell }]
  - end: gone
  - name: tell
    task: { priority: 1, reason: looked, note: "= item.title + ' by ' + item.brand + ', ' + string(item.stock)" }
`
    await put(habitue, 'lamps', source)
    const letter = { context: { campaign: { source: 'letter' } } }
    await track(habitue, 'Product Viewed', 'ann', { product_id: 'lamp' })
    await track(habitue, 'Product Viewed', 'ann', { product_id: 'bulb' }, letter)
    expect(await instances(habitue, 'lamps')).toEqual([])
    for (const who of ['ann', 'bob', 'cid']) await track(habitue, 'Product Viewed', who, { product_id: 'lamp' }, letter)
    await track(habitue, 'Product Added', 'ann', { product_id: 'lamp' })
    await track(habitue, 'Product Added', 'bob', { product_id: 'bulb' })
    await habitue.ask('PATCH', '/v1/items/lamp', { stock: 1 })
    world.advance(day)
    await habitue.engine.settle()
    const [first, second] = await tasks(habitue)
    expect([first, second].map(({ note }) => note)).toEqual(['Lamp by Lux, 1', 'Lamp by Lux, 1'])
    expect([first, second].map(({ customer }) => customer.id).sort()).toEqual(['ann', 'cid'])
    const body = { source, from: new Date(start).toISOString(), to: new Date(world.now()).toISOString() }
    const played = await habitue.ask('POST', '/v1/journeys/simulate', body)
    expect(played.body, JSON.stringify(played.body)).toMatchObject({ entered: 3 })
  })

  it('of two that would write at once where there is room for one, the more important does; the other when there is room', async () => {
    const world = simulatedWorld(13, start)
    const habitue = await run({ messages: { caps: { 'on-site:marketing': '1/7' }, quietHours: '' } }, { world })
    const shown = async (who: string): Promise<string[]> => {
      const { body } = await habitue.ask('GET', `/v1/customers/${who}/inbox`)
      return body.messages.map(({ title }: { title: string }) => title)
    }
    for (const [name, setting] of [
      ['a-letter', 'priority: 2'],
      ['b-news', ''],
      ['c-offer', 'priority: 8'],
    ]) {
      await habitue.ask('PUT', `/v1/templates/${name}`, { channel: 'on-site', title: name, body: 'x' })
      const message = `message: { channel: on-site, purpose: marketing, template: ${name} }`
      await put(habitue, name, `trigger: { event: Signed Up }\n${setting}\nsteps:\n  - ${message}\n`)
    }
    const people = Array.from({ length: 12 }, (_, n) => `c${n}`)
    const consent = { purpose: 'marketing', channel: 'on-site' }
    const all = (event: string, properties: object) =>
      people.map((userId) => ({ type: 'track', event, userId, messageId: `m${++sent}`, properties }))
    await habitue.ask('POST', '/v1/batch', { batch: all('Consent Given', consent) })
    await habitue.ask('POST', '/v1/batch', { batch: all('Signed Up', {}) })
    await habitue.engine.settle()
    for (const who of people) expect(await shown(who)).toEqual(['c-offer'])
    world.advance(day + minute)
    await habitue.engine.settle()
    for (const who of people) expect((await shown(who)).sort()).toEqual(['b-news', 'c-offer'])
  })

  it('lets go of who does what makes it needless', async () => {
    const world = simulatedWorld(2, start)
    const habitue = await run({}, { world })
    await put(habitue, 'second-abandonment', secondAbandonment)
    for (const value of [2600, 2700]) await track(habitue, 'Cart Abandoned', 'ann', { value })
    world.advance(30 * minute)
    await track(habitue, 'Order Completed', 'ann', { order_id: 'o1', products: [{ product_id: 'p', quantity: 1 }] })
    world.advance(day)
    await habitue.engine.settle()
    expect(await tasks(habitue)).toEqual([])
    expect(await instances(habitue, 'second-abandonment')).toMatchObject([
      { phase: 'ended', reason: 'Order Completed' },
    ])
  })

  it('begins only where what should follow does not, and may begin again where it did', async () => {
    const world = simulatedWorld(3, start)
    const habitue = await run({}, { world })
    const source = `
trigger:
  event: Checkout Started
  without: { event: Order Completed }
  for: 1 hour
steps:
  - task: { priority: 1, reason: no order after the checkout }
`
    await put(habitue, 'no-order', source)
    const order = { order_id: 'o1', products: [{ product_id: 'p', quantity: 1 }] }
    await track(habitue, 'Checkout Started', 'ann', order)
    await track(habitue, 'Checkout Started', 'bob', order)
    world.advance(30 * minute)
    await track(habitue, 'Order Completed', 'ann', order)
    expect(await instances(habitue, 'no-order')).toMatchObject([{ customer: { id: 'bob' }, phase: 'waiting' }])
    world.advance(30 * minute)
    await habitue.engine.settle()
    expect((await tasks(habitue)).map(({ customer }) => customer.id)).toEqual(['bob'])
    await track(habitue, 'Checkout Started', 'ann', { ...order, order_id: 'o2' })
    world.advance(hour)
    await habitue.engine.settle()
    expect((await tasks(habitue)).map(({ customer }) => customer.id).sort()).toEqual(['ann', 'bob'])
  })

  it('begins when somebody comes into a segment, also by the passing of time, and each Thursday for all who are in it', async () => {
    const world = simulatedWorld(4, start)
    const habitue = await run({ timeZone: 'Europe/Berlin' }, { world })
    const condition = "customer.orders > 0 && olderThan(customer.lastOrder, '30d')"
    const made = await habitue.ask('PUT', '/v1/segments/quiet', { title: 'Quiet', condition })
    expect(made.status, JSON.stringify(made.body)).toBeLessThan(300)
    await habitue.engine.settle()
    const step = (reason: string) => `steps:\n  - task: { priority: 1, reason: ${reason} }\n`
    await put(habitue, 'gone-quiet', `trigger: { segment: quiet, change: entered }\n${step('gone quiet')}`)
    await put(habitue, 'thursday', `trigger: { every: thursday, at: "10:00", segment: quiet }\n${step('the letter')}`)
    const order = { order_id: 'o1', products: [{ product_id: 'p', quantity: 1, price: 5 }] }
    await track(habitue, 'Order Completed', 'ann', order)
    world.advance(29 * day)
    await habitue.engine.settle()
    expect(await tasks(habitue)).toEqual([])
    world.advance(2 * day)
    await habitue.engine.settle()
    expect((await tasks(habitue)).map(({ reason }) => reason)).toEqual(['gone quiet'])
    // Thursdays are the 9th and the 16th of April 2026.
    for (let days = 0; days < 15; days++) {
      world.advance(day)
      await habitue.engine.settle()
    }
    expect((await tasks(habitue)).map(({ reason }) => reason)).toEqual(['gone quiet', 'the letter', 'the letter'])
  })

  it('keeps the version that somebody entered with, until he is moved', async () => {
    const world = simulatedWorld(5, start)
    const habitue = await run({}, { world })
    const source = (reason: string, wait: string) =>
      `trigger: { event: Cart Abandoned }\nonce: event\nsteps:\n  - name: pause\n    wait: { for: ${wait} }\n  - task: { priority: 1, reason: ${reason} }\n`
    await habitue.ask('PUT', '/v1/journeys/versions', { source: source('first', '1 day'), confirm: true })
    await habitue.ask('POST', '/v1/journeys/versions/start', {})
    await track(habitue, 'Cart Abandoned', 'ann')
    await track(habitue, 'Cart Abandoned', 'bob')
    const put = await habitue.ask('PUT', '/v1/journeys/versions', { source: source('second', '2 days'), confirm: true })
    expect(put.body).toMatchObject({ version: 2 })
    await track(habitue, 'Cart Abandoned', 'eve')
    world.advance(day)
    await habitue.engine.settle()
    expect((await tasks(habitue)).map(({ reason }) => reason)).toEqual(['first', 'first'])
    await track(habitue, 'Cart Abandoned', 'zoe')
    const again = await habitue.ask('PUT', '/v1/journeys/versions', { source: source('third', '1 day'), confirm: true })
    expect(again.body).toMatchObject({ version: 3 })
    expect((await habitue.ask('POST', '/v1/journeys/versions/migrate', {})).body).toEqual({ moved: 2, stayed: 0 })
    world.advance(2 * day)
    await habitue.engine.settle()
    expect((await tasks(habitue)).map(({ reason }) => reason).sort()).toEqual(['first', 'first', 'third', 'third'])
  })

  it('holds everything while it is paused, and lets nobody in', async () => {
    const world = simulatedWorld(6, start)
    const habitue = await run({}, { world })
    await put(habitue, 'second-abandonment', secondAbandonment)
    for (const value of [2600, 2700]) await track(habitue, 'Cart Abandoned', 'ann', { value })
    await habitue.ask('POST', '/v1/journeys/second-abandonment/pause', {})
    for (const value of [2600, 2700]) await track(habitue, 'Cart Abandoned', 'bob', { value })
    world.advance(day)
    await habitue.engine.settle()
    expect(await tasks(habitue)).toEqual([])
    await habitue.ask('POST', '/v1/journeys/second-abandonment/resume', {})
    await habitue.engine.settle()
    expect((await tasks(habitue)).map(({ customer }) => customer.id)).toEqual(['ann'])
    await habitue.ask('POST', '/v1/journeys/second-abandonment/stop', {})
    expect(await instances(habitue, 'second-abandonment')).toMatchObject([
      { phase: 'ended', reason: 'stopped', due: null },
    ])
  })

  it('is put only on confirmation where it would enter everybody, and not at all where it goes round without a wait', async () => {
    const habitue = await run({}, { world: simulatedWorld(7, start) })
    const put = (source: string, confirm?: boolean) =>
      habitue.ask('PUT', '/v1/journeys/all', { source, ...(confirm === undefined ? {} : { confirm }) })
    const everybody = 'trigger: { every: thursday }\nsteps:\n  - end: done\n'
    expect(await put(everybody)).toMatchObject({ status: 409, body: { error: { code: 'journey_unconfirmed' } } })
    expect((await habitue.ask('GET', '/v1/journeys/all')).status).toBe(404)
    expect((await put(everybody, true)).status).toBe(200)
    const round = `trigger: { event: Go }\nsteps:\n  - name: again\n    task: { priority: 1, reason: x }\n    next: again\n`
    const refused = await put(round, true)
    expect(refused).toMatchObject({ status: 400, body: { error: { code: 'invalid_journey' } } })
    expect(refused.body.error.message).toMatch(/line \d+/)
    expect((await habitue.ask('GET', '/v1/journeys/all')).body.version).toBe(1)
  })

  it('lets imports and what comes late begin nothing', async () => {
    const world = simulatedWorld(7, start)
    const habitue = await run({}, { world })
    await put(habitue, 'second-abandonment', secondAbandonment)
    const at = (ms: number) => ({ timestamp: new Date(start - ms).toISOString() })
    await track(habitue, 'Cart Abandoned', 'ann', { value: 2600 }, at(10 * day))
    await track(habitue, 'Cart Abandoned', 'ann', { value: 2700 }, at(2 * day))
    expect(await instances(habitue, 'second-abandonment')).toEqual([])
    // What came late is remembered, and counts for what comes now.
    await track(habitue, 'Cart Abandoned', 'ann', { value: 2800 })
    expect(await instances(habitue, 'second-abandonment')).toHaveLength(1)
  })

  it('leaves the held out alone, and counts them', async () => {
    const world = simulatedWorld(8, start)
    const habitue = await run({}, { world })
    const source = `trigger: { event: Cart Abandoned }\nholdout: 0.5\nsteps:\n  - task: { priority: 1, reason: x }\n`
    await put(habitue, 'half', source)
    for (let n = 0; n < 40; n++) await track(habitue, 'Cart Abandoned', `c${n}`)
    const { counts } = (await habitue.ask('GET', '/v1/journeys/half')).body
    const of = (outcome: string, held: boolean) =>
      counts.find((one: { outcome: string; held: boolean }) => one.outcome === outcome && one.held === held)?.count ?? 0
    expect(of('entered', true) + of('entered', false)).toBe(40)
    expect(of('entered', true)).toBeGreaterThan(8)
    expect(of('suppressed', true)).toBe(of('entered', true))
    expect(await tasks(habitue)).toHaveLength(of('entered', false))
  })

  it('plays a definition over the recorded past: the same as if it had been there, and nothing is sent', async () => {
    const world = simulatedWorld(9, start)
    const habitue = await run({ messages: { caps: { 'email:service': '1/2' }, quietHours: '' } }, { world })
    const source = `
trigger: { event: Cart Abandoned, when: event.properties.value > 100 && customer.orders == 0, count: 2, within: 30 days }
purpose: service
once: event
exit: [{ event: Order Completed }]
steps:
  - wait: { for: 1 hour }
  - message: { channel: email, purpose: service, template: come-back }
  - wait: { for: 1 hour }
  - message: { channel: email, purpose: service, template: come-back }
`
    const put = await habitue.ask('PUT', '/v1/journeys/back', { source })
    expect(put.status, JSON.stringify(put.body)).toBe(200)
    for (const value of [200, 300]) await track(habitue, 'Cart Abandoned', 'ann', { value })
    for (const value of [200, 50, 300]) await track(habitue, 'Cart Abandoned', 'bob', { value })
    await track(habitue, 'Cart Abandoned', 'eve', { value: 200 })
    world.advance(30 * minute)
    const order = { order_id: 'o1', products: [{ product_id: 'p', quantity: 1, price: 5 }] }
    await track(habitue, 'Order Completed', 'bob', order)
    world.advance(day)
    for (const value of [200, 300]) await track(habitue, 'Cart Abandoned', 'bob', { value })
    world.advance(10 * day)
    const span = { from: new Date(start - day).toISOString() }
    const { status, body } = await habitue.ask('POST', '/v1/journeys/simulate', { id: 'back', ...span })
    expect(status, JSON.stringify(body)).toBe(200)
    expect(body).toMatchObject({ looked: 3, customers: 3, withheld: 0, entered: 2, held: 0 })
    const step = (outcome: string) => body.steps.filter((one: { outcome: string }) => one.outcome === outcome)
    expect(step('exited')).toMatchObject([{ reason: 'Order Completed', count: 1 }])
    // The second message had to wait for a day to pass since the first.
    expect(step('done')).toHaveLength(2)
    expect(step('later')).toMatchObject([{ step: 'message-2', reason: 'cap: 1 a day', count: 1 }])
    const sent = body.examples.filter((one: { outcome: string }) => one.outcome === 'done')
    expect(sent).toMatchObject([{ customer: { id: 'ann' } }, { customer: { id: 'ann' } }])
    expect(Date.parse(sent[1].time) - Date.parse(sent[0].time)).toBeGreaterThanOrEqual(day)
    expect(await instances(habitue, 'back')).toEqual([])
    const wrong = await habitue.ask('POST', '/v1/journeys/simulate', { id: 'nothing', ...span })
    expect(wrong.status).toBe(404)
  })

  it('plays with the cart and the clock that were, in slices, and ends when nobody waits for it', async () => {
    const world = simulatedWorld(19, start)
    const habitue = await run({ timeZone: 'UTC' }, { world })
    await habitue.ask('POST', '/v1/items', [{ id: 'lamp', title: 'Lamp', price: 300, currency: 'EUR' }])
    const identify = async (timezone: string) => {
      const batch = [{ type: 'identify', userId: 'ann', messageId: `m${++sent}`, traits: { timezone } }]
      await habitue.ask('POST', '/v1/batch', { batch })
    }
    const lamp = { product_id: 'lamp', quantity: 1, price: 300, currency: 'EUR' }
    await identify('America/New_York')
    await track(habitue, 'Product Added', 'ann', lamp)
    world.advance(minute)
    await track(habitue, 'Checkout Started', 'ann')
    world.advance(2 * day)
    await track(habitue, 'Product Removed', 'ann', lamp)
    await identify('Asia/Tokyo')
    world.advance(minute)
    await track(habitue, 'Checkout Started', 'ann')
    world.advance(day)
    const source = `
trigger: { event: Checkout Started, when: cart.total > 100 }
purpose: service
once: event
steps:
  - wait: { until: '09:00' }
  - task: { priority: 1, reason: x }
`
    const asked = { source, from: start - day, to: world.now(), most: 100 }
    const { entered, examples } = await habitue.engine.journeys.simulate(asked)
    expect(entered).toBe(1)
    // Nine in New York in March.
    const [{ time }] = examples.filter(({ outcome }) => outcome === 'done')
    expect(new Date(time).toISOString()).toBe('2026-03-02T14:00:00.000Z')
    const often = `
trigger: { event: Checkout Started }
purpose: service
confirm: true
steps:
  - name: again
    wait: { for: 1 minute }
  - branch: [{ when: cart.total < 1000000, next: again }]
`
    const gone = new AbortController()
    const playing = habitue.engine.journeys.simulate({ ...asked, source: often }, { gone: gone.signal })
    setImmediate(() => gone.abort(new Error('gone')))
    await expect(playing).rejects.toThrow('gone')

    const body = { source, from: new Date(asked.from).toISOString(), to: new Date(asked.to).toISOString() }
    const asLines = { accept: 'application/x-ndjson' }
    const whole = await habitue.ask('POST', '/v1/journeys/simulate', body)
    const lines = await habitue.ask('POST', '/v1/journeys/simulate', body, undefined, asLines)
    expect(lines).toMatchObject({ status: 200, body: { simulation: whole.body } })
    const wrong = await habitue.ask('POST', '/v1/journeys/simulate', { ...body, source: 'x' }, undefined, asLines)
    expect(wrong).toMatchObject({ status: 400, body: { error: { code: 'invalid_journey' } } })

    const simulate = vi.spyOn(habitue.engine.journeys, 'simulate')
    const app = await createApp(habitue.engine)
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const leaving = new AbortController()
    const answer = await fetch(`${url}/v1/journeys/simulate`, {
      method: 'POST',
      headers: {
        ...asLines,
        authorization: `Bearer ${await habitue.key('admin')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ source: often, from: body.from, to: new Date(start + 3650 * day).toISOString() }),
      signal: leaving.signal,
    })
    const { value } = (await answer.body?.getReader().read()) ?? {}
    expect(JSON.parse(Buffer.from(value ?? []).toString())).toEqual({ progress: { looked: 0, of: 1 } })
    leaving.abort()
    await expect(simulate.mock.results.at(-1)?.value).rejects.toMatchObject({ code: 'conflict' })
    await app.close()
  })

  it('calls another program, signed and under one key, until it answers', async () => {
    const calls: { key: unknown; body: { customer: unknown; event: { name: string }; cart: string } }[] = []
    const server = createServer((request, response) => {
      let text = ''
      request.on('data', (part) => {
        text += part
      })
      request.on('end', () => {
        calls.push({ key: request.headers['idempotency-key'], body: JSON.parse(text) })
        response.writeHead(calls.length < 3 ? 500 : 200).end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      const world = simulatedWorld(10, start)
      const habitue = await run({ messages: { webhookHosts: host } }, { world })
      const steps = (url: string) =>
        `steps:\n  - webhook: { url: "${url}", body: { cart: "= event.properties.cart_id" } }\n`
      await put(habitue, 'crm', `trigger: { event: Cart Abandoned }\n${steps(`http://${host}/hook`)}`)
      await put(habitue, 'inward', `trigger: { event: Cart Abandoned }\n${steps('https://10.0.0.1/hook')}`)
      await track(habitue, 'Cart Abandoned', 'ann', { cart_id: 'c7' })
      expect(calls).toHaveLength(1)
      expect(await instances(habitue, 'inward')).toMatchObject([
        { phase: 'failed', reason: expect.stringContaining('private') },
      ])
      for (let tries = 0; tries < 8; tries++) {
        world.advance(20 * minute)
        await habitue.engine.settle()
      }
      expect(calls).toHaveLength(3)
      expect(new Set(calls.map(({ key }) => key)).size).toBe(1)
      expect(JSON.stringify(calls[2].body)).toMatch(/"ann".*"cart":"c7"/)
      expect(await instances(habitue, 'crm')).toMatchObject([{ phase: 'ended' }])
    } finally {
      server.close()
    }
  })

  it('says whether it helps: against those held out, when their days are over', async () => {
    const world = simulatedWorld(11, start)
    const habitue = await run({}, { world })
    await habitue.ask('POST', '/v1/items', { items: [{ id: 'p', title: 'P', price: 10, cost: 4 }] })
    const before = await habitue.ask('PUT', '/v1/journeys/helps', {
      source: 'trigger: { event: Cart Abandoned }\nholdout: 0.5\npurpose: service\nsteps:\n  - end: done\n',
    })
    expect(before.status).toBe(200)
    const occasion = 'trigger:\n  occasion: any\n  lead: 30 days\nsteps:\n  - end: told\n'
    const refused = await habitue.ask('PUT', '/v1/journeys/early', { source: occasion })
    expect([refused.status, refused.body.error.message]).toEqual([
      400,
      expect.stringMatching(/line 3.*14 days before it \(moments\.occasionLeadDays\)/),
    ])
    const none = (await habitue.ask('GET', '/v1/journeys/helps/report')).body
    expect(none).toMatchObject({ sentence: 'Nobody has entered yet.', difference: null })
    expect(none.detectable).toHaveLength(8)
    await habitue.ask('POST', '/v1/journeys/helps/start', {})
    const people = Array.from({ length: 200 }, (_, n) => `c${n}`)
    const event = (name: string, userId: string, properties: object) => {
      return { type: 'track', event: name, userId, messageId: `m${++sent}`, properties }
    }
    await habitue.ask('POST', '/v1/batch', { batch: people.map((who) => event('Cart Abandoned', who, {})) })
    await habitue.engine.settle()
    const { instances: all } = (await habitue.ask('GET', '/v1/journeys/helps/instances?limit=1000')).body
    world.advance(day)
    // Whoever was treated orders; of the others every third.
    const buyers = all.filter((one: { held: boolean }, n: number) => !one.held || n % 3 === 0)
    const order = (id: string) => ({ order_id: `o-${id}`, products: [{ product_id: 'p', quantity: 1, price: 10 }] })
    const orders = buyers.map((one: { customer: { id: string } }) =>
      event('Order Completed', one.customer.id, order(one.customer.id)),
    )
    for (let n = 0; n < orders.length; n += 100)
      await habitue.ask('POST', '/v1/batch', { batch: orders.slice(n, n + 100) })
    const early = (await habitue.ask('GET', '/v1/journeys/helps/report')).body
    expect(early.sentence).toMatch(/too few of them are over/)
    world.advance(30 * day)
    const { body, status } = await habitue.ask('GET', '/v1/journeys/helps/report')
    expect(status, JSON.stringify(body)).toBe(200)
    expect(body.treated.judged + body.held.judged).toBe(200)
    expect(body.treated).toMatchObject({ orders: 1, margin: 6 })
    expect(body.difference.orders.low).toBeGreaterThan(0.2)
    expect(body.difference.orders.high).toBeGreaterThan(0.6)
    expect(body.sentence).toMatch(/^It helps: 100\.0 orders for 100 customers against/)
  })

  it('says of all journeys whether they help, against who gets none of them, and of each what it said and why not', async () => {
    const world = simulatedWorld(14, start)
    const calm = { holdout: 0.5, caps: { 'on-site:marketing': '1/1' }, quietHours: '' }
    const habitue = await run({ messages: calm }, { world })
    await habitue.ask('POST', '/v1/items', { items: [{ id: 'p', title: 'P', price: 10, cost: 4 }] })
    await habitue.ask('PUT', '/v1/templates/hello', { channel: 'on-site', title: 'Hello', body: 'x' })
    const message = 'message: { channel: on-site, purpose: marketing, template: hello }'
    const source = (event: string) => `title: ${event}\ntrigger: { event: ${event} }\nsteps:\n  - ${message}\n`
    await put(habitue, 'first', source('Signed Up'))
    await put(habitue, 'second', source('Cart Abandoned'))
    await put(habitue, 'ours', 'trigger: { event: Signed Up }\npurpose: service\nsteps:\n  - end: x\n')
    const people = Array.from({ length: 160 }, (_, n) => `c${n}`)
    const send = async (event: string, who: readonly string[], properties: (id: string) => object) => {
      const batch = who.map((userId) => {
        return { type: 'track', event, userId, messageId: `m${++sent}`, properties: properties(userId) }
      })
      for (let n = 0; n < batch.length; n += 100)
        await habitue.ask('POST', '/v1/batch', { batch: batch.slice(n, n + 100) })
      await habitue.engine.settle()
    }
    await send('Consent Withdrawn', people.slice(150), () => ({ purpose: 'marketing', channel: 'on-site' }))
    await send('Signed Up', people, () => ({}))
    const heldOut = (one: { held: boolean }) => one.held
    const { instances: all } = (await habitue.ask('GET', '/v1/journeys/first/instances?limit=1000')).body
    const idOf = (one: { customer: { id: string } }) => one.customer.id
    const held: string[] = all.filter(heldOut).map(idOf)
    const treated: string[] = people.filter((who) => !held.includes(who))
    expect([treated.length > 40, held.length > 40]).toEqual([true, true])
    world.advance(day)
    await send('Order Completed', treated, (id) => ({
      order_id: `o-${id}`,
      products: [{ product_id: 'p', quantity: 1, price: 10 }],
    }))
    world.advance(20 * day)
    // What they enter later judges nobody anew.
    await send('Cart Abandoned', people, () => ({}))
    world.advance(10 * day)
    const { body, status } = await habitue.ask('GET', '/v1/journeys/report')
    expect(status, JSON.stringify(body)).toBe(200)
    expect([body.treated, body.held]).toMatchObject([
      { customers: treated.length, judged: treated.length, orders: 1, margin: 6 },
      { customers: held.length, judged: held.length, orders: 0 },
    ])
    expect(body.difference.orders.low).toBeGreaterThan(0.2)
    expect(body.sentence).toMatch(/^It helps: 100\.0 orders for 100 customers against 0\.0/)
    const [first, ours, second] = body.journeys
    expect([first.id, ours.id, second.id]).toEqual(['first', 'ours', 'second'])
    const refusing = treated.filter((who) => people.indexOf(who) >= 150).length
    const said = { entered: treated.length, sent: treated.length - refusing }
    expect(first.reach).toMatchObject({
      ...said,
      suppressed: refusing > 0 ? [{ reason: expect.stringContaining('consent'), count: refusing }] : [],
    })
    expect(body.reach).toMatchObject({ sent: 2 * said.sent, entered: 2 * said.entered + people.length })
    expect(second.sentence).toMatch(/too few of them are over/)
    expect((await habitue.ask('GET', '/v1/journeys/first/report')).body.reach).toEqual(first.reach)
  })
})
