/** Journeys from the definition over HTTP to what they do, in simulated time, on both engines. */
import { expect, it } from 'vitest'
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
})
