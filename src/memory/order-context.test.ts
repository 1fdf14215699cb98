import { describe, expect, it } from 'vitest'
import { orderContext } from './order-context.ts'

describe('the context of an order', () => {
  it('is what a preference may depend on, and nothing that tells who', () => {
    const context = {
      timezone: 'Europe/Berlin',
      device: 'mobile',
      locale: 'de-DE',
      location: { city: 'Bonn', country: 'DE' },
      weather: { temperature: 3.5, condition: 'rain', 'bad name!': 1, nothing: null },
      page: { path: '/checkout' },
      userAgentClass: 'x',
    }
    expect(orderContext(context)).toEqual({
      timezone: 'Europe/Berlin',
      device: 'mobile',
      place: 'Bonn',
      temperature: 3.5,
      condition: 'rain',
    })
    expect(orderContext({ weather: 'snow' })).toEqual({ weather: 'snow' })
    expect(orderContext({ locale: 'de-DE', weather: { temperature: Number.NaN } })).toBeNull()
  })
})
