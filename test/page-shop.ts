/** For tests of the customer's page: a shop with a customer of whom much is remembered, and ways to his page. */
import type { Page } from 'playwright-core'
import type { Config } from '../src/config.ts'
import { openShop, type Shop } from './sdk/shop.ts'

export interface PageShop extends Shop {
  /** The address of the page of a customer, or of a visitor. */
  link(id: string, options?: { kind?: string; minutes?: number }): Promise<string>
  /** The code that waits for this address, as the shop's server fetches it. */
  code(email: string): Promise<string>
}

const items = [
  { id: 'tea', title: 'Green tea <b>"Sencha"</b>', categories: ['Tea'], price: 9, currency: 'EUR' },
  { id: 'cup', title: 'A cup', categories: ['Kitchen'], price: 7, currency: 'EUR' },
  { id: 'suit', title: 'A bathing suit', categories: ['Swimwear'], price: 40, currency: 'EUR' },
  { id: 'shirt', title: 'A shirt', categories: ['Shirts'], attributes: { size: 'M' }, price: 30, currency: 'EUR' },
]

export async function openPageShop(config: Partial<Config> = {}): Promise<PageShop> {
  const shop = await openShop({ config: { legalBasis: 'legitimate-interest', ...config } })
  const { body } = await shop.ask('POST', '/v1/items', { body: items })
  if (body.refused.length > 0) throw new Error(JSON.stringify(body.refused))
  return {
    ...shop,
    async link(id, { kind = 'user', minutes } = {}) {
      const path = `/v1/customers/${encodeURIComponent(id)}/page-link?kind=${kind}`
      const answer = await shop.ask('POST', path, { body: minutes === undefined ? {} : { minutes } })
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
      return answer.body.url
    },
    async code(email) {
      const answer = await shop.ask('GET', '/v1/page-codes')
      const found = answer.body.codes.find((one: { email: string }) => one.email === email)
      if (!found) throw new Error(`no code waits for ${email}`)
      return found.code
    },
  }
}

let messages = 0

/** A customer with orders, looks, facts of every kind, and decisions. */
export async function liveLife(shop: Shop, user: string): Promise<void> {
  const track = (event: string, properties: object) => ({
    type: 'track',
    event,
    userId: user,
    messageId: `${user}-${messages++}`,
    properties,
  })
  const batch = [
    { type: 'identify', userId: user, messageId: `${user}-${messages++}`, traits: traitsOf(user) },
    track('Product Viewed', { product_id: 'cup' }),
    track('Product Viewed', { product_id: 'cup' }),
    track('Order Completed', { order_id: `${user}-1`, products: [{ product_id: 'tea', quantity: 1, price: 9 }] }),
    track('Order Completed', { order_id: `${user}-2`, products: [{ product_id: 'tea', quantity: 2, price: 9 }] }),
    track('Order Completed', { order_id: `${user}-3`, products: [{ product_id: 'shirt', quantity: 1, price: 30 }] }),
    track('Order Refunded', { order_id: `${user}-3`, products: [{ product_id: 'shirt', quantity: 1 }] }),
  ]
  const sent = await shop.ask('POST', '/v1/batch', { body: { batch } })
  if (sent.status !== 200 || sent.body.refused) throw new Error(JSON.stringify(sent.body))
  const facts = [
    { kind: 'preference', subject: { category: 'Tea' }, value: 'likes' },
    { kind: 'usual', subject: 'drink', value: 'tea', condition: { temperature: { max: 8 } }, provenance: 'inferred' },
    { kind: 'size', subject: 'Shirts', value: 'M' },
    { kind: 'quirk', value: 'Hates <script>alert(1)</script> and loud music' },
    { kind: 'recipient', subject: 'Zoe', value: { relation: 'daughter' } },
    { kind: 'address', subject: 'home', value: { street: 'Elm Lane 5', city: 'Springfield' } },
    { kind: 'payment', subject: 'card', value: { token: 'tok_secret', label: 'Visa ending in 42' } },
  ]
  for (const body of facts) {
    const told = await shop.ask('POST', `/v1/customers/${user}/facts`, { body })
    if (told.status !== 201) throw new Error(JSON.stringify(told.body))
  }
  await shop.ask('POST', '/v1/recommendations', { body: { customer: user, placement: 'recent' } })
}

const traitsOf = (user: string) => ({ firstName: 'Ada', email: `${user}@mail.example`, phone: phoneOf(user) })

/** Nobody else's: a number joins who has it. */
export const phoneOf = (user: string) => `+4930${[...user].map((letter) => letter.charCodeAt(0)).join('')}`

/** Asks for the code on the page and gives it. */
export async function proveAddress(shop: PageShop, page: Page, email: string): Promise<void> {
  await page.getByRole('button', { name: 'Send me a code' }).click()
  await page.getByLabel('The code from the e-mail').fill(await shop.code(email))
  await page.getByRole('button', { name: 'Enter', exact: true }).click()
}
