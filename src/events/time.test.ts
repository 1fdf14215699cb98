import { describe, expect, it } from 'vitest'
import { eventTime } from './time.ts'

const at = (text: string) => Date.parse(text)
const received = at('2026-03-01T12:00:00Z')

describe('the time of an event', () => {
  it('is laid before our clock where the sender says when he sent it', () => {
    const message = { originalTimestamp: '2026-03-01T09:00:00Z' }
    expect(eventTime(message, at('2026-03-01T09:00:05Z'), received)).toBe(received - 5000)
  })

  it('is what the shop told, where the moment of the call is told as well', () => {
    const message = { timestamp: '2026-02-01T08:00:00Z', originalTimestamp: '2026-03-01T12:00:00Z' }
    expect(eventTime(message, at('2026-03-01T12:00:01Z'), received)).toBe(at('2026-02-01T08:00:00Z'))
  })

  it('is the arrival where nothing is told', () => {
    expect(eventTime({}, null, received)).toBe(received)
  })
})
