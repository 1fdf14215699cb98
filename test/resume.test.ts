/** After a restore what is overdue waits, until somebody says whether it is to be done or passed over. */
import { expect, it } from 'vitest'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const start = Date.UTC(2026, 2, 2, 8)
const hour = 3_600_000

const followUp = `
title: A task an hour after a complaint, and another a day later
trigger: { event: Complaint Received }
purpose: service
steps:
  - wait: { for: 1 hour }
  - task: { priority: 10, reason: first call }
  - wait: { for: 1 day }
  - task: { priority: 10, reason: second call }
`

let sent = 0
async function complain(habitue: Running, userId: string): Promise<void> {
  const message = {
    type: 'track',
    event: 'Complaint Received',
    userId,
    messageId: `c${++sent}`,
    properties: { complaint_id: `${sent}` },
  }
  expect((await habitue.ask('POST', '/v1/batch', { batch: [message] })).status).toBe(200)
  await habitue.engine.settle()
}

async function calls(habitue: Running): Promise<string[]> {
  const { body } = await habitue.ask('GET', '/v1/tasks')
  const own = body.tasks.filter(({ origin }: { origin: string }) => origin.startsWith('journey:'))
  return own.map((one: { reason: string; customer: { id: string } }) => `${one.reason} ${one.customer.id}`).sort()
}

forEachRunning((_engine, run) => {
  it.each(['send', 'skip'] as const)('goes on with --%s', async (overdue) => {
    const world = simulatedWorld(1, start)
    const habitue = await run({}, { world, automatic: false })
    await habitue.ask('PUT', '/v1/journeys/calls', { source: followUp })
    expect((await habitue.ask('POST', '/v1/journeys/calls/start', {})).status).toBe(200)
    await complain(habitue, 'ann')
    // Her call is due, and may have been made before the restore; Bo complains while all waits, and is heard.
    world.advance(1.5 * hour)
    await habitue.engine.holding.hold()
    world.advance(hour / 2)
    await habitue.engine.settle()
    await complain(habitue, 'bo')
    expect(await calls(habitue)).toEqual([])
    const { body: doctor } = await habitue.ask('GET', '/v1/doctor')
    expect(JSON.stringify(doctor)).toContain('habitue resume')

    const { status, body } = await habitue.ask('POST', '/v1/resume', { overdue })
    expect(status).toBe(200)
    expect(body.skipped).toEqual(
      overdue === 'send' ? {} : expect.objectContaining({ journey_instances: 1, journey_inbox: 0 }),
    )
    await habitue.engine.settle()
    expect(await calls(habitue)).toEqual(overdue === 'send' ? ['first call ann'] : [])
    // What comes from now on is done as ever.
    await complain(habitue, 'cy')
    world.advance(hour + 1)
    await habitue.engine.settle()
    const later = await calls(habitue)
    expect(later).toContain('first call cy')
    expect(later).toContain('first call bo')
    world.advance(25 * hour)
    await habitue.engine.settle()
    const last = await calls(habitue)
    expect(last.filter((call) => call.endsWith('ann'))).toEqual(
      overdue === 'send' ? ['first call ann', 'second call ann'] : [],
    )
    expect((await habitue.ask('POST', '/v1/resume', { overdue })).body.error.code).toBe('conflict')
  })
})
