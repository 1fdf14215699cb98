import { describe, expect, it } from 'vitest'
import type { AdmittedEvent } from '../events/event.ts'
import { briefOf } from './brief.ts'
import type { FactView } from './fact-view.ts'
import { troublesOf } from './troubles.ts'

const day = 86_400_000
const now = Date.UTC(2026, 5, 20, 12)
const event = (name: string, ago: number, properties: object = {}) =>
  ({ name, time: now - ago * day, properties, messageId: `${name}${ago}` }) as AdmittedEvent
const kinds = (...events: AdmittedEvent[]) => troublesOf(events, now).map(({ kind, order }) => `${kind} ${order}`)

describe('what is wrong with orders', () => {
  it('is late from the day after it was promised until it is delivered, cancelled or taken back', () => {
    const placed = (promised: string) => event('Order Completed', 9, { order_id: '1', delivery_date: promised })
    expect(kinds(placed('2026-06-20'))).toEqual([])
    expect(kinds(placed('2026-06-18'))).toEqual(['late 1'])
    expect(kinds(placed('2026-06-18'), event('Order Delivered', 1, { order_id: '1' }))).toEqual([])
    expect(kinds(placed('2026-06-18'), event('Order Cancelled', 1, { order_id: '1' }))).toEqual([])
    expect(
      kinds(placed('2026-06-18'), event('Delivery Delayed', 3, { order_id: '1', delivery_date: '2026-06-25' })),
    ).toEqual(['late 1'])
    expect(kinds(event('Delivery Failed', 2, { order_id: '1' }))).toEqual(['delivery-failed 1'])
    expect(kinds(placed('2025-06-18'))).toEqual([])
  })

  it('a payment that failed is forgotten when one went through, and a return after two months', () => {
    expect(kinds(event('Payment Failed', 2, { order_id: '2' }))).toEqual(['payment-failed 2'])
    expect(kinds(event('Payment Failed', 2), event('Order Completed', 1, { order_id: '3' }))).toEqual([])
    expect(kinds(event('Payment Failed', 20))).toEqual([])
    expect(kinds(event('Product Returned', 59, { order_id: '4' }))).toEqual(['returned 4'])
    expect(kinds(event('Product Returned', 61, { order_id: '4' }))).toEqual([])
  })
})

describe('what may be said', () => {
  it('names what was told, speaks in general of what was seen, and keeps guesses and what is sensitive back', () => {
    const fact = (kind: string, provenance: string, value: unknown = 'likes', subject = 'x') =>
      ({ kind, provenance, value, subject }) as FactView
    const brief = briefOf(
      [
        fact('preference', 'told'),
        fact('interest', 'observed'),
        fact('usual', 'inferred'),
        fact('diet', 'told'),
        fact('preference', 'told', 'likes', 'category:Pregnancy'),
        fact('preference', 'told', 'never'),
        fact('note', 'told'),
        fact('payment', 'told'),
      ],
      (subject) => subject === 'category:Pregnancy',
    )
    const shown = Object.fromEntries(
      Object.entries(brief).map(([name, list]: [string, readonly FactView[]]) => [name, list.map(({ kind }) => kind)]),
    )
    expect(shown).toEqual({
      named: ['preference'],
      general: ['interest'],
      guesses: ['usual'],
      sensitive: ['diet', 'preference'],
      refused: ['preference'],
    })
  })
})
