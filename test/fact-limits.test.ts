/** As many facts as anybody has, and no more: a clear error for who tells one by one, and the oldest go for who sends events. */
import { expect, it } from 'vitest'
import { forEachRunning } from './running.ts'

const told = (userId: string, n: number) => ({
  type: 'track',
  event: 'Fact Told',
  userId,
  messageId: `${userId} ${n}`,
  timestamp: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
  properties: { kind: 'quirk', value: `quirk number ${n}` },
})

forEachRunning((_engine, run) => {
  it('ends at a thousand by the API, at two thousand by events, and others have theirs', async () => {
    const habitue = await run()
    const numbers = Array.from({ length: 2200 }, (_, n) => n)
    // The later half first: which are kept hangs on their times alone.
    for (const part of [numbers.slice(1100), numbers.slice(0, 1100)])
      for (let at = 0; at < part.length; at += 500) {
        const batch = part.slice(at, at + 500).map((n) => told('loop', n))
        expect((await habitue.ask('POST', '/v1/batch', { batch })).body).toEqual({ success: true })
      }
    const { body } = await habitue.ask('GET', '/v1/customers/loop/memory')
    const quirks = body.memory.taste.map(({ value }: { value: string }) => value)
    expect(quirks).toHaveLength(2000)
    expect(quirks).toContain('quirk number 2199')
    expect(quirks).toContain('quirk number 200')
    expect(quirks).not.toContain('quirk number 199')
    const { body: timeline } = await habitue.ask('GET', '/v1/customers/loop/timeline?limit=200&before=1767225700000.1')
    expect(JSON.stringify(timeline)).not.toContain('quirk number 42')
    expect((await habitue.ask('POST', '/v1/rebuild')).body.changed).toEqual([])

    const tell = (who: string) =>
      habitue.ask('POST', `/v1/customers/${who}/facts`, { kind: 'quirk', value: 'one more' })
    const full = await tell('loop')
    expect([full.status, full.body.error.code]).toEqual([409, 'too_many_facts'])
    expect(full.body.error.details).toMatchObject({ facts: 2000, most: 1000 })
    expect((await tell('other')).status).toBe(201)
    await habitue.ask('POST', '/v1/batch', { batch: numbers.slice(0, 999).map((n) => told('nearly', n)) })
    expect([(await tell('nearly')).status, (await tell('nearly')).status]).toEqual([201, 409])
  }, 60_000)
})
