/** The customer's own page, as he lives it in a real browser, and what must not be done with it. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faults } from './accessibility.ts'
import { liveLife, openPageShop, type PageShop, phoneOf, proveAddress } from './page-shop.ts'
import { launchBrowser } from './sdk/browser.ts'

let shop: PageShop
let browser: Browser
beforeAll(async () => {
  shop = await openPageShop()
  browser = await launchBrowser()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await shop?.close()
})

/** A page without scripts, as every visitor may have it. */
async function visit(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled: false, locale: 'en-GB', ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(8000)
  await page.goto(url)
  return page
}

const card = (page: Page, text: string) => page.getByRole('listitem').filter({ hasText: text })
const facts = async (user: string): Promise<{ kind: string; subject?: string; value: unknown; channel: string }[]> =>
  (await shop.ask('GET', `/v1/customers/${user}/facts`)).body.facts

describe('the customer’s page', () => {
  it('says in plain words what is remembered, where it comes from, and which of it is a guess', async () => {
    await liveLife(shop, 'ada')
    const page = await visit(await shop.link('ada'))
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('Ada')
    await card(page, 'You like Tea').getByText('You told us').first().waitFor()
    await card(page, 'Your usual drink is').getByText('Our guess').waitFor()
    await card(page, 'You buy Green tea').first().getByText('We saw it').waitFor()
    expect(await card(page, 'Your usual drink is').textContent()).toContain('(below 8 °C)')
    expect(await page.getByText('Legal basis: our legitimate interest').count()).toBeGreaterThan(2)
    // Words of customers and titles of items are text and nothing else.
    expect(await page.locator('script, b').count()).toBe(0)
    await page.context().close()
  })

  it('shows no people, addresses, payment and no way to reach him before the code, and all of it after', async () => {
    await liveLife(shop, 'bea')
    const url = await shop.link('bea')
    const page = await visit(url)
    const secrets = ['Zoe', 'Elm Lane', 'Visa', 'bea@mail.example', phoneOf('bea'), 'tok_secret']
    for (const secret of secrets) expect(await page.content()).not.toContain(secret)
    await page.getByText('statements are shown after you enter a code').waitFor()
    expect(await page.getByRole('button', { name: /Download|Forget me/ }).count()).toBe(0)

    await proveAddress(shop, page, 'bea@mail.example')
    await page.getByRole('status').getByText('Everything is open now').waitFor()
    const open = await page.content()
    for (const secret of secrets.slice(0, 5)) expect(open).toContain(secret)
    expect(open).not.toContain('tok_secret')
    // Whoever got the link passed on sees as little as before.
    const other = await visit(url)
    for (const secret of secrets) expect(await other.content()).not.toContain(secret)
    await other.context().close()
    await page.context().close()
  })

  it('deletes, corrects, and never shows again, and says so', async () => {
    await liveLife(shop, 'cy')
    const page = await visit(await shop.link('cy'))
    await card(page, 'Hates').getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('status').getByText('will not come back').waitFor()
    expect((await facts('cy')).filter(({ kind }) => kind === 'quirk')).toEqual([])

    await shop.ask('POST', '/v1/customers/cy/facts', { body: { kind: 'size', subject: 'Shirts', value: 'S' } })
    await page.reload()
    const size = card(page, 'Your size in Shirts is S')
    await size.getByText('What it replaced').click()
    expect(await size.textContent()).toContain('Your size in Shirts is M')
    expect(await size.textContent()).toContain('the newer one counts')
    await size.getByText('Correct').click()
    await size.getByLabel('What is right').fill('L')
    await size.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Your size in Shirts is L').first().waitFor()
    expect(await facts('cy')).toContainEqual(expect.objectContaining({ kind: 'size', value: 'L', channel: 'page' }))

    const name = card(page, 'First name: Ada')
    await name.getByText('Correct').click()
    await name.getByLabel('What is right').fill('Adele')
    await name.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { level: 1 }).getByText('Adele, this is what').waitFor()
    await card(page, 'First name: Adele').getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('status').getByText('will not come back').waitFor()
    expect(await page.getByText(/First name|Adele|Ada/).count()).toBe(0)

    await page.locator('#items').getByRole('button', { name: 'Never show me this (A cup)' }).click()
    await page.getByText('You never want to see A cup').first().waitFor()
    await page.locator('#items').getByRole('button', { name: 'Not for me (A shirt)' }).click()
    await page.getByRole('status').getByText('teaches us nothing more').waitFor()
    await page.getByLabel('What should we never show you?').fill('bathing suits')
    await page.getByRole('button', { name: 'Remember this' }).first().click()
    await page.getByText('You never want to see bathing suits').first().waitFor()
    const { body } = await shop.ask('POST', '/v1/recommendations', { body: { customer: 'cy', placement: 'new' } })
    const shown = body.placements.new.items.map(({ id }: { id: string }) => id)
    expect(shown).not.toContain('cup')
    expect(shown).not.toContain('suit')
    await page.context().close()
  })

  it('asks its question, takes the answer, and lets him rather not say', async () => {
    await liveLife(shop, 'dan')
    const page = await visit(await shop.link('dan'))
    await page.getByLabel('the size was wrong').check()
    await page.getByRole('button', { name: 'Answer' }).click()
    await page.getByRole('status').getByText('Thank you for your answer').waitFor()
    expect(await facts('dan')).toContainEqual(expect.objectContaining({ kind: 'return', value: { reason: 'size' } }))
    await page.context().close()

    await liveLife(shop, 'eve')
    const other = await visit(await shop.link('eve'))
    await other.getByRole('button', { name: 'I would rather not say' }).click()
    await other.getByRole('status').getByText('You will not be asked again').waitFor()
    expect(await other.getByText('Why did you send back A shirt?').count()).toBeLessThan(2)
    await other.context().close()
  })

  it('takes a refusal as easily as a consent, and it holds at once', async () => {
    await liveLife(shop, 'fay')
    const page = await visit(await shop.link('fay'))
    const row = card(page, 'Choosing for you')
    const buttons = row.getByRole('button')
    expect(await buttons.count()).toBe(2)
    const [yes, no] = [await buttons.nth(0).boundingBox(), await buttons.nth(1).boundingBox()]
    expect([no?.width, no?.height]).toEqual([yes?.width, yes?.height])
    await buttons.nth(1).click()
    await card(page, 'Choosing for you').getByText('you refused').waitFor()
    const { purposes } = (await shop.ask('GET', '/v1/customers/fay/consent')).body
    const given = purposes.find(({ purpose }: { purpose: string }) => purpose === 'personalisation')
    expect(given).toMatchObject({ answer: 'denied', allowed: false, given: { source: 'page', wording: 'page 2 en' } })
    const { body } = await shop.ask('POST', '/v1/recommendations', { body: { customer: 'fay', placement: 'recent' } })
    expect(body.personalised).toBe(false)
    await page.context().close()
  })

  it('asks apart for a sensitive category and, after the code, for a child', async () => {
    await liveLife(shop, 'moa')
    const mark = (sensitive: boolean) =>
      shop.ask('PUT', '/v1/categories/sensitive', { body: { categories: [{ category: 'Pharmacy', sensitive }] } })
    await mark(true)
    const page = await visit(await shop.link('moa'))
    const consents = async () => (await facts('moa')).filter(({ kind }) => kind === 'consent')
    await page.getByRole('button', { name: 'I agree (Using what Pharmacy says of you)' }).click()
    await page.getByRole('status').getByText('works from now on').waitFor()
    expect(await consents()).toMatchObject([{ subject: 'category:Pharmacy', value: 'granted' }])
    await page.getByRole('button', { name: 'I refuse (Using what Pharmacy says of you)' }).click()
    expect(await consents()).toMatchObject([{ subject: 'category:Pharmacy', value: 'denied' }])

    expect(await page.content()).not.toContain('Zoe')
    await proveAddress(shop, page, 'moa@mail.example')
    await page.getByRole('button', { name: 'I agree (Choosing for Zoe)' }).click()
    await page.getByRole('status').getByText('works from now on').waitFor()
    expect(await consents()).toContainEqual(expect.objectContaining({ subject: 'choices', value: 'granted' }))
    await page.getByRole('button', { name: 'Refuse everything' }).click()
    await page.getByRole('status').getByText('works from now on').waitFor()
    expect((await consents()).map(({ value }) => value)).toEqual(['denied', 'denied'])
    await mark(false)
    await page.context().close()
  })

  it('downloads everything and forgets him, after the code', async () => {
    await liveLife(shop, 'gus')
    const page = await visit(await shop.link('gus'), { javaScriptEnabled: true })
    await proveAddress(shop, page, 'gus@mail.example')
    const downloaded = async (name: string) => {
      const click = page.getByRole('button', { name }).click()
      const [download] = await Promise.all([page.waitForEvent('download'), click])
      return readFileSync(await download.path(), 'utf8')
    }
    expect(JSON.parse(await downloaded('Download for programs')).data.facts.length).toBeGreaterThan(5)
    // What he reads speaks the language of his page.
    await page.getByRole('link', { name: 'Deutsch' }).click()
    const german = await downloaded('Herunterladen zum Lesen')
    expect(german).toContain('<html lang="de">')
    expect(german).toContain('<h2>Was Sie bestellt haben</h2>')
    await page.getByRole('link', { name: 'English' }).click()

    await page.getByRole('button', { name: 'Forget me' }).click()
    await page.getByRole('alert').getByText('tick the box').waitFor()
    await page.getByLabel('Yes, delete everything about me').check()
    await page.getByRole('button', { name: 'Forget me' }).click()
    await page.getByRole('heading', { name: 'You are forgotten' }).waitFor()
    expect(await faults(page)).toEqual([])
    expect((await shop.ask('GET', '/v1/customers/gus')).status).toBe(404)
    const { body } = await shop.ask('GET', '/v1/audit', { key: shop.keys.admin })
    const done = body.entries.filter(({ actor }: { actor: string }) => actor === 'customer')
    const actions = new Set(done.map(({ action }: { action: string }) => action))
    for (const action of ['customers.read', 'customers.export', 'customers.erase', 'facts.write', 'consent.write'])
      expect(actions).toContain(action)
    await page.context().close()
  })

  it('passes the accessibility checker in both languages, and is used with the keyboard alone', async () => {
    await liveLife(shop, 'hal')
    const url = await shop.link('hal')
    for (const locale of ['en-GB', 'de-DE']) {
      const page = await visit(url, { locale, javaScriptEnabled: true })
      expect(await page.getAttribute('html', 'lang')).toBe(locale.slice(0, 2))
      expect(await faults(page)).toEqual([])
      await page.context().close()
    }
    const page = await visit(url, { javaScriptEnabled: true })
    await page.keyboard.press('Tab')
    expect(
      await page.getByRole('link', { name: 'Skip to what is remembered' }).evaluate((one) => one.matches(':focus')),
    ).toBe(true)
    const field = page.getByLabel('What else should we know about you')
    await field.focus()
    await page.keyboard.type('I play the cello')
    await page.keyboard.press('Enter')
    await page.getByText('“I play the cello”').first().waitFor()
    await proveAddress(shop, page, 'hal@mail.example')
    expect(await faults(page)).toEqual([])
    await page.getByRole('link', { name: 'Deutsch' }).click()
    await page.getByRole('heading', { name: 'Was gemerkt ist' }).waitFor()
    await page.getByText('Sie mögen: Tea').first().waitFor()
    await page.context().close()
  })

  it('is shown in a frame only by a shop that was listed, and works there', async () => {
    const shopPage = createServer((request, response) => {
      const address = decodeURIComponent(new URL(request.url ?? '/', 'http://x').search.slice(1))
      response
        .setHeader('content-type', 'text/html')
        .end(`<!doctype html><title>Shop</title><iframe src="${address}"></iframe>`)
    })
    await new Promise<void>((done) => shopPage.listen(0, 'localhost', done))
    const origin = `http://localhost:${(shopPage.address() as AddressInfo).port}`
    const listed = await openPageShop({ page: { frameAncestors: origin, url: null } })
    const frame = async (url: string) => {
      const page = await visit(`${origin}/?${encodeURIComponent(url)}`, { javaScriptEnabled: true })
      return page.frameLocator('iframe')
    }
    const open = await frame(await listed.link('ida'))
    await open.getByRole('button', { name: 'I object (Choosing for you)' }).click()
    await open.getByRole('status').getByText('works from now on').waitFor()
    const closed = await frame(await shop.link('ida'))
    await expect(closed.getByRole('heading', { level: 1 }).waitFor({ timeout: 1500 })).rejects.toThrow('Timeout')
    await listed.close()
    await new Promise((done) => shopPage.close(done))
  })
})
