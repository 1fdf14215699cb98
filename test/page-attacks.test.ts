/** What must not be done with a customer's page, asked over HTTP; and the page of a visitor. */
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { frameAncestors } from '../src/http/pages/headers.ts'
import { liveLife, openPageShop, type PageShop } from './page-shop.ts'
import { freshPostgres } from './sdk/shop.ts'

let shop: PageShop

const get = async (url: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(url, { headers, redirect: 'manual' })
  return { status: answer.status, headers: answer.headers, html: await answer.text() }
}
const wordOf = (html: string) => /name="form" value="([\w-]+)"/.exec(html)?.[1] ?? ''
const post = async (url: string, fields: Record<string, string>, headers: Record<string, string> = {}) => {
  const body = new URLSearchParams(fields)
  const answer = await fetch(url, { method: 'POST', body, headers, redirect: 'manual' })
  const place = new URL(answer.headers.get('location') ?? '?', url).searchParams
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
  return {
    status: answer.status,
    done: place.get('done'),
    failed: place.get('failed'),
    cookie,
    html: await answer.text(),
  }
}
const everything = async (user: string) => (await shop.ask('GET', `/v1/customers/${user}/memory`)).body
const events = async (user: string) => (await shop.timeline(user)).length

describe.each(['sqlite', 'postgres'])('a customer’s page, on %s', (name) => {
  beforeAll(async () => {
    shop = await openPageShop(name === 'postgres' ? { databaseUrl: await freshPostgres(inject('postgresUrl')) } : {})
    await liveLife(shop, 'ada')
    return () => shop.close()
  }, 60_000)

  it('comes with a policy that lets nothing in, in no frame, in no cache, and to no index', async () => {
    const { status, headers } = await get(await shop.link('ada'))
    expect(status).toBe(200)
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain("form-action 'self'")
    expect(policy).not.toContain('script-src')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('may be framed by the origins that the shop lists, and by no other', async () => {
    const framed = await openPageShop({
      page: { frameAncestors: 'https://shop.example https://*.shop.example', url: null },
    })
    const { headers } = await get(await framed.link('zoe'))
    expect(headers.get('content-security-policy')).toContain(
      'frame-ancestors https://shop.example https://*.shop.example;',
    )
    expect(headers.get('x-frame-options')).toBe(null)
    await framed.close()
    const odd = "https://shop.example; script-src 'unsafe-inline'"
    expect(() => frameAncestors({ page: { frameAncestors: odd, url: null } })).toThrow('expected origins')
  })

  it('is closed when its link is taken back, and other links stay open', async () => {
    const made = async () => (await shop.ask('POST', '/v1/customers/ada/page-link', { body: {} })).body
    const [one, two] = [await made(), await made()]
    const form = wordOf((await get(one.url)).html)
    expect((await shop.ask('DELETE', `/v1/page-links/${one.id}`)).status).toBe(204)
    expect((await shop.ask('DELETE', `/v1/page-links/${'0'.repeat(64)}`)).status).toBe(204)
    expect((await get(one.url)).status).toBe(404)
    const before = await events('ada')
    expect((await post(one.url, { form, do: 'tell-quirk', text: 'too late' })).status).toBe(404)
    expect(await events('ada')).toBe(before)
    expect((await get(two.url)).status).toBe(200)
  })

  it('takes no flood of forms, whichever of a customer’s links they come by', async () => {
    const known = { type: 'identify', userId: 'flo', messageId: 'flo', traits: { name: 'Flo' } }
    await shop.ask('POST', '/v1/batch', { body: { batch: [known] } })
    const urls = [await shop.link('flo'), await shop.link('flo')]
    const words = await Promise.all(urls.map(async (url) => wordOf((await get(url)).html)))
    const answers = []
    for (let n = 0; n < 75; n++) {
      const fields = { form: words[n % 2], do: 'tell-quirk', text: `words ${n}` }
      answers.push(await post(urls[n % 2], fields))
    }
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(3)
    expect(refused[0].html).toContain('wait a moment')
    const told = (await everything('flo')).memory.taste.filter(({ kind }: { kind: string }) => kind === 'quirk')
    expect(told).toHaveLength(75 - refused.length)
    // Looking is free, and nobody else waits.
    expect((await get(urls[0])).status).toBe(200)
    const other = await shop.link('ada')
    const form = wordOf((await get(other)).html)
    expect((await post(other, { form, do: 'tell-quirk', text: 'in peace' })).done).toBe('tell')
  }, 60_000)

  it('changes nothing when it is looked at, whatever the address says', async () => {
    const url = await shop.link('ada')
    const [memory, before] = [await everything('ada'), await events('ada')]
    for (const query of [
      '',
      '?do=erase&sure=yes',
      '?do=deny&purpose=personalisation',
      '?done=erase',
      '?failed=x&lang=xx',
    ])
      expect((await get(url + query)).status).toBe(200)
    expect([await everything('ada'), await events('ada')]).toEqual([memory, before])
  })

  it('obeys no form without its own word, and none from another site', async () => {
    const [url, other] = [await shop.link('ada'), await shop.link('ada')]
    const form = wordOf((await get(url)).html)
    const before = await events('ada')
    const deny = { do: 'deny', purpose: 'personalisation' }
    for (const word of ['', 'x', wordOf((await get(other)).html)])
      expect((await post(url, { ...deny, form: word })).status).toBe(403)
    for (const site of ['cross-site', 'same-site'])
      expect((await post(url, { ...deny, form }, { 'sec-fetch-site': site })).status).toBe(403)
    expect(await events('ada')).toBe(before)
    expect(await post(url, { ...deny, form })).toMatchObject({ status: 303, done: 'consent' })
    await post(url, { do: 'grant', purpose: 'personalisation', form })
  })

  it('opens with no link that was changed, is over, or was made for something else', async () => {
    const url = await shop.link('ada')
    const base = url.slice(0, url.lastIndexOf('/') + 1)
    for (const odd of [
      `${url}x`,
      `${url.slice(0, -3)}abc`,
      `${base}x`,
      base + shop.token('ada'),
      base + shop.keys.server,
    ]) {
      const { status, html } = await get(odd)
      expect([status, html.includes('Ada')]).toEqual([404, false])
    }
    const key = { authorization: `Bearer ${url.slice(base.length)}` }
    expect((await fetch(`${shop.url}/v1/customers/ada`, { headers: key })).status).toBe(401)
    // Somebody of whom nothing is known has a page like anybody else's: nobody learns who is a customer.
    expect((await get(await shop.link('nobody-at-all'))).status).toBe(200)
    for (const kind of ['publishable'] as const)
      expect((await shop.ask('POST', '/v1/customers/ada/page-link', { key: shop.keys[kind], body: {} })).status).toBe(
        403,
      )
  })

  it('neither exports, erases, nor touches what is hidden, before the code', async () => {
    await liveLife(shop, 'bob')
    const url = await shop.link('bob')
    const form = wordOf((await get(url)).html)
    const { people } = (await everything('bob')).memory
    const fact = people.find(({ kind }: { kind: string }) => kind === 'address').id
    const closed: Record<string, string>[] = [
      { do: 'export-json' },
      { do: 'export-html' },
      { do: 'erase', sure: 'yes' },
      { do: 'delete', fact },
      { do: 'correct', fact, city: 'Elsewhere' },
    ]
    for (const fields of closed)
      expect(await post(url, { ...fields, form })).toMatchObject({ status: 303, failed: 'code_required' })
    expect((await everything('bob')).memory.people).toEqual(people)

    expect(await post(url, { do: 'ask-code', form })).toMatchObject({ done: 'ask-code' })
    expect(await post(url, { do: 'prove', code: 'abcdef', form })).toMatchObject({ failed: 'code_wrong', cookie: '' })
    const code = await shop.code('bob@mail.example')
    const another = await shop.link('bob')
    const word = wordOf((await get(another)).html)
    expect(await post(another, { do: 'prove', code, form: word })).toMatchObject({ failed: 'code_wrong', cookie: '' })
    const { done, cookie } = await post(url, { do: 'prove', code: `${code.slice(0, 3)} ${code.slice(3)}`, form })
    expect(done).toBe('prove')
    // The cookie is good for its link alone.
    expect((await get(another, { cookie })).html).not.toContain('Elm Lane')
    expect((await get(url, { cookie })).html).toContain('Elm Lane')
    expect(await post(url, { do: 'correct', fact, city: 'Elsewhere', form }, { cookie })).toMatchObject({
      done: 'correct',
    })
    expect((await get(url, { cookie })).html).toContain('Elsewhere')
  })

  it('lets nobody touch what is another customer’s', async () => {
    await liveLife(shop, 'cleo')
    const { taste } = (await everything('cleo')).memory
    const url = await shop.link('ada')
    const form = wordOf((await get(url)).html)
    expect(await post(url, { do: 'delete', fact: taste[0].id, form })).toMatchObject({ failed: 'not_found' })
    for (const act of ['toString', '__proto__', 'constructor', 'remove', ''])
      expect(await post(url, { do: act, form })).toMatchObject({ status: 303, failed: 'other' })
    expect(await post(url, { do: 'tell-quirk', text: '4111 1111 1111 1111', form })).toMatchObject({
      failed: 'card_number',
    })
    expect((await everything('cleo')).memory.taste).toEqual(taste)
  })

  it('says no to who has no known address, and names the shop', async () => {
    await shop.ask('POST', '/v1/track', {
      body: { event: 'Product Viewed', userId: 'mute', properties: { product_id: 'tea' } },
    })
    const url = await shop.link('mute')
    const { html } = await get(url)
    expect(html).toContain('Please ask the shop')
    expect(await post(url, { do: 'ask-code', form: wordOf(html) })).toMatchObject({ failed: 'conflict' })
  })

  it('shows a visitor nothing where a customer was logged in before', async () => {
    await shop.ask('POST', '/v1/identify', { body: { userId: 'ada', anonymousId: 'shared', traits: {} } })
    const url = await shop.link('shared', { kind: 'anonymous' })
    const { status, html } = await get(url)
    expect([status, html.includes('Ada'), html.includes('Please log in')]).toEqual([403, false, true])
    expect((await post(url, { do: 'erase', sure: 'yes', form: 'x' })).status).toBe(403)
    expect((await shop.ask('GET', '/v1/customers/ada')).status).toBe(200)
  })
})

it('says so where the service itself waits for his consent', async () => {
  const asking = await openPageShop({ legalBasis: 'consent' })
  const { html } = await get(await asking.link('una'))
  expect(html).toContain('Without your agreement')
  await asking.close()
})

describe('a visitor’s page', () => {
  it('shows what this visit holds, forgets it, and keeps off', async () => {
    const strict = await openPageShop({ legalBasis: null })
    const view = (anonymousId: string) =>
      strict.ask('POST', '/v1/track', {
        body: { event: 'Product Viewed', anonymousId, properties: { product_id: 'cup' } },
      })
    expect((await view('v1')).body).toMatchObject({ remembered: 'session' })
    const url = await strict.link('v1', { kind: 'anonymous' })
    const { html } = await get(url)
    expect(html).toContain('One thing that you did on this visit')
    expect(html).toContain('A cup')
    const form = wordOf(html)
    expect(await post(url, { do: 'end-visit', form })).toMatchObject({ done: 'delete' })
    expect((await get(url)).html).not.toContain('A cup')
    await view('v1')
    expect(await post(url, { do: 'keep-off', form })).toMatchObject({ done: 'consent' })
    expect((await get(url)).html).not.toContain('A cup')
    expect((await view('v1')).body.refused).toMatchObject([{ code: 'consent_refused' }])
    // His refusal is all that is stored of him, and he may take that back too.
    const erased = await post(url, { do: 'erase', sure: 'yes', form })
    expect([erased.status, erased.html.includes('You are forgotten')]).toEqual([200, true])
    await strict.close()
  })
})
