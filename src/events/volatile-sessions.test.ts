import { describe, expect, it } from 'vitest'
import { seededRandom, simulatedWorld } from '../world.ts'
import type { IncomingEvent } from './event.ts'
import { VolatileSessions } from './volatile-sessions.ts'

const event = (messageId: string, body = '{}'): IncomingEvent => ({
  messageId,
  type: 'track',
  name: 'Product Viewed',
  time: 0,
  userId: null,
  anonymousId: 'visitor',
  identifiers: [],
  previousId: null,
  products: [],
  body,
})
const page = { source: 'page', trust: 'claimed' } as const
const ids = (sessions: VolatileSessions, visitor: string) =>
  sessions.of(visitor)?.events.map(({ event: { messageId } }) => messageId) ?? null

describe('sessions before log-in', () => {
  it('hold each event once, of each source', () => {
    const sessions = new VolatileSessions(simulatedWorld(1))
    for (const id of ['a', 'b', 'a']) sessions.add('x', event(id), page)
    sessions.add('x', event('a'), { source: 'server', trust: 'verified' })
    expect(ids(sessions, 'x')).toEqual(['a', 'b', 'a'])
    expect(ids(sessions, 'y')).toBeNull()
    sessions.forget('x')
    expect([ids(sessions, 'x'), sessions.size]).toEqual([null, 0])
  })

  it('end after half an hour without an event, also where nobody asks for them', () => {
    const world = simulatedWorld(1)
    const sessions = new VolatileSessions(world)
    sessions.add('early', event('a'), page)
    world.advance(20 * 60_000)
    sessions.add('late', event('a'), page)
    world.advance(10 * 60_000)
    sessions.sweep()
    expect(sessions.size).toBe(1)
    expect([ids(sessions, 'early'), ids(sessions, 'late')]).toEqual([null, ['a']])
  })

  it('keep the latest events, and the sessions that were last at work', () => {
    const sessions = new VolatileSessions(simulatedWorld(1), { sessions: 2, events: 3 })
    for (const id of ['a', 'b', 'c', 'd']) sessions.add('x', event(id), page)
    expect(ids(sessions, 'x')).toEqual(['b', 'c', 'd'])
    sessions.add('y', event('a'), page)
    sessions.add('x', event('e'), page)
    sessions.add('z', event('a'), page)
    expect([ids(sessions, 'x'), ids(sessions, 'y'), ids(sessions, 'z')]).toEqual([['c', 'd', 'e'], null, ['a']])
  })

  it('stay within their memory, whatever is sent and whoever leaves', () => {
    const world = simulatedWorld(5)
    const random = seededRandom(5)
    const sessions = new VolatileSessions(world, { bytes: 40_000, sessions: 1000, events: 5 })
    const names = Array.from({ length: 60 }, (_, i) => `v${i}`)
    for (let step = 0; step < 4000; step++) {
      const visitor = names[Math.floor(random() * names.length)]
      if (random() < 0.02) sessions.forget(visitor)
      else sessions.add(visitor, event(`${step}`, 'x'.repeat(Math.floor(random() * 2000))), page)
      world.advance(Math.floor(random() * 60_000))
    }
    const text = names.flatMap((name) => sessions.of(name)?.events.map((one) => one.event.body.length) ?? [])
    expect(text.reduce((sum, length) => sum + length, 0)).toBeLessThan(40_000)
    expect(sessions.size).toBeGreaterThan(3)
    for (const name of names) sessions.forget(name)
    // Nothing is counted that is no longer held: there is room for as many again.
    for (const name of names.slice(0, 30)) sessions.add(name, event('a'), page)
    expect(sessions.size).toBe(30)
  })
})
