/** Tasks for people of the shop, from the event that opens one to the event that tells what came of it. On both engines. */
import { expect, it } from 'vitest'
import { createApp } from '../src/http/app.ts'
import { simulatedWorld } from '../src/world.ts'
import { startMailServer } from './messages/mail-server.ts'
import { forEachRunning, type Reply, type Running } from './running.ts'

const hour = 3_600_000

const track = (user: string, event: string, messageId: string, properties: object = {}, more: object = {}) => ({
  type: 'track',
  event,
  userId: user,
  messageId,
  properties,
  ...more,
})

async function send(habitue: Running, ...batch: object[]): Promise<void> {
  const { status, body } = await habitue.ask('POST', '/v1/batch', { batch })
  expect([status, body.refused]).toEqual([200, undefined])
}

const waiting = async (habitue: Running, query = '') => (await habitue.ask('GET', `/v1/tasks${query}`)).body.tasks

type Person = (method: 'GET' | 'POST', url: string, body?: object) => Promise<Reply>

/** Somebody of the shop who is signed in. */
async function person(habitue: Running, role: string, name: string): Promise<{ id: string; ask: Person }> {
  const email = `${name}@shop.example`
  const { body: added } = await habitue.ask('POST', '/v1/people', { name, email, role })
  const app = await createApp(habitue.engine)
  const payload = { email, password: added.password }
  const signedIn = await app.inject({ method: 'POST', url: '/v1/session', payload })
  const cookie = String(signedIn.headers['set-cookie']).split(';')[0]
  const headers = { cookie, 'x-habitue-csrf': signedIn.json().csrf }
  return {
    id: added.person.id,
    async ask(method, url, body) {
      const json = body ? { payload: body } : {}
      const answer = await app.inject({ method, url, headers, ...json })
      return { status: answer.statusCode, body: answer.json() }
    },
  }
}

forEachRunning((_engine, run) => {
  it('a complaint becomes a task that one person takes, notes and resolves, and the outcome is an event', async () => {
    const world = simulatedWorld(5)
    const habitue = await run({ passwordCost: 10 }, { world })
    const complaint = { complaint_id: 'c1', text: 'The cup came broken.', order_id: '1001' }
    await send(habitue, track('ada', 'Complaint Received', 'm1', complaint))
    await send(habitue, track('ada', 'Complaint Received', 'm2', complaint))
    const [task, ...others] = await waiting(habitue)
    expect(others).toEqual([])
    expect(task).toMatchObject({
      customer: { kind: 'user', id: 'ada' },
      reason: 'complaint',
      note: 'The cup came broken.',
      data: { complaint: 'c1', order: '1001' },
      state: 'open',
      origin: 'trigger:complaint',
    })
    const ann = await person(habitue, 'agent', 'ann')
    const bob = await person(habitue, 'agent', 'bob')
    const url = `/v1/tasks/${task.id}`
    const claims = await Promise.all([ann, bob].map(({ ask }) => ask('POST', `${url}/claim`, {})))
    expect(claims.map(({ status }) => status).sort()).toEqual([200, 409])
    const [winner, loser] = claims[0].status === 200 ? [ann, bob] : [bob, ann]
    expect(claims.find(({ status }) => status === 409)?.body.error.code).toBe('conflict')
    expect((await loser.ask('POST', `${url}/release`, {})).status).toBe(409)
    expect((await loser.ask('POST', `${url}/resolve`, { outcome: 'done' })).status).toBe(409)
    expect((await winner.ask('POST', `${url}/release`, {})).body).toMatchObject({ state: 'open', owner: null })
    expect((await loser.ask('POST', `${url}/claim`, {})).body.owner).toBe(`person:${loser.id}`)
    await loser.ask('POST', `${url}/notes`, { text: 'She wants a new one.' })
    world.advance(hour)
    const resolved = await loser.ask('POST', `${url}/resolve`, {
      outcome: 'put right',
      note: 'Sent anew.',
      settles: true,
    })
    expect(resolved.body).toMatchObject({ state: 'resolved', outcome: 'put right' })
    expect(resolved.body.notes.map(({ text }: { text: string }) => text)).toEqual([
      'She wants a new one.',
      'Sent anew.',
    ])
    expect((await loser.ask('POST', `${url}/resolve`, { outcome: 'done' })).status).toBe(409)
    expect(await waiting(habitue)).toEqual([])
    expect(await waiting(habitue, '?state=resolved')).toHaveLength(1)

    const { events } = (await habitue.ask('GET', '/v1/customers/ada/timeline')).body
    const told = events.find(({ name }: { name: string }) => name === 'Task Resolved')
    expect(told.body.properties).toMatchObject({ reason: 'complaint', outcome: 'put right', note: 'Sent anew.' })
    expect((await habitue.ask('GET', '/v1/customers/ada')).body.attention).toEqual([])
    const audit = (await habitue.ask('GET', '/v1/audit?customer=ada&action=tasks.write')).body.entries
    expect(new Set(audit.map(({ actorName }: { actorName: string }) => actorName))).toEqual(new Set(['ann', 'bob']))
  })

  it('hands over who asks for a person, whose payment fails again, and whose large cart is left', async () => {
    const world = simulatedWorld(6)
    const habitue = await run({ tasks: { highValue: 500 } }, { world })
    await send(habitue, track('bea', 'Human Requested', 'm1', { text: 'Please call me.' }))
    await send(habitue, track('cy', 'Payment Failed', 'm2', { order_id: '7', reason: 'declined' }))
    expect((await waiting(habitue)).map(({ reason }: { reason: string }) => reason)).toEqual(['asks for a person'])
    world.advance(20 * 24 * hour)
    await send(habitue, track('cy', 'Payment Failed', 'm3', { order_id: '7' }))
    expect(await waiting(habitue)).toHaveLength(1)
    world.advance(hour)
    // The third is told twice, and a fourth comes while the task waits.
    await send(habitue, track('cy', 'Payment Failed', 'm4', { order_id: '8' }))
    await send(habitue, track('cy', 'Payment Failed', 'm4', { order_id: '8' }))
    await send(habitue, track('cy', 'Payment Failed', 'm5', { order_id: '8' }))
    await send(habitue, track('dan', 'Cart Abandoned', 'm6', { cart_id: 'k', value: 499 }))
    await send(habitue, track('dan', 'Cart Abandoned', 'm7', { cart_id: 'k', value: '2600.50' }))
    const found = (await waiting(habitue)).map((one: { reason: string; customer: { id: string } }) => [
      one.customer.id,
      one.reason,
    ])
    expect(found).toEqual([
      ['bea', 'asks for a person'],
      ['cy', 'payment failed again'],
      ['dan', 'high value at risk'],
    ])
  })

  it('tells whoever has the task of a complaint that it was settled elsewhere', async () => {
    const habitue = await run({}, { world: simulatedWorld(10) })
    await send(habitue, track('ada', 'Complaint Received', 'm1', { complaint_id: 'c', text: 'Broken.' }))
    await send(habitue, track('ada', 'Complaint Resolved', 'm2', { complaint_id: 'c', resolution: 'Sent anew.' }))
    await send(habitue, track('ada', 'Complaint Resolved', 'm3', { complaint_id: 'other' }))
    const [task] = await waiting(habitue)
    expect(task.notes).toMatchObject([{ author: 'engine', text: 'The complaint was settled elsewhere: Sent anew.' }])
  })

  it('imports, old news and rules that are switched off open nothing', async () => {
    const world = simulatedWorld(7)
    const habitue = await run({ tasks: { triggers: { personRequested: false } } }, { world })
    await habitue.ask('POST', '/v1/import', {
      batch: [track('ada', 'Complaint Received', 'm1', { complaint_id: 'c' })],
    })
    const timestamp = new Date(world.now() - 80 * hour).toISOString()
    await send(habitue, track('ada', 'Complaint Received', 'm2', { complaint_id: 'd' }, { timestamp }))
    await send(habitue, track('ada', 'Person Requested', 'm3'))
    expect(await waiting(habitue)).toEqual([])
  })

  it('is opened over the API once for each key, in order of priority, due time and age, page by page', async () => {
    const world = simulatedWorld(8)
    const habitue = await run({}, { world })
    await send(habitue, track('ada', 'Product Viewed', 'm1', { product_id: 'x' }))
    const open = (body: object) => habitue.ask('POST', '/v1/tasks', { customer: 'ada', reason: 'call back', ...body })
    expect((await open({ key: 'k', note: 'first' })).status).toBe(201)
    expect(await open({ key: 'k', note: 'second' })).toMatchObject({ status: 200, body: { note: 'first' } })
    await open({ key: 'soon', due: '2025-01-02T00:00:00Z' })
    await open({ key: 'urgent', priority: 20, queue: 'sales' })
    await open({ key: 'later', due: '2025-02-02T00:00:00Z' })
    const keys: string[] = []
    for (let after = ''; ; ) {
      const { body } = await habitue.ask('GET', `/v1/tasks?limit=3${after}`)
      keys.push(...body.tasks.map(({ key }: { key: string }) => key))
      if (body.next === null) break
      after = `&after=${encodeURIComponent(body.next)}`
    }
    expect(keys).toEqual(['urgent', 'soon', 'later', 'k'])
    expect((await waiting(habitue, '?queue=sales')).map(({ key }: { key: string }) => key)).toEqual(['urgent'])

    expect((await habitue.ask('GET', '/v1/doctor')).body.tasks).toEqual({ waiting: 4, overdue: 0 })
    world.advance(3 * 24 * hour)
    const { tasks: counted, findings } = (await habitue.ask('GET', '/v1/doctor')).body
    expect(counted).toEqual({ waiting: 4, overdue: 1 })
    expect(JSON.stringify(findings)).toContain('1 of the 4 tasks')
    for (const [body, field] of [
      [{ queue: 'No Such!' }, 'queue'],
      [{ priority: 5000 }, 'priority'],
      [{ due: 'tomorrow' }, 'due'],
    ] as const)
      expect((await open(body)).body.error).toMatchObject({ code: 'invalid_body', details: { field } })
    expect((await open({ note: 'my card is 4111 1111 1111 1111' })).body.error.code).toBe('card_number')
    expect((await open({ customer: 'nobody' })).status).toBe(404)
    expect((await habitue.ask('GET', '/v1/tasks?after=x')).body.error.code).toBe('invalid_option')
    expect((await habitue.ask('POST', '/v1/tasks/999/claim', {})).status).toBe(404)
  })

  it('follows its customer through merges, is in his export, and goes with him', async () => {
    const habitue = await run()
    await send(habitue, {
      type: 'track',
      event: 'Person Requested',
      anonymousId: 'browser',
      messageId: 'm1',
      properties: { text: 'Hello?' },
    })
    expect((await waiting(habitue))[0].customer).toEqual({ kind: 'anonymous', id: 'browser' })
    await send(habitue, { type: 'identify', userId: 'zoe', anonymousId: 'browser', messageId: 'm2', traits: {} })
    const [task] = await waiting(habitue)
    expect(task.customer).toEqual({ kind: 'user', id: 'zoe' })
    await habitue.ask('POST', `/v1/tasks/${task.id}/notes`, { text: 'Called, nobody there.' })
    expect((await habitue.ask('GET', '/v1/customers/zoe/tasks')).body.tasks).toHaveLength(1)
    const exported = JSON.stringify((await habitue.ask('GET', '/v1/customers/zoe/export')).body)
    expect(exported).toContain('Hello?')
    expect(exported).toContain('Called, nobody there.')
    await habitue.ask('POST', '/v1/customers/zoe/erase', {})
    expect(await waiting(habitue)).toEqual([])
    expect((await habitue.ask('GET', `/v1/tasks/${task.id}`)).status).toBe(404)
  })

  it('shows nothing of whom consent does not reach, and goes where it came from taste that is refused', async () => {
    const bases = { service: 'consent', personalisation: 'consent' } as const
    const habitue = await run({ legalBasis: null, consent: { bases } })
    const answer = (answers: object) => habitue.ask('PUT', '/v1/customers/ada/consent', { answers })
    await answer({ service: 'granted', personalisation: 'granted' })
    await send(habitue, track('ada', 'Person Requested', 'm1', { text: 'Secret words' }))
    await send(habitue, track('ada', 'Cart Abandoned', 'm2', { value: 5000 }))
    expect(await waiting(habitue)).toHaveLength(2)
    await answer({ personalisation: 'denied' })
    expect((await waiting(habitue)).map(({ reason }: { reason: string }) => reason)).toEqual(['asks for a person'])
    await answer({ service: 'denied' })
    expect(await waiting(habitue)).toMatchObject([{ customer: null, note: '', data: {} }])
    const refused = await habitue.ask('POST', '/v1/tasks', { customer: 'ada', reason: 'call back' })
    expect(refused.body.error.code).toBe('consent_refused')
  })

  it('reaches the person to whom the customer belongs: by one mail with the way to his page, and among his own', async () => {
    const mail = await startMailServer()
    const messages = {
      smtpUrl: mail.url,
      from: 'Shop <hello@shop.example>',
      legalName: 'Shop',
      postalAddress: 'Dublin',
    }
    const page = { frameAncestors: '', url: 'https://shop.example/habitue' }
    const world = simulatedWorld(9)
    const habitue = await run({ passwordCost: 10, messages, page, timeZone: 'UTC' }, { world, automatic: false })
    const ann = await person(habitue, 'agent', 'ann')
    const bob = await person(habitue, 'agent', 'bob')
    await send(habitue, track('ada', 'Product Viewed', 'm0', { product_id: 'x' }))
    expect((await habitue.ask('PUT', '/v1/customers/ada/owner', { person: ann.id })).status).toBeLessThan(300)
    await send(
      habitue,
      track('ada', 'Complaint Received', 'm1', { text: 'It <leaks>.' }),
      track('zoe', 'Person Requested', 'm2'),
    )
    await habitue.engine.settle()
    await habitue.engine.settle()
    expect(mail.received.map(({ to }) => to)).toEqual(['ann@shop.example'])
    const { subject, text } = mail.received[0].mail
    expect(subject).toBe('Task: complaint')
    expect(text).toContain('It <leaks>.')
    expect(text).toContain('https://shop.example/habitue/desk/customers/ada?kind=user')
    const mine = async (who: typeof ann) => (await who.ask('GET', '/v1/tasks?owner=me')).body.tasks
    expect((await mine(ann)).map(({ reason, meant }: { reason: string; meant: string }) => [reason, meant])).toEqual([
      ['complaint', `person:${ann.id}`],
    ])
    const [{ id }] = await mine(ann)
    // Whoever has time may take it.
    expect((await bob.ask('POST', `/v1/tasks/${id}/claim`, {})).status).toBe(200)
    expect([await mine(ann), (await mine(bob)).length]).toEqual([[], 1])

    // A call back that was promised: when its time comes, whoever has it is reminded, once, and it goes before what may wait.
    const due = new Date(world.now() + 2 * hour).toISOString()
    const call = await habitue.ask('POST', '/v1/tasks', { customer: 'ada', reason: 'call back', due })
    await bob.ask('POST', `/v1/tasks/${call.body.id}/claim`, {})
    await habitue.engine.settle()
    const before = mail.received.length
    world.advance(2 * hour - 1)
    await habitue.engine.settle()
    expect(mail.received).toHaveLength(before)
    expect(call.body.priority).toBe(0)
    for (let n = 0; n < 2; n++) {
      world.advance(1)
      await habitue.engine.settle()
    }
    const reminders = mail.received.slice(before)
    expect(reminders.map(({ to, mail: { subject } }) => [to, subject])).toEqual([
      ['bob@shop.example', 'Due now: call back'],
    ])
    expect((await habitue.ask('GET', `/v1/tasks/${call.body.id}`)).body.priority).toBe(20)
    await mail.close()
  })
})
