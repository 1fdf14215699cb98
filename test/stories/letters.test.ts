/** A welcome, a personal letter, and a best customer who has gone quiet: `examples/journeys`, over real HTTP and SMTP. */
import { expect, it } from 'vitest'
import { forEachRunning } from '../running.ts'
import { day, hour, openShop, type StoryShop } from './shop.ts'

const teas = ['green', 'black', 'white', 'mint', 'oolong'].map((name) => ({
  id: name,
  title: `${name} tea`,
  price: 9,
  categories: ['tea'],
  url: `https://shop.example/${name}`,
}))

async function order(shop: StoryShop, userId: string, id: string, price: number): Promise<void> {
  const products = [{ product_id: 'green', price, quantity: 1 }]
  await shop.track(userId, 'Order Completed', {
    order_id: `${userId}-${id}`,
    revenue: price,
    currency: 'EUR',
    products,
  })
}

forEachRunning((_engine, run) => {
  it('who signs up is welcomed once, in the morning, by what the first session showed', async () => {
    const shop = await openShop(run, ['welcome'])
    await shop.items(...teas, { id: 'cup', title: 'Cup', price: 5, categories: ['cups'] })
    // Others buy, so that there is something to learn from.
    for (const who of ['x1', 'x2', 'x3']) await order(shop, who, 'o', 9)
    await shop.customer('ann', { firstName: 'Ann' })
    await shop.track('ann', 'Product Viewed', { product_id: 'black' })
    await shop.track('ann', 'Signed Up')
    await shop.pass(hour)
    expect(shop.mailsTo('ann')).toEqual([])
    await shop.pass(2 * day)
    const [mail, ...more] = shop.mailsTo('ann')
    expect(more).toEqual([])
    expect(mail.mail.subject).toBe('Welcome, Ann')
    expect(mail.mail.from?.name).toBe('Olivia Owner')
    expect(mail.mail.text).toMatch(/ tea/)
    // An advertisement: the law wants to know who it is from, and a way out.
    expect(mail.raw).toMatch(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click/im)
    expect(mail.mail.text).toContain('1 High Street, Dublin')
  })

  it('nobody is welcomed who did not agree to mail', async () => {
    const shop = await openShop(run, ['welcome'])
    await shop.items(...teas)
    await shop.customer('bob')
    await shop.track('bob', 'Consent Withdrawn', { purpose: 'marketing', channel: 'email' })
    await shop.track('bob', 'Signed Up')
    await shop.pass(2 * day)
    expect(shop.mailsTo('bob')).toEqual([])
  })

  it('the owner writes when the second order is due, and an answer becomes a task for a person', async () => {
    const shop = await openShop(run, ['owner-letter'])
    await shop.items(...teas)
    // The shop's rhythm: those who came back did so after thirty days.
    const regulars = Array.from({ length: 12 }, (_, n) => `r${n}`)
    for (const who of regulars) await order(shop, who, '1', 9)
    await shop.pass(30 * day)
    for (const who of regulars) await order(shop, who, '2', 9)
    await shop.customer('cleo', { firstName: 'Cleo' })
    await order(shop, 'cleo', '1', 9)
    await shop.pass(10 * day)
    expect(shop.mailsTo('cleo')).toEqual([])
    await shop.pass(30 * day)
    const [letter, ...more] = shop.mailsTo('cleo')
    expect(more).toEqual([])
    expect(letter.mail.from).toEqual({ name: 'Olivia Owner', address: 'olivia@shop.example' })
    const replyTo = letter.mail.replyTo?.[0]?.address ?? ''
    expect(replyTo).toMatch(/@reply\.shop\.example$/)
    const reply = [
      'From: cleo@customers.example',
      `To: ${replyTo}`,
      'Subject: Re: How do you like it?',
      'Message-ID: <r1@x>',
    ]
    const { status, body } = await shop.habitue.ask('POST', '/v1/inbound/mail', {
      raw: [...reply, '', 'Lovely. What goes with it?'].join('\r\n'),
    })
    expect(status, JSON.stringify(body)).toBe(200)
    await shop.pass(hour)
    const tasks = await shop.tasks('cleo')
    expect(tasks).toMatchObject([{ reason: 'answered your letter' }])
  })

  it('a best customer who has gone quiet is a task for a person, and gets no mail', async () => {
    const shop = await openShop(run, ['lapsed-best'])
    for (let n = 0; n < 20; n++) await order(shop, `small${n}`, '1', 10)
    await shop.customer('best')
    for (let n = 0; n < 4; n++) {
      await order(shop, 'best', `${n}`, 900)
      await shop.pass(20 * day)
    }
    expect(await shop.tasks('best')).toEqual([])
    await shop.pass(40 * day)
    const [task, ...more] = await shop.tasks('best')
    expect(more).toEqual([])
    expect(task).toMatchObject({ reason: 'a best customer has gone quiet', origin: 'journey:lapsed-best' })
    expect(task.note).toMatch(/\d+ days ago/)
    expect(shop.mailsTo('best')).toEqual([])
    await shop.resolve(task.id, 'called')
    expect(await shop.instances('lapsed-best')).toMatchObject([{ phase: 'ended', reason: 'seen to' }])
  })
})
