import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from './browser.ts'
import { freePort, openShop, type Shop } from './shop.ts'

const folder = join(import.meta.dirname, '../../examples/shop/page')

let shop: Shop
let browser: Browser
beforeAll(async () => {
  const port = await freePort()
  const demo = (writeKey: string) => ({ writeKey, folder })
  shop = await openShop({ port, origins: [`http://127.0.0.1:${port}`], demo })
  const items = Array.from({ length: 12 }, (_, i) => ({
    id: `i${i}`,
    title: `Tea number ${i}`,
    price: 5 + i,
    currency: 'EUR',
    categories: ['Groceries'],
  }))
  expect((await shop.ask('POST', '/v1/items', { body: items })).body.refused).toEqual([])
  const batch = items.flatMap(({ id }, i) =>
    Array.from({ length: 12 - i }, (_, buyer) => ({
      type: 'track',
      userId: `buyer-${buyer}`,
      event: 'Order Completed',
      properties: { order_id: `${id}-${buyer}`, products: [{ product_id: id, quantity: 1 }] },
    })),
  )
  expect((await shop.ask('POST', '/v1/batch', { body: { batch } })).body).toEqual({ success: true })
  // What is popular is counted once a minute, and after a rebuild.
  expect((await shop.ask('POST', '/v1/rebuild', { key: shop.keys.admin })).status).toBe(200)
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await shop.close()
})

describe('the demo’s page', () => {
  it('comes with its key and host filled in, and with analytics.js, from this server alone', async () => {
    const page = await (await fetch(`${shop.url}/demo`)).text()
    expect(page).toContain(shop.keys.publishable)
    expect(page).not.toMatch(/\{\{\w+\}\}/)
    for (const [, address] of page.matchAll(/src="([^"]+)"/g)) {
      const answer = await fetch(shop.url + address)
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8'])
    }
  })

  it('shows a shelf, remembers a click at once, and asks nobody else', async () => {
    const page = await browser.newPage()
    const asked = new Set<string>()
    const broken: string[] = []
    page.on('request', (request) => asked.add(new URL(request.url()).origin))
    page.on('pageerror', (error) => broken.push(error.message))
    await page.goto(`${shop.url}/demo`)
    await page.waitForSelector('#shelf li button')
    await page.click('#shelf li:nth-child(2) button')
    await page.waitForSelector('#looking:not([hidden])')
    const title = await page.textContent('#item-title')
    await page.waitForFunction('document.getElementById("status").textContent.startsWith("Chosen after")')
    expect(await page.locator('#home li').count()).toBeGreaterThan(0)
    const visitor = String(await page.evaluate('window.analytics.user().anonymousId()'))
    const [view] = await shop.timeline(visitor, 'anonymous')
    expect([view.name, view.body.properties?.name]).toEqual(['Product Viewed', title])

    await page.click('#refuse')
    await page.waitForFunction('document.getElementById("status").textContent.includes("not shown to you again")')
    expect(await page.locator('#home li .title').allTextContents()).not.toContain(title)
    expect([...asked].filter((origin) => origin !== 'null')).toEqual([shop.url])
    expect(broken).toEqual([])
    await page.close()
  })

  it('is not there in a shop that is no demo', async () => {
    const plain = await openShop()
    expect((await fetch(`${plain.url}/demo`)).status).toBe(404)
    await plain.close()
  })
})
