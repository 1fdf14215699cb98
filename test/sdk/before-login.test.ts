/** The page of docs/before-login.md in a real browser: what it writes to the device, and what becomes of the visitor. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import chromium from '@sparticuz/chromium'
import { type Browser, type Page, chromium as playwright } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PageServer, rudderStack, standalone } from './browser.ts'
import { openShop, type Shop } from './shop.ts'

/** A name of several levels: on `localhost` the SDK would not look for the domain that may have its cookies. */
const host = 'www.tea-shop.test'

let shop: Shop
let pages: PageServer
let browser: Browser
beforeAll(async () => {
  pages = await serveExample()
  shop = await openShop({ config: { legalBasis: null }, origins: [pages.origin] })
  await shop.ask('POST', '/v1/items', { body: ['tea-1', 'tea-2'].map((id) => ({ id, title: id })) })
  const args = ['--no-sandbox', '--disable-gpu', `--host-resolver-rules=MAP ${host} 127.0.0.1`]
  browser = await playwright.launch({ args, executablePath: await chromium.executablePath(), headless: true })
}, 60_000)
afterAll(async () => {
  await browser.close()
  await shop.close()
  await pages.close()
})

/** An example as it stands in the documentation, with the key and the server of this test: 0 = Segment, 1 = RudderStack. */
function example(which: number): string {
  const blocks = [...readFileSync('docs/before-login.md', 'utf8').matchAll(/```html\n([\s\S]*?)```/g)]
  return blocks[which][1]
    .replace('hbp_...', shop.keys.publishable)
    .replace('https://habitue.shop.example', shop.url)
    .replace('/your/copy/of/standalone.js', '/analytics.js')
    .replace('/your/copy/of/rudder.mjs', '/rudder.mjs')
}

async function serveExample(): Promise<PageServer> {
  const script = standalone()
  const rudder = rudderStack()
  const server = createServer((request, response) => {
    const type = request.url?.endsWith('js') ? 'text/javascript' : 'text/html; charset=utf-8'
    response.setHeader('content-type', type)
    if (request.url === '/analytics.js') response.end(script)
    else if (request.url === '/rudder.mjs') response.end(rudder)
    else response.end(`<!doctype html><title>A shop</title>${example(request.url === '/rudder' ? 1 : 0)}`)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  return {
    origin: `http://${host}:${port}`,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
}

/** In the page, before its scripts: notes every attempt to write, also of what is taken back at once. */
const watching = `
  window.written = []
  const cookie = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie')
  Object.defineProperty(document, 'cookie', {
    get() { return cookie.get.call(document) },
    set(text) { window.written.push('cookie ' + text); cookie.set.call(document, text) },
  })
  const { setItem } = Storage.prototype
  Storage.prototype.setItem = function (name, value) {
    window.written.push((this === sessionStorage ? 'sessionStorage ' : 'localStorage ') + name)
    return setItem.call(this, name, value)
  }
  const { open } = IDBFactory.prototype
  IDBFactory.prototype.open = function (...given) {
    window.written.push('indexedDB ' + given[0])
    return open.apply(this, given)
  }
`

/** Whatever lies on the device for this page. */
async function kept(page: Page) {
  const stored = (await page.evaluate(`indexedDB.databases().then((databases) => ({
    local: Object.keys(localStorage).sort(),
    session: Object.keys(sessionStorage),
    databases: databases.map(({ name }) => name),
  }))`)) as Record<'local' | 'session' | 'databases', string[]>
  return { ...stored, cookies: (await page.context().cookies()).map(({ name }) => name) }
}
const nothing = { local: [], session: [], databases: [], cookies: [] }

async function arrive(page: Page): Promise<string> {
  await page.goto(pages.origin)
  await page.waitForFunction('typeof window.analytics.user === "function"')
  return (await page.evaluate('window.analytics.user().anonymousId()')) as string
}

const call = (page: Page, method: string, ...args: unknown[]) =>
  page.evaluate(`window.analytics[${JSON.stringify(method)}](...${JSON.stringify(args)}).then(() => {})`)

async function recent(anonymousId: string): Promise<string[]> {
  const { body } = await shop.ask('POST', '/v1/recommendations', { body: { anonymousId, placement: 'recent' } })
  return body.placements.recent.items.map(({ id }: { id: string }) => id)
}

describe('the page of docs/before-login.md', () => {
  it('writes nothing to the device before the click, and shapes the session all the same', async () => {
    const context = await browser.newContext()
    await context.addInitScript(watching)
    const page = await context.newPage()
    // A campaign in the address is what the SDK would keep in a cookie.
    const visitor = await arrive(page)
    await page.goto(`${pages.origin}/?utm_source=mail&gclid=1`)
    await page.waitForFunction('typeof window.analytics.user === "function"')
    const id = (await page.evaluate('window.analytics.user().anonymousId()')) as string
    expect(id).not.toBe(visitor)
    await call(page, 'page', 'Tea')
    await call(page, 'identify', { favourite: 'green' })
    await call(page, 'track', 'Product Viewed', { product_id: 'tea-1' })
    await expect.poll(() => recent(id)).toEqual(['tea-1'])
    expect(await page.evaluate('window.written')).toEqual([])
    expect(await kept(page)).toEqual(nothing)
    expect((await shop.ask('GET', `/v1/customers/${id}?kind=anonymous`)).status).toBe(404)
    await context.close()
  })

  it('after the click the same visitor is remembered, on this page and the next', async () => {
    const context = await browser.newContext()
    await context.addInitScript(watching)
    const page = await context.newPage()
    const id = await arrive(page)
    await call(page, 'track', 'Product Viewed', { product_id: 'tea-1' })
    await expect.poll(() => recent(id)).toEqual(['tea-1'])
    await page.click('#remember')
    await expect.poll(async () => (await kept(page)).local).toEqual(['ajs_anonymous_id', 'remembered'])
    await call(page, 'track', 'Product Viewed', { product_id: 'tea-2' })
    await expect
      .poll(async () => (await shop.timeline(id, 'anonymous')).map(({ name }) => name))
      .toEqual(['Consent Given', 'Product Viewed'])
    expect(await arrive(page)).toBe(id)
    await call(page, 'track', 'Product Clicked', { product_id: 'tea-2' })
    await expect.poll(async () => (await shop.timeline(id, 'anonymous')).length).toBe(3)
    expect((await kept(page)).cookies).toContain('ajs_anonymous_id')
    // What it writes is noticed, also what it takes back at once.
    expect(await page.evaluate('window.written')).toEqual(
      expect.arrayContaining([
        expect.stringContaining('cookie __tld__'),
        expect.stringContaining('cookie ajs_anonymous_id'),
      ]),
    )
    await context.close()
  })

  it('with RudderStack, loads nothing and writes nothing before the click, and goes on under the same id', async () => {
    const context = await browser.newContext()
    await context.addInitScript(watching)
    const page = await context.newPage()
    const asked: string[] = []
    const origins: string[] = []
    const ids: string[] = []
    page.on('request', (request) => {
      const { pathname, origin } = new URL(request.url())
      asked.push(pathname)
      origins.push(origin)
      if (request.method() === 'POST') ids.push(JSON.parse(request.postData() ?? '{}').anonymousId)
    })
    await page.goto(`${pages.origin}/rudder`)
    const send = (event: string, item: string) =>
      page.evaluate(`Promise.resolve(window.send('${event}', { product_id: '${item}' })).then(() => {})`)
    await send('Product Viewed', 'tea-1')
    const [id] = ids
    await expect.poll(() => recent(id)).toEqual(['tea-1'])
    expect(await page.evaluate('window.written')).toEqual([])
    expect(await kept(page)).toEqual(nothing)
    expect(asked).not.toContain('/rudder.mjs')

    const track = (event: string, item: string) =>
      page.evaluate(`void window.send('${event}', { product_id: '${item}' })`)
    const remembered = async () => (await shop.timeline(id, 'anonymous')).map(({ name }) => name)
    await page.click('#remember')
    await page.waitForFunction('window.rudderanalytics !== undefined')
    await track('Product Viewed', 'tea-2')
    await expect.poll(remembered, { timeout: 20_000 }).toEqual(['Consent Given', 'Product Viewed'])
    // The SDK itself sent it, and it is heard of what it writes.
    expect(await page.evaluate('window.written')).toEqual(
      expect.arrayContaining([expect.stringContaining('rl_anonymous_id')]),
    )

    await page.reload()
    await page.waitForFunction('window.rudderanalytics !== undefined')
    await track('Product Clicked', 'tea-2')
    await expect.poll(remembered, { timeout: 20_000 }).toEqual(['Consent Given', 'Product Viewed', 'Product Clicked'])
    expect(new Set(ids)).toEqual(new Set([id]))
    expect(new Set(origins)).toEqual(new Set([pages.origin, new URL(shop.url).origin]))
    await context.close()
  })
})
