/** The desk: what somebody who serves a customer sees and does, in a real browser, and what must not be possible. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultConfig } from '../src/config.ts'
import { faults } from './accessibility.ts'
import { type MailServer, startMailServer } from './messages/mail-server.ts'
import { launchBrowser } from './sdk/browser.ts'
import { openShop, type Shop } from './sdk/shop.ts'

let shop: Shop
let browser: Browser
let mail: MailServer
const passwords: Record<string, string> = {}

beforeAll(async () => {
  mail = await startMailServer()
  const messages = {
    ...defaultConfig.messages,
    smtpUrl: mail.url,
    from: 'Corner Shop <hello@shop.example>',
    legalName: 'Corner Shop Ltd',
    postalAddress: '1 High Street, Dublin',
  }
  const page = { frameAncestors: '', url: 'https://shop.example/habitue' }
  shop = await openShop({
    config: { legalBasis: 'legitimate-interest', passwordCost: 10, timeZone: 'Europe/Berlin', messages, page },
  })
  browser = await launchBrowser()
  for (const role of ['agent', 'admin', 'marketer']) {
    const body = { name: `Ann the ${role}`, email: `${role}@shop.example`, role }
    passwords[role] = (await shop.ask('POST', '/v1/people', { body, key: shop.keys.admin })).body.password
  }
  await shop.ask('POST', '/v1/items', {
    body: [
      { id: 'tea', title: 'Green tea <b>', categories: ['Tea'], price: 9, currency: 'EUR' },
      { id: 'ring', title: 'A silver ring', categories: ['Jewellery'], price: 90, currency: 'EUR' },
      { id: 'cup', title: 'A cup', categories: ['Kitchen'], price: 7, currency: 'EUR' },
    ],
  })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await shop?.close()
  await mail?.close()
})

let messages = 0
const track = (userId: string, event: string, properties: object = {}, more: object = {}) => ({
  ...{ type: 'track', event, userId, messageId: `m${messages++}`, properties, ...more },
})
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()

async function customer(user: string): Promise<void> {
  const batch = [
    {
      type: 'identify',
      userId: user,
      messageId: `m${messages++}`,
      traits: { firstName: 'Ada', lastName: 'Byron', email: `${user}@mail.example` },
    },
    track(user, 'Product Viewed', { product_id: 'cup' }),
    track(
      user,
      'Order Completed',
      {
        order_id: `${user}-1`,
        delivery_date: daysAgo(5).slice(0, 10),
        products: [{ product_id: 'tea', quantity: 1, price: 9 }],
      },
      { timestamp: daysAgo(9) },
    ),
    track(
      user,
      'Order Completed',
      {
        order_id: `${user}-2`,
        products: [{ product_id: 'ring', quantity: 1, price: 90, gift: true, recipient: 'Zoe' }],
      },
      { timestamp: daysAgo(2) },
    ),
    track(user, 'Person Requested', { text: 'Please call me about my tea.' }),
  ]
  const sent = await shop.ask('POST', '/v1/batch', { body: { batch } })
  expect(sent.body.refused).toBeUndefined()
  for (const body of [
    { kind: 'preference', subject: { category: 'Tea' }, value: 'likes' },
    { kind: 'preference', subject: { category: 'Jewellery' }, value: 'never' },
    { kind: 'diet', value: 'vegan' },
    { kind: 'size', subject: 'shirts', value: 'M' },
    { kind: 'usual', subject: 'drink', value: 'tea', provenance: 'inferred' },
  ])
    expect((await shop.ask('POST', `/v1/customers/${user}/facts`, { body })).status).toBe(201)
}

/** Somebody of the shop who signed in by the form, in a browser of his own. */
async function desk(role: string, path = '/desk'): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 900, height: 1000 } })
  const page = await context.newPage()
  page.setDefaultTimeout(8000)
  await page.goto(shop.url + path)
  await page.getByLabel('E-mail').fill(`${role}@shop.example`)
  await page.getByLabel('Password').fill(passwords[role])
  await page.getByRole('button', { name: 'Sign in' }).click()
  return page
}

const open = async (page: Page, summary: string) => page.locator('summary', { hasText: summary }).first().click()
const section = (page: Page, id: string) => page.locator(`#${id}`)

describe('the desk', () => {
  it('opens with what is wrong, then what to say, to offer and not to mention, and the story', async () => {
    await customer('ada')
    const page = await desk('agent', '/desk/customers/ada?kind=user')
    await page.getByRole('heading', { level: 1, name: 'Ada Byron' }).waitFor()
    const headings = await page.getByRole('heading', { level: 2 }).allTextContents()
    expect(headings.slice(0, 5)).toEqual([
      'What is wrong now',
      'What to say',
      'What to offer',
      'What not to mention',
      'What to do',
    ])
    const wrong = await section(page, 'wrong').textContent()
    expect(wrong).toContain('Order ada-1 is late')
    expect(wrong).toContain('asks for a person')
    expect(wrong).toContain('Please call me about my tea.')
    expect(await section(page, 'say').textContent()).toContain('Likes Tea')
    const avoid = (await section(page, 'avoid').textContent()) ?? ''
    for (const part of ['A silver ring for Zoe', 'Eats vegan', 'Never wants to see Jewellery'])
      expect(avoid).toContain(part)
    for (const id of ['say', 'offer']) expect(await section(page, id).textContent()).not.toMatch(/ring|vegan|Jewellery/)
    expect(await section(page, 'orders').textContent()).toContain('Green tea <b>')
    expect(await section(page, 'timeline').textContent()).toContain('Person Requested')
    expect(await page.locator('script, b').count()).toBe(0)
    expect(await faults(page)).toEqual([])
    const audit = (await shop.ask('GET', '/v1/audit?customer=ada&action=customers.read', { key: shop.keys.admin })).body
    expect(audit.entries.map(({ actorName }: { actorName: string }) => actorName)).toContain('Ann the agent')
    await page.context().close()
  })

  it('records a complaint, promises a call, notes, stops advertising, corrects and deletes, and resolves', async () => {
    await customer('bea')
    const page = await desk('agent')
    expect(await faults(page)).toEqual([])
    await page.getByRole('link', { name: 'bea', exact: true }).click()
    await section(page, 'wrong').getByRole('button', { name: 'Take it' }).click()
    await page.getByRole('status').getByText('The task is yours').waitFor()

    await open(page, 'Record a complaint')
    await page.getByRole('button', { name: 'Record it' }).click()
    await page.getByRole('alert').getByText('Say what went wrong').waitFor()
    await page.getByLabel('What went wrong, in his words').fill('The tea was <i>stale</i>')
    await page.getByLabel('Order', { exact: true }).selectOption('bea-1')
    await page.getByRole('button', { name: 'Record it' }).click()
    await page.getByRole('status').getByText('The complaint is recorded').waitFor()
    expect(await section(page, 'wrong').textContent()).toContain('The tea was <i>stale</i>')
    expect(await section(page, 'offer').textContent()).toContain('Nothing, until the complaint is settled')
    expect(await faults(page)).toEqual([])

    await open(page, 'Promise a call back')
    await page.getByLabel('When (Europe/Berlin)').fill('2030-07-01T15:00')
    await page.getByLabel('About').fill('New tea')
    await page.getByRole('button', { name: 'Promise it' }).click()
    await page.getByRole('status').getByText('The call back is promised').waitFor()
    const { tasks } = (await shop.ask('GET', '/v1/customers/bea/tasks')).body
    const call = tasks.find(({ reason }: { reason: string }) => reason === 'call back')
    expect(call).toMatchObject({
      due: '2030-07-01T13:00:00.000Z',
      state: 'claimed',
      ownerName: 'Ann the agent',
      note: 'New tea',
    })

    await open(page, 'Add a note')
    await page.getByLabel('Note', { exact: true }).last().fill('Prefers the afternoon')
    await page.getByRole('button', { name: 'Keep it' }).click()
    await page.getByRole('status').getByText('The note is kept').waitFor()
    await open(page, 'Stop all messages')
    await page.getByLabel('He asked for it').check()
    await page.getByRole('button', { name: 'Stop them' }).click()
    await page.getByText('He gets no advertising').waitFor()
    const { purposes } = (await shop.ask('GET', '/v1/customers/bea/consent')).body
    const marketing = purposes.find(({ purpose }: { purpose: string }) => purpose === 'marketing')
    expect(marketing).toMatchObject({ answer: 'denied', given: { source: 'agent', wording: 'said to Ann the agent' } })

    await open(page, 'Correct a fact')
    await page.getByLabel('Size M in shirts').fill('L')
    await page.getByRole('button', { name: 'Save (Size M in shirts)' }).click()
    await page.getByRole('status').getByText('The fact is corrected').waitFor()
    await open(page, 'Correct a fact')
    await page.getByRole('button', { name: 'Delete (Likes Tea)' }).click()
    await page.getByRole('status').getByText('The fact is deleted').waitFor()
    const { facts } = (await shop.ask('GET', '/v1/customers/bea/facts')).body
    expect(facts).toContainEqual(expect.objectContaining({ kind: 'size', value: 'L', channel: 'agent' }))
    expect(
      facts.some(
        ({ subject, value }: { subject?: string; value: unknown }) => subject === 'category:Tea' && value === 'likes',
      ),
    ).toBe(false)

    const complaint = section(page, 'wrong').getByRole('listitem').filter({ hasText: 'Task: complaint' })
    await complaint.getByRole('button', { name: 'Take it' }).click()
    const mine = section(page, 'wrong').getByRole('listitem').filter({ hasText: 'Task: complaint' })
    await mine.getByText('Note or resolve').click()
    await mine.getByLabel('What came of it').selectOption('put right')
    await mine.getByLabel('The complaint is settled').check()
    await mine.getByRole('button', { name: 'Resolve' }).click()
    await page.getByRole('status').getByText('The task is resolved').waitFor()
    expect(await section(page, 'wrong').textContent()).not.toContain('stale')
    expect(await section(page, 'resolved').textContent()).toContain('complaint: put right')
    await page.context().close()
  })

  it('sends a customer his own page, undoes a merge of his, and finds by order, address and name', async () => {
    await customer('cy')
    await shop.ask('POST', '/v1/batch', {
      body: {
        batch: [
          { type: 'identify', anonymousId: 'cy-browser', messageId: `m${messages++}`, traits: {} },
          { type: 'identify', userId: 'cy', anonymousId: 'cy-browser', messageId: `m${messages++}`, traits: {} },
        ],
      },
    })
    const page = await desk('admin', '/desk/find')
    for (const asked of ['cy-1', 'cy@mail.example', 'cy']) {
      await page.getByLabel(/order number/).fill(asked)
      await page.getByRole('button', { name: 'Find' }).click()
      await section(page, 'found').getByRole('link', { name: 'Ada Byron' }).waitFor()
    }
    expect(await faults(page)).toEqual([])
    await section(page, 'found').getByRole('link', { name: 'Ada Byron' }).click()
    await open(page, 'Send him the link')
    await page.getByRole('button', { name: 'Send it' }).click()
    await page.getByRole('status').getByText('on its way').waitFor()
    expect(mail.received).toHaveLength(1)
    expect(mail.received[0].to).toBe('cy@mail.example')
    expect(mail.received[0].mail.text).toMatch(/https:\/\/shop\.example\/habitue\/page\/[\w-]{40,}/)
    // Whoever sends it does not see it.
    expect(await page.content()).not.toContain('/habitue/page/')

    await open(page, 'Undo a merge')
    await page.getByRole('button', { name: /They are two people/ }).click()
    await page.getByRole('status').getByText('The merge is undone').waitFor()
    expect((await shop.ask('GET', '/v1/customers/cy/merges')).body.merges[0].undone).not.toBeNull()
    await page.context().close()
  })

  it('is shut to who is not signed in, to roles that do not serve, to forged forms and to other sites', async () => {
    await customer('dan')
    const path = '/desk/customers/dan?kind=user'
    const away = await fetch(`${shop.url}${path}`, { redirect: 'manual' })
    expect([away.status, away.headers.get('location')]).toEqual([303, `/desk/sign-in?next=${encodeURIComponent(path)}`])
    expect(
      (await fetch(`${shop.url}/desk/tasks/1`, { method: 'POST', redirect: 'manual' })).headers.get('location'),
    ).toContain('/desk/sign-in')
    const signIn = await (
      await fetch(`${shop.url}/desk/sign-in?next=${encodeURIComponent('//evil.example/desk')}`)
    ).text()
    expect(signIn).not.toContain('evil.example')

    const marketer = await desk('marketer', path)
    await marketer.getByRole('alert').getByText('may not').waitFor()
    expect(await marketer.content()).not.toContain('dan@mail.example')
    expect(await faults(marketer)).toEqual([])
    await marketer.context().close()

    const page = await desk('agent', path)
    await page.getByRole('heading', { name: 'What is wrong now' }).waitFor()
    const [cookie] = await page.context().cookies()
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' })
    const word = (await page.locator('input[name=form]').first().getAttribute('value')) ?? ''
    const post = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
      fetch(`${shop.url}${path}`, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          cookie: `${cookie.name}=${cookie.value}`,
          'content-type': 'application/x-www-form-urlencoded',
          ...headers,
        },
        body: new URLSearchParams(fields),
      })
    const stop = { do: 'stop', sure: 'yes' }
    expect((await post(stop)).status).toBe(403)
    expect((await post({ ...stop, form: `${word.slice(0, -1)}x` })).status).toBe(403)
    expect((await post({ ...stop, form: word }, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await post({ do: 'constructor', form: word })).status).toBe(404)
    expect((await post({ do: 'undo', merge: '1', form: word })).status).toBe(404)
    const { purposes } = (await shop.ask('GET', '/v1/customers/dan/consent')).body
    expect(purposes.find(({ purpose }: { purpose: string }) => purpose === 'marketing').answer).toBe('unset')
    expect((await post({ ...stop, form: word })).status).toBe(303)

    // A word of one session is worth nothing in another, and a page that only looks changes nothing.
    const other = await desk('admin', path)
    const theirs = (await other.locator('input[name=form]').first().getAttribute('value')) ?? ''
    expect((await post({ do: 'note', text: 'x', form: theirs })).status).toBe(403)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await faults(page)).toEqual([])
    expect((await post({ do: 'note', text: 'x', form: word })).status).toBe(303)
    expect((await shop.timeline('dan')).some(({ name }) => name === 'Note Added')).toBe(false)
    await page.context().close()
    await other.context().close()
  })

  it('says which password is wrong to nobody, and asks to wait after many tries', async () => {
    const attempt = (email: string) =>
      fetch(`${shop.url}/desk/sign-in`, {
        method: 'POST',
        body: new URLSearchParams({ email, password: 'wrong' }),
        redirect: 'manual',
      })
    const [one, two] = [await attempt('marketer@shop.example'), await attempt('nobody@shop.example')]
    expect([one.status, await one.text()]).toEqual([two.status, await two.text()])
    expect(one.status).toBe(401)
    let status = 401
    for (let i = 0; i < 30 && status === 401; i++) status = (await attempt('marketer@shop.example')).status
    expect(status).toBe(429)
  })
})
