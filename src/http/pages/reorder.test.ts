/** The page to order again, over an engine by rote: what it shows, and what it lets nobody do. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nothing, type Offer, type ReorderPage, wordOf } from '../../engine-api.ts'
import { type Bench, bench } from '../testing.ts'

const choice = { price: 5200, currency: 'EUR', arrives: '2027-04-27', isSame: true, reason: null }
const offer: Offer = {
  occasion: "Mother's Day",
  recipient: '<b>Mum</b>',
  date: '2027-05-09',
  lastGiven: '2026-05-01',
  repeats: 'f1',
  lines: [
    { item: 'r', title: 'Roses', quantity: 2, choices: [{ ...choice, item: 'r', title: 'Roses' }] },
    {
      ...{ item: 'v', title: 'Vase "<i>"', quantity: 1 },
      choices: [
        {
          ...choice,
          item: 'w',
          title: 'Jug',
          arrives: null,
          isSame: false,
          reason: { kind: 'instead', because: [{ id: 'v', title: '<i>' }] },
        },
      ],
    },
  ],
  address: { id: 'f1', masked: 'M. R., Ga… 12' },
  payment: { id: 'f2', label: '"><script>' },
}

let shop: Bench
let ordered: (readonly (string | null)[])[]
let page: ReorderPage
beforeEach(async () => {
  shop = await bench()
  ordered = []
  page = { state: 'open', language: null, offer }
  Object.assign(shop.engine, {
    reorders: {
      page: async () => page,
      order: async (_: string, words: readonly (string | null)[]) => {
        ordered.push(words.slice(0, 2))
        return words[0] === wordOf(offer, offer.lines[0].choices[0]) ? 'ordered' : 'changed'
      },
    },
  })
})
afterEach(() => shop.app.close())

const get = (lang = 'en') => shop.app.inject({ method: 'GET', url: `/reorder/link?lang=${lang}` })
const post = (form: Record<string, string>, headers: Record<string, string> = {}) =>
  shop.app.inject({
    method: 'POST',
    url: '/reorder/link?lang=en',
    payload: new URLSearchParams(form).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  })

describe('the page to order again', () => {
  it('shows each line with what it costs, lets it be left out, and has no script', async () => {
    const { statusCode, body, headers } = await get()
    expect(statusCode).toBe(200)
    expect(body).toContain('2 × Roses')
    expect(body).toContain('€52.00 each')
    expect(body).toContain('Vase &quot;&lt;i&gt;&quot; cannot be had at the moment. This comes close:')
    expect(body).toContain('How long the delivery takes is not known here.')
    expect(body.match(/value="nothing"/g)).toHaveLength(2)
    expect(body).not.toMatch(/<script|<b>|<i>/)
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/)
    expect(headers['cache-control']).toBe('no-store')
    expect(body).toContain('>Instead of &lt;i&gt;<')
    const german = (await get('de')).body
    expect(german).toContain('Zahlungspflichtig bestellen')
    expect(german).toContain('>Anstelle von &lt;i&gt;<')
    expect(german).not.toMatch(/Instead|lang="en">[^E]/)
  })

  it('orders what was chosen, from its own site alone, and not often in a short time', async () => {
    const first = wordOf(offer, offer.lines[0].choices[0])
    const wanted = { 'line-0': first, 'line-1': nothing }
    expect((await post(wanted, { 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403)
    expect(ordered).toEqual([])
    const done = await post(wanted, { 'sec-fetch-site': 'same-origin' })
    expect([done.statusCode, done.headers.location]).toEqual([303, '?lang=en'])
    expect(ordered).toEqual([[first, nothing]])
    const changed = await post({ 'line-0': 'x' })
    expect([changed.statusCode, changed.body.includes('nothing was ordered')]).toEqual([409, true])
    for (let n = 0; n < 8; n++) await post({})
    expect((await post(wanted)).statusCode).toBe(429)
    expect(ordered).toHaveLength(10)
  })

  it('has no button where nothing is left, or nobody knows where to', async () => {
    const isButton = async () => /<button class="now">/.test((await get()).body)
    expect(await isButton()).toBe(true)
    page = { state: 'open', language: null, offer: { ...offer, address: null } }
    expect(await isButton()).toBe(false)
    const gone = offer.lines.map((line) => ({ ...line, choices: [] }))
    page = { state: 'open', language: null, offer: { ...offer, lines: gone } }
    expect(await isButton()).toBe(false)
    page = { state: 'ordered', language: 'de' }
    expect((await shop.app.inject({ url: '/reorder/link' })).body).toContain('Danke, es ist bestellt')
    for (const state of ['unknown', 'closed', 'expired'] as const) {
      page = { state, language: null }
      const { statusCode, body } = await post({ 'line-0': 'x' })
      expect([statusCode >= 400, body.includes('This offer is over')]).toEqual([true, true])
    }
    expect(ordered).toEqual([])
  })
})
