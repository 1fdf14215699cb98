/** A cart that is left twice, a complaint, a return: the journeys in `examples/journeys`, over real HTTP and SMTP. */
import { expect, it } from 'vitest'
import { forEachRunning } from '../running.ts'
import { day, hour, linkOf, openShop } from './shop.ts'

const laptop = { product_id: 'laptop', name: 'Laptop', price: 2600, quantity: 1 }

forEachRunning((_engine, run) => {
  it('the second cart of more than 2,500 is asked about by the owner, and the answer is remembered and followed up', async () => {
    const shop = await openShop(run, ['second-abandonment'])
    const { customer, track, pass } = shop
    await customer('ann', { firstName: 'Ann' })
    await track('ann', 'Product Added', { cart_id: 'c1', ...laptop })
    await pass(3 * hour)
    expect(await shop.instances('second-abandonment')).toEqual([])
    await pass(20 * day)
    await track('ann', 'Product Added', { cart_id: 'c1', ...laptop, product_id: 'screen' })
    await pass(day)
    const [mail, ...more] = shop.mailsTo('ann')
    expect(more).toEqual([])
    expect(mail.mail.subject).toBe('Ann, may I ask you something?')
    expect(mail.mail.from).toEqual({ name: 'Olivia Owner', address: 'olivia@shop.example' })
    expect(mail.mail.text).toContain('Olivia, Corner Shop')

    await shop.answer(linkOf(mail, 'I would like advice'), { why: 'advice' })
    const [task] = (await shop.tasks('ann')).filter(({ origin }) => origin === 'journey:second-abandonment')
    expect(task).toMatchObject({ reason: 'wants advice on a large cart' })
    const memory = JSON.stringify((await shop.habitue.ask('GET', '/v1/customers/ann/memory')).body)
    expect(memory).toContain('held back by')
    await shop.resolve(task.id, 'advised on the phone')
    expect(await shop.instances('second-abandonment')).toMatchObject([{ phase: 'ended', reason: 'called' }])

    await pass(30 * day)
    expect(shop.mailsTo('ann')).toHaveLength(1)
  })

  it('nobody is asked who has bought meanwhile', async () => {
    const shop = await openShop(run, ['second-abandonment'])
    await shop.customer('bob')
    for (let n = 0; n < 2; n++) {
      await shop.track('bob', 'Product Added', { ...laptop, product_id: `laptop-${n}` })
      await shop.pass(10 * day + 2 * hour)
    }
    await shop.track('bob', 'Order Completed', { order_id: 'o1', products: [laptop] })
    await shop.pass(2 * day)
    expect(shop.mailsTo('bob').length).toBeLessThanOrEqual(1)
    const instances = await shop.instances('second-abandonment')
    expect(instances).toMatchObject([{ phase: 'ended', reason: 'Order Completed' }])
  })

  it('a complaint silences everything automatic, a person answers, and the same person asks whether it was put right', async () => {
    const shop = await openShop(run, ['complaint', 'second-abandonment'])
    const { customer, track, pass } = shop
    await customer('cleo', { firstName: 'Cleo' })
    await track('cleo', 'Order Completed', { order_id: 'o1', products: [{ ...laptop, product_id: 'kettle' }] })
    await track('cleo', 'Complaint Received', { complaint_id: 'k1', order_id: 'o1', text: 'The kettle leaks.' })
    const [task] = await shop.tasks('cleo')
    expect(task.origin).toBe('trigger:complaint')

    // Two expensive carts would be asked about, were it not for the complaint.
    for (let n = 0; n < 2; n++) {
      await track('cleo', 'Product Added', { ...laptop, product_id: `laptop-${n}` })
      await pass(2 * day)
    }
    expect(shop.mailsTo('cleo')).toEqual([])

    await shop.resolve(task.id, 'sent a new kettle', { settles: true })
    await pass(day)
    expect(shop.mailsTo('cleo')).toEqual([])
    await pass(3 * day)
    const [question, ...more] = shop.mailsTo('cleo')
    expect(more).toEqual([])
    expect(question.mail.subject).toBe('Was it put right?')
    expect(question.mail.from).toEqual({ name: 'Olivia Owner', address: 'olivia@shop.example' })
    await shop.answer(linkOf(question, 'No'), { right: 'no' })
    const open = await shop.tasks('cleo')
    expect(open.map(({ reason }) => reason)).toContain('the complaint was not put right')
  })

  it('a return is asked the right question, or none', async () => {
    const shop = await openShop(run, ['after-return'])
    const { customer, track, pass } = shop
    const returns = [
      ['dora', undefined],
      ['eli', 'zu klein'],
      ['finn', 'arrived broken'],
      ['gil', 'changed my mind'],
    ] as const
    for (const [who, reason] of returns) {
      await customer(who)
      await track(who, 'Order Completed', {
        order_id: `o-${who}`,
        products: [{ product_id: 'shirt', price: 40, quantity: 1 }],
      })
      await track(who, 'Product Returned', { order_id: `o-${who}`, product_id: 'shirt', quantity: 1, reason })
    }
    await pass(2 * day)
    expect(shop.mailsTo('dora').map(({ mail }) => mail.subject)).toEqual(['Your return'])
    const [size] = shop.mailsTo('eli')
    expect(size.mail.subject).toBe('Your size')
    expect([...shop.mailsTo('finn'), ...shop.mailsTo('gil')]).toEqual([])
    expect((await shop.tasks('finn')).map(({ reason }) => reason)).toEqual(['something was wrong with what came back'])
    expect(await shop.tasks('gil')).toEqual([])

    await shop.answer(linkOf(size, 'M'), { size: 'M' })
    const { body } = await shop.habitue.ask('GET', '/v1/customers/eli/facts')
    expect(JSON.stringify(body)).toContain('"size"')
  })
})
