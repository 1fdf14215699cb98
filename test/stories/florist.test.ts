/** The florist, over two years: asked once, reminded in good time, sent again from a page, each year again. */
import { afterAll, expect, it } from 'vitest'
import { type Program, startProgram } from '../messages/program.ts'
import { forEachRunning, type Run } from '../running.ts'
import { day, hour, linkOf, openShop, type StoryShop } from './shop.ts'

const open: { close(): void }[] = []
afterAll(() => {
  for (const one of open) one.close()
})

/** The shop's own server, where orders arrive. */
async function shopServer(): Promise<Program> {
  const started = await startProgram()
  open.push(started)
  return started
}

const url = 'https://shop.example/p'
const flowers = { currency: 'EUR', deliveryDays: 2, url, stock: 9, categories: ['flowers'] }
const roses = { ...flowers, id: 'roses', title: 'Twelve roses', price: 48 }
const tulips = { ...flowers, id: 'tulips', title: 'Tulips', price: 30 }
const shipping = { name: 'Maria Ray', street: 'Gartenweg 12', postcode: '80331', city: 'München', country: 'DE' }

const present = (id: string, date: string, product = 'roses') => ({
  ...{ order_id: id, recipient: 'Mother', occasion: "Mother's Day", occasion_date: date, currency: 'EUR' },
  ...{ shipping_address: shipping, payment_token: 'tok_secret_1', payment_method: 'Visa' },
  products: [{ product_id: product, price: 48, quantity: 1 }],
})

async function florist(run: Run) {
  const server = await shopServer()
  const shop = await openShop(run, ['remind-me', 'occasion'], {
    orders: server.url,
    messages: { webhookHosts: '127.0.0.1' },
  })
  await shop.items(roses, tulips)
  return { server, shop }
}

/** Until a time, in few steps: nothing else is due on the way. */
async function until(shop: StoryShop, time: string): Promise<void> {
  shop.world.advance(Date.parse(time) - shop.world.now() - day)
  await shop.habitue.engine.settle()
  await shop.pass(day)
}

const pathOf = (link: string) => new URL(link).pathname

/** Opens the page as a browser without scripts, and what its form would send. */
async function look(shop: StoryShop, link: string) {
  const { status, body } = await shop.habitue.open('GET', `${pathOf(link)}?lang=en`)
  const words = [...body.matchAll(/name="(line-\d+)" value="([^"]+)"/g)].map(([, name, value]) => ({ name, value }))
  return { status, body, words }
}

async function press(shop: StoryShop, link: string, { name, value }: { name: string; value: string }) {
  const answer = await shop.habitue.open(
    'POST',
    `${pathOf(link)}?lang=en`,
    new URLSearchParams([[name, value]]).toString(),
  )
  await shop.habitue.engine.settle()
  return answer
}

async function eventsNamed(shop: StoryShop, name: string) {
  const { body } = await shop.habitue.ask('GET', '/v1/customers/ada/timeline?limit=100')
  return body.events.filter((event: { name: string }) => event.name === name)
}

forEachRunning((_engine, run) => {
  it('a present is asked about once, repeated from a page the year after, and offered as what comes close when it is gone', async () => {
    const { server, shop } = await florist(run)
    await shop.customer('ada', { firstName: 'Ada', country: 'DE' })
    await until(shop, '2026-05-01T10:00:00Z')
    await shop.track('ada', 'Order Completed', present('f1', '2026-05-10'))
    await shop.pass(4 * day)
    const [asked] = shop.mailsTo('ada')
    expect(asked.mail.subject).toBe("Mother's Day, next year again?")
    await shop.answer(linkOf(asked, 'Yes'), { remind: 'yes' })
    await shop.pass(2 * day)

    // Two weeks before the second Sunday of May 2027.
    await until(shop, '2027-04-25T08:00:00Z')
    const [, reminder, ...more] = shop.mailsTo('ada')
    expect([reminder.mail.subject, more]).toEqual(["Mother's Day, Mother: as last year?", []])
    const [due] = await eventsNamed(shop, 'Occasion Due')
    expect(due.body.properties).toMatchObject({
      last_order: 'f1',
      address_id: expect.any(String),
      payment_id: expect.any(String),
    })
    expect(JSON.stringify(due)).not.toMatch(/tok_secret|Gartenweg/)
    const link = linkOf(reminder, 'Send it again')

    await shop.items({ ...roses, price: 52 })
    const page = await look(shop, link)
    expect(page.status).toBe(200)
    expect(page.body).toContain('Twelve roses')
    expect(page.body).toContain('€52.00')
    expect(page.body).toContain('in stock')
    expect(page.body).toContain('Arrives in time for 9 May 2027 (it can be there from 27 April 2027).')
    expect(page.body).toContain('M. R., Ga… 12, 80…, München, DE')
    expect(page.body).toContain('Visa')
    expect(page.body).not.toMatch(/tok_secret|Gartenweg|80331|Maria/)
    expect(page.words).toHaveLength(1)
    // Looking, as mail scanners do, orders nothing.
    await shop.pass(hour)
    expect([server.got, await eventsNamed(shop, 'Order Requested')]).toEqual([[], []])

    // What has changed since the look is shown anew, and not ordered.
    await shop.items({ ...roses, price: 55 })
    const stale = await press(shop, link, page.words[0])
    expect([stale.status, stale.body.includes('€55.00')]).toEqual([409, true])
    expect(await eventsNamed(shop, 'Order Requested')).toEqual([])

    // The shop is away when the button is pressed; pressed twice it is one order.
    server.status = 503
    const fresh = await look(shop, link)
    expect((await press(shop, link, fresh.words[0])).status).toBe(303)
    expect((await look(shop, link)).body).toContain('Thank you, it is ordered')
    expect((await press(shop, link, fresh.words[0])).status).toBe(200)
    server.status = 200
    await shop.pass(hour)
    const [requested, ...others] = await eventsNamed(shop, 'Order Requested')
    expect(others).toEqual([])
    expect(requested.body.properties).toMatchObject({
      repeats: 'f1',
      deliver_by: '2027-05-09',
      total: 55,
      recipient: 'Mother',
    })
    expect(JSON.stringify(requested)).not.toMatch(/tok_secret|Gartenweg/)
    expect(server.got).toHaveLength(1)
    const [{ key, kind, body }] = server.got
    expect([key, kind]).toEqual([`reorder:${requested.body.properties.request_id}`, 'order'])
    expect(body).toMatchObject({
      customer: { kind: 'user', id: 'ada' },
      products: [{ product_id: 'roses', quantity: 1, price: 55, currency: 'EUR' }],
      address: shipping,
      payment: { token: 'tok_secret_1', label: 'Visa' },
      ...{ repeats: 'f1', deliver_by: '2027-05-09', total: 55, currency: 'EUR' },
    })
    await shop.track('ada', 'Order Completed', present('f2', '2027-05-09'))
    const been = await shop.instances('occasion')
    expect(been).toMatchObject([{ phase: 'ended', reason: 'ordered' }])
    expect(JSON.stringify(been)).not.toContain('tok_secret')
    // Whether to be reminded is asked once.
    await shop.pass(5 * day)
    expect(shop.mailsTo('ada')).toHaveLength(2)

    // The year after, the roses are gone: the same address, and what comes close.
    await shop.items({ ...roses, stock: 0 })
    await until(shop, '2028-04-30T10:00:00Z')
    const [, , alike] = shop.mailsTo('ada')
    expect(alike.mail.subject).toBe("Mother's Day, Mother: in two weeks")
    const again = linkOf(alike, 'Send something like')
    const choice = await look(shop, again)
    expect(choice.body).toContain('Twelve roses cannot be had at the moment. This comes close:')
    expect(choice.body).toContain('Tulips')
    expect((await press(shop, again, choice.words[0])).status).toBe(303)
    expect(server.got).toHaveLength(2)
    expect(server.got[1].body).toMatchObject({
      products: [{ product_id: 'tulips', instead_of: 'roses' }],
      repeats: 'f2',
    })
  })

  it('says so when it comes too late, and shows nothing once the day is over, to who withdrew, or of who was forgotten; what the shop refuses is seen to', async () => {
    const { server, shop } = await florist(run)
    const people = ['ada', 'bob', 'cleo', 'dora', 'eve', 'kid']
    await until(shop, '2027-04-01T10:00:00Z')
    for (const who of people) {
      await shop.customer(who, { firstName: who, country: 'DE' })
      // The address may stand with the order, or with each for whom something is.
      const { recipient: name, shipping_address: address, products, ...order } = present(`o-${who}`, '2026-05-10')
      const recipient = { name, address }
      await shop.track(who, 'Order Completed', { ...order, products: products.map((line) => ({ ...line, recipient })) })
      await shop.track(who, 'Occasion Added', { occasion: "Mother's Day", recipient: 'Mother', date: '2026-05-10' })
    }
    // What comes close is for a child: nothing that is not rated for everyone, for no parent agreed to more.
    const toy = { ...flowers, categories: ['toys'], price: 20 }
    const [robot, knife] = [
      { ...toy, id: 'robot', stock: 0 },
      { ...toy, id: 'knife', title: 'Knife', audience: '16' },
    ]
    await shop.items({ ...robot, title: 'Robot' }, knife, { ...toy, id: 'puzzle', title: 'Puzzle' })
    await shop.customer('gus', { firstName: 'Gus', country: 'DE' })
    await shop.track('gus', 'Audience Told', { audience: 'adult' })
    const son = { kind: 'recipient', subject: 'Tim', value: { relation: 'son', age: 8 } }
    await shop.track('gus', 'Fact Told', son)
    const gift = { ...present('o-gus', '2026-05-09', 'robot'), recipient: 'Tim', occasion: 'birthday' }
    await shop.track('gus', 'Order Completed', gift)
    await shop.track('gus', 'Occasion Added', { occasion: 'birthday', recipient: 'Tim', date: '2026-05-09' })

    await until(shop, '2027-04-25T10:00:00Z')
    const offered = shop.mailsTo('gus').at(-1) as never
    const toys = await look(shop, linkOf(offered, 'Send something like'))
    for (const said of [toys.body, (offered as { mail: { text: string } }).mail.text]) {
      expect(said).toContain('Puzzle')
      expect(said).not.toContain('Knife')
    }
    const [ada, bob, cleo, dora, eve, kid] = people.map((who) =>
      linkOf(shop.mailsTo(who).at(-1) as never, 'Send it again'),
    )
    const { words } = await look(shop, ada)

    await shop.track('kid', 'Audience Told', { age: 9 })
    expect((await look(shop, kid)).status).toBe(410)
    await shop.track('bob', 'Consent Withdrawn', { purpose: 'personalisation' })
    const withdrawn = await look(shop, bob)
    expect([withdrawn.status, /rose|Mother|Visa|München/i.test(withdrawn.body)]).toEqual([410, false])
    expect((await shop.habitue.ask('POST', '/v1/customers/cleo/erase', {})).status).toBe(200)
    const forgotten = { recipient: 'Mother' }
    expect((await shop.habitue.ask('POST', '/v1/customers/dora/recipients/erase', forgotten)).status).toBe(200)
    const nameless = await look(shop, dora)
    expect([nameless.status, /rose|Mother|Visa|München/i.test(nameless.body)]).toEqual([410, false])
    const erased = await look(shop, cleo)
    expect([erased.status, /rose|Mother|Visa|München/i.test(erased.body)]).toEqual([404, false])
    expect((await look(shop, `${ada.slice(0, -1)}x`)).status).toBe(404)

    // An order that the shop refuses is a task for a person.
    server.status = 400
    expect((await press(shop, eve, (await look(shop, eve)).words[0])).status).toBe(303)
    expect(await shop.tasks('eve')).toMatchObject([
      { reason: 'an order did not reach the shop', origin: 'trigger:order' },
    ])
    server.status = 200

    await until(shop, '2027-05-08T10:00:00Z')
    expect((await look(shop, ada)).body).toContain(
      'Too late for 9 May 2027: it can be there on 10 May 2027 at the earliest.',
    )
    expect((await look(shop, ada)).body).toContain('M. R., Ga… 12, 80…, München, DE')
    await until(shop, '2027-05-10T00:00:01Z')
    const over = await look(shop, ada)
    expect([over.status, over.body.includes('has passed')]).toEqual([410, true])
    expect((await press(shop, ada, words[0])).status).toBe(410)
    expect(server.got.filter(({ kind }) => kind === 'order')).toEqual([])
  })
})
