/** What happens to a customer, and what is known of him after it: returns, orders, presents, complaints, mails. */
import { expect, it } from 'vitest'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const start = Date.UTC(2026, 0, 12, 12)
const day = 86_400_000
const iso = (time: number) => new Date(time).toISOString()

const items = [
  {
    id: 'shirt-m',
    title: 'Linen shirt',
    categories: ['Shirts'],
    attributes: { size: 'M' },
    price: 40,
    currency: 'EUR',
  },
  {
    id: 'shirt-l',
    title: 'Oxford shirt',
    categories: ['Shirts'],
    attributes: { size: 'L' },
    price: 45,
    currency: 'EUR',
  },
  {
    id: 'shirt-l2',
    title: 'Silk shirt',
    categories: ['Shirts'],
    attributes: { size: 'L' },
    price: 45,
    currency: 'EUR',
  },
  { id: 'mug', title: 'Blue mug', categories: ['Kitchen'], price: 9, currency: 'EUR' },
]

async function shop(run: (o: object, p: object) => Promise<Running>, seed: number) {
  const world = simulatedWorld(seed, start)
  const habitue = await run({}, { world })
  await habitue.ask('POST', '/v1/items', items)
  let n = 0
  const send = async (event: string, properties: object, time = world.now(), context: object = {}) => {
    n += 1
    const message = {
      type: 'track',
      event,
      userId: 'zoe',
      messageId: `m${n}`,
      timestamp: iso(time),
      properties,
      context,
    }
    const answer = await habitue.ask('POST', '/v1/import', { batch: [message] })
    expect(answer.body).toEqual({ success: true })
    return message.messageId
  }
  const memory = async (at = '') => (await habitue.ask('GET', `/v1/customers/zoe/memory${at}`)).body
  const texts = async (part: string, at = '') =>
    (await memory(at)).memory[part].map(({ text }: { text: string }) => text)
  return { world, habitue, send, memory, texts }
}
const bought = (...ids: string[]) => ({
  products: ids.map((product_id) => ({ product_id, price: 40 })),
  currency: 'EUR',
})

forEachRunning((_engine, run) => {
  it('understands why things came back: a wrong size is no dislike, poor quality is one', async () => {
    const { habitue, send, texts } = await shop(run, 1)
    await send('Order Completed', { order_id: 'o1', ...bought('shirt-m', 'mug') }, start - 9 * day)
    await send('Product Returned', { order_id: 'o1', product_id: 'shirt-m', reason: 'Too small' }, start - 3 * day)
    await send('Product Returned', { order_id: 'o1', product_id: 'mug', reason: 'poor quality' }, start - 2 * day)
    const dialogue = await texts('dialogue')
    expect(dialogue).toContain('Sent back Linen shirt: size (“Too small”)')
    expect(dialogue).toContain('Sent back Blue mug: quality (“poor quality”)')
    expect(await texts('taste')).toContain('Linen shirt runs small')
    expect((await habitue.ask('POST', '/v1/rebuild')).body.changed).toEqual([])
  })

  it('sees sizes, language, device and rhythm, and unsees what is deleted with its evidence', async () => {
    const { world, habitue, send, texts, memory } = await shop(run, 2)
    for (let week = 4; week >= 0; week--) {
      const product = week % 2 === 0 ? 'shirt-l' : 'shirt-l2'
      const context = { locale: 'de-AT', userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)' }
      await send('Order Completed', { order_id: `w${week}`, ...bought(product) }, start - week * 7 * day, context)
    }
    expect(await texts('taste')).toContain('Size L in Shirts')
    expect(await texts('identity')).toEqual(['Speaks de'])
    expect(await texts('rhythms')).toEqual(['Comes by mobile', 'Orders mostly on monday', 'Orders about every 7 days'])
    const size = (await memory()).memory.taste.find(({ kind }: { kind: string }) => kind === 'size')
    expect(size).toMatchObject({ provenance: 'observed', from: 'seen in orders' })
    expect(size.evidence).toHaveLength(5)

    expect((await habitue.ask('DELETE', `/v1/customers/zoe/facts/${size.id}`)).status).toBe(204)
    expect(await texts('taste')).not.toContain('Size L in Shirts')
    expect(await texts('taste', `?at=${iso(start - day)}`)).not.toContain('Size L in Shirts')
    world.advance(day)
    // New evidence of the same, and old evidence of it, bring nothing back; what is told does.
    await send('Order Completed', { order_id: 'late', ...bought('shirt-l') })
    await habitue.ask('POST', '/v1/rebuild')
    expect(await texts('taste')).not.toContain('Size L in Shirts')
    await habitue.ask('POST', '/v1/customers/zoe/facts', { kind: 'size', subject: 'Shirts', value: 'L' })
    expect(await texts('taste')).toContain('Size L in Shirts')
  })

  it('makes no picture of somebody who does not want one, and granting again does not bring the old one back', async () => {
    const { world, habitue, send, texts } = await shop(run, 9)
    for (const n of [3, 2, 1])
      await send('Order Completed', { order_id: `w${n}`, ...bought('shirt-l') }, start - n * 7 * day)
    await send('Order Completed', { order_id: 'g', ...bought('mug'), recipient: 'Ada' }, start - day)
    await habitue.ask('POST', '/v1/customers/zoe/facts', { kind: 'quirk', value: 'No plastic, please.' })
    await habitue.ask('POST', '/v1/customers/zoe/facts', { kind: 'diet', value: 'vegan' })
    expect(await texts('taste')).toContain('Size L in Shirts')
    const answer = (personalisation: string) => {
      world.advance(1000)
      return habitue.ask('POST', '/v1/customers/zoe/consent', { answers: { personalisation } })
    }
    await answer('denied')
    const own = ['“No plastic, please.”', 'Eats vegan']
    expect([await texts('taste'), await texts('rhythms')]).toEqual([own, []])
    // What he told, and what his orders record, is shown.
    expect(await texts('people')).toEqual(['Buys for Ada', 'Gave Blue mug to Ada'])
    await answer('granted')
    expect(await texts('taste')).toEqual(own)
    world.advance(day)
    await send('Order Completed', { order_id: 'new', ...bought('mug') })
    expect(await texts('taste')).toEqual(['Buys Blue mug', 'Buys Kitchen', ...own])
  })

  it('shows what was known at an earlier time', async () => {
    const { send, texts } = await shop(run, 3)
    await send('Order Completed', { order_id: 'o1', ...bought('mug') }, start - 20 * day)
    await send('Order Completed', { order_id: 'o2', ...bought('shirt-m') }, start - 5 * day)
    expect(await texts('taste', `?at=${iso(start - 10 * day)}`)).toEqual(['Buys Blue mug', 'Buys Kitchen'])
    expect(await texts('taste')).toContain('Buys Linen shirt')
    expect(await texts('taste', `?at=${iso(start - 30 * day)}`)).toEqual([])
  })

  it('remembers what was given last time, to whom and where', async () => {
    const { send, texts } = await shop(run, 4)
    const shipping_address = {
      name: 'Ada Berg',
      address1: 'Am Markt 1',
      postal_code: '1010',
      city: 'Wien',
      country: 'AT',
    }
    const gift = {
      recipient: { name: 'Ada', relation: 'sister' },
      occasion: 'birthday',
      occasion_date: '2026-01-20',
      shipping_address,
    }
    await send('Order Completed', { order_id: 'g1', ...bought('mug'), ...gift }, start - day)
    expect(await texts('people')).toEqual([
      'Buys for Ada (sister)',
      'Address Am Markt 1, Wien of Ada: Ada Berg, Am Markt 1, 1010, Wien, AT',
      'Gave Blue mug to Ada for birthday, sent to Wien',
      'birthday of Ada: 2026-01-20',
    ])
    // It is no taste of his own.
    expect(await texts('taste')).toEqual([])
  })

  it('puts an open complaint before everything else, until it is resolved', async () => {
    const { world, habitue, send, memory, texts } = await shop(run, 5)
    await send('Complaint Received', { complaint_id: 'c7', text: 'The mug leaks.', order_id: 'o1' })
    await send('Support Contacted', { channel: 'phone', subject: 'leaking mug' })
    await send('Survey Answered', { survey_id: 'nps', question: 'Would you come again?', score: 3 })
    await send('Note Added', { text: 'Prefers to be called in the afternoon.', author: 'Bo' })
    await send('Email Opened', { campaign_id: 'spring', email_subject: 'Spring is here' })
    await send('Unsubscribed', { campaign_id: 'autumn' })
    const { attention } = await memory()
    expect(attention).toMatchObject([{ text: 'Open complaint: The mug leaks.', value: { order: 'o1' } }])
    const customer = (await habitue.ask('GET', '/v1/customers/zoe')).body
    expect(customer.attention).toMatchObject([{ text: 'Open complaint: The mug leaks.' }])
    expect(await texts('dialogue')).toEqual([
      'Open complaint: The mug leaks.',
      'Asked for help by phone: leaking mug',
      'Mail “autumn”: unsubscribed',
      'Mail “Spring is here”: opened',
      'nps: Would you come again?: 3',
      'Note by Bo: Prefers to be called in the afternoon.',
    ])
    world.advance(day)
    await send('Complaint Resolved', { complaint_id: 'c7', resolution: 'A new mug was sent.' })
    expect((await memory()).attention).toEqual([])
    expect(await texts('dialogue')).toContain('Complaint resolved: A new mug was sent.')
    expect((await memory(`?at=${iso(start + 1)}`)).attention).toHaveLength(1)
    expect((await habitue.ask('POST', '/v1/rebuild')).body.changed).toEqual([])
  })

  it('takes preferences and occasions of the older events, and takes them back', async () => {
    const { world, send, texts } = await shop(run, 6)
    await send('Preference Told', { preference: 'espresso', value: 'likes', condition: { weekday: ['sunday'] } })
    await send('Preference Told', { preference: 'milk', value: false })
    await send('Preference Told', { preference: 'roast', value: 'dark' })
    await send('Occasion Added', { occasion: 'birthday', date: '03-01', recipient: 'Ada' })
    expect(await texts('taste')).toEqual(['Likes espresso, on sunday', 'Dislikes milk'])
    expect(await texts('identity')).toEqual(['roast: dark'])
    expect(await texts('people')).toEqual(['birthday of Ada: 03-01'])
    world.advance(day)
    await send('Preference Withdrawn', { preference: 'milk' })
    await send('Occasion Removed', { occasion: 'birthday', recipient: 'Ada' })
    expect(await texts('taste')).toEqual(['Likes espresso, on sunday'])
    expect(await texts('people')).toEqual([])
  })

  it('lets go of a trait of the account, and of the taste for an item, when they are deleted', async () => {
    const { world, habitue, send, memory } = await shop(run, 8)
    const traits = { name: 'Zoë Berg', city: 'Ulm', birthday: '1990-03-01' }
    await habitue.ask('POST', '/v1/identify', { userId: 'zoe', messageId: 'i', traits })
    await send('Order Completed', { order_id: 'o1', ...bought('mug') }, start - day)
    const before = await memory()
    expect(before.name).toBe('Zoë Berg')
    expect(before.memory.people).toMatchObject([{ text: 'birthday: 1990-03-01', from: 'from the account' }])
    const find = (part: string, text: string) => before.memory[part].find((one: { text: string }) => one.text === text)
    world.advance(1000)
    for (const { id } of [find('identity', 'city: Ulm'), find('taste', 'Buys Blue mug')]) {
      expect((await habitue.ask('DELETE', `/v1/customers/zoe/facts/${id}`)).status).toBe(204)
    }
    expect((await habitue.ask('GET', '/v1/customers/zoe')).body.traits).toEqual({
      name: traits.name,
      birthday: traits.birthday,
    })
    expect(JSON.stringify(await memory())).not.toContain('Ulm')
    expect((await memory()).memory.taste.map(({ text }: { text: string }) => text)).toEqual([])
    expect((await habitue.ask('POST', '/v1/rebuild')).body.changed).toEqual([])
  })

  it('says who changed a setting, and what the customer had left', async () => {
    const { world, habitue, memory } = await shop(run, 7)
    const set = (value: string, by?: string) =>
      habitue.ask('POST', '/v1/customers/zoe/facts', { kind: 'setting', subject: 'grind', value, by })
    await set('fine')
    world.advance(day)
    await set('coarse', 'substitute')
    const [grind] = (await memory()).memory.identity
    expect(grind).toMatchObject({ value: 'coarse', changedBy: 'substitute', was: 'fine' })
    expect(grind.text).toBe('grind: coarse (changed by the substitute; was fine)')
  })
})
