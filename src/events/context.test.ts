import { describe, expect, it } from 'vitest'
import { addressOf, classOf, reduceContext, searchOf, withoutNetwork } from './context.ts'

describe('context', () => {
  it('keeps what helps and nothing that names or locates a person', () => {
    const userAgent = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148'
    expect(
      reduceContext({
        ip: '203.0.113.7',
        userAgent,
        userAgentData: { mobile: true },
        library: { name: 'analytics.js', version: '2' },
        device: { id: 'abc', advertisingId: 'def', type: 'ios' },
        location: { city: 'Trier', country: 'DE', latitude: 49.75, longitude: 6.64 },
        network: { carrier: 'x' },
        locale: 'de',
        weather: 'rain',
        page: {
          url: 'https://u:p@shop.example/a?q=tea&email=a%40b.c&token=1#x',
          path: '/a',
          search: '?q=tea',
          title: '',
        },
        campaign: { source: 'mail', secret: 1 },
        traits: { email: 'a@b.c' },
        decisionId: 'd1',
        empty: '',
      }),
    ).toEqual({
      library: 'analytics.js',
      location: { city: 'Trier', country: 'DE' },
      locale: 'de',
      weather: 'rain',
      page: { path: '/a', url: 'https://shop.example/a?q=tea' },
      campaign: { source: 'mail' },
      decisionId: 'd1',
      device: 'mobile',
    })
  })

  it('keeps no address of the network and no user agent, however they are spelled and wherever they stand', () => {
    const context = {
      client_ip: '203.0.113.7',
      'X-Forwarded-For': '203.0.113.7',
      user_agent: 'Phone',
      zip: '54290',
      tip: 2,
    }
    expect(reduceContext(context)).toEqual({ zip: '54290', tip: 2 })
    const properties = {
      browser_ip: '203.0.113.7',
      shipped: true,
      lines: [{ id: 1 }],
      client: { IPv4: '203.0.113.7', userAgent: 'Phone', name: 'A' },
    }
    expect(withoutNetwork(properties)).toEqual({ shipped: true, lines: [{ id: 1 }], client: { name: 'A' } })
    const plain = { lines: [{ id: 1 }], vip: true }
    expect(withoutNetwork(plain)).toBe(plain)
  })

  it('survives what is not an object where one belongs', () => {
    expect(reduceContext({ page: 'x', library: ['y'], device: 5, campaign: null, constructor: { a: 1 } })).toEqual({
      page: 'x',
      device: 5,
    })
  })

  it.each([
    ['https://shop.example/a/b?page=2&sessionid=9&utm_source=x', 'https://shop.example/a/b?page=2&utm_source=x'],
    ['https://shop.example/users/una@shop.example/orders', 'https://shop.example/users/-/orders'],
    ['/a?q=una@shop.example', '/a'],
    ['mailto:una@shop.example', '-'],
  ])('reduces the address %j', (given, kept) => expect(addressOf(given)).toBe(kept))

  it('reduces a search', () => {
    expect(searchOf('?q=tea&customer=7')).toBe('?q=tea')
    expect(searchOf('?customer=7')).toBeUndefined()
  })

  it.each([
    ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'bot'],
    ['Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36', 'mobile'],
    ['Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15', 'tablet'],
    ['Mozilla/5.0 (Linux; Android 14; SM-X910) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36', 'tablet'],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36', 'desktop'],
    ['node-fetch/1.0', 'server'],
    ['?', 'other'],
  ])('knows %j as %s', (userAgent, device) => expect(classOf(userAgent)).toBe(device))
})
