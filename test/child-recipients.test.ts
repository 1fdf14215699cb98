/** A parent's account with children in it: chosen for by age and told interests, with the parent's consent, over HTTP. */
import { expect, it } from 'vitest'
import { seededRandom, simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const start = Date.UTC(2026, 2, 1, 12)
const year = 365.25 * 86_400_000
const item = (id: string, category: string, audience: string, more: object = {}) => ({
  id,
  title: id.replaceAll('-', ' '),
  categories: [category],
  audience,
  price: 10,
  ...more,
})
const goods = [
  item('dinosaur-puzzle', 'Toys', 'all'),
  item('dinosaur-kit', 'Toys', '8'),
  item('dinosaur-fossils', 'Books', '12'),
  item('nut-bar-dinosaur', 'Sweets', 'all', { attributes: { allergens: ['nuts'] } }),
  item('paint-box', 'Art', 'all'),
  item('watercolours', 'Art', 'all'),
  item('whisky', 'Drinks', 'adult'),
  ...Array.from({ length: 8 }, (_, n) => item(`novel-${n}`, 'Novels', 'all')),
]

let messages = 0
const order = (userId: string, product_id: string, recipient?: string) => ({
  type: 'track',
  event: 'Order Completed',
  userId,
  messageId: `child-${messages++}`,
  timestamp: new Date(start - 86_400_000 + messages * 1000).toISOString(),
  properties: { order_id: `${userId} ${messages}`, products: [{ product_id, price: 10, quantity: 1, recipient }] },
})

async function family(habitue: Running) {
  await habitue.ask('POST', '/v1/items', goods)
  const random = seededRandom(2)
  const novels = Array.from({ length: 30 }, (_, c) =>
    goods.filter(({ id }) => id.startsWith('novel') && random() < 0.6).map(({ id }) => order(`c${c}`, id)),
  ).flat()
  // The parent reads novels; for Mia a novel was bought too, which says nothing of her.
  await habitue.ask('POST', '/v1/batch', { batch: [...novels, order('pa', 'novel-1'), order('pa', 'novel-2', 'Mia')] })
  await habitue.train()
  const tell = (fact: object, who = 'pa') => habitue.ask('POST', `/v1/customers/${who}/facts`, fact)
  const choose = async (recipient: string, more: object = {}) => {
    const asked = { customer: 'pa', recipient, placement: 'home', count: 5, ...more }
    const { status, body } = await habitue.ask('POST', '/v1/recommendations', asked)
    expect(status, JSON.stringify(body)).toBe(200)
    const items = body.placements.home.items as { id: string; reason: { kind: string }; text: string }[]
    const fitting = items.filter(({ reason }) => reason.kind === 'recipient').map(({ id }) => id)
    return {
      personalised: body.personalised,
      code: body.reason?.code,
      provenance: body.provenance,
      fitting,
      items,
      id: body.decisionId,
    }
  }
  return { tell, choose }
}

const mia = { kind: 'recipient', subject: 'Mia', value: { relation: 'daughter', age: 6, likes: 'dinosaurs, painting' } }
const agreed = { kind: 'consent', subject: 'choices', recipient: 'Mia', value: 'granted' }

forEachRunning((_engine, run) => {
  it('are chosen for by age and told interests once a parent agrees, and by nothing that anybody did', async () => {
    const world = simulatedWorld(9, start)
    const habitue = await run({}, { world })
    const { tell, choose } = await family(habitue)
    expect(await choose('Mia')).toMatchObject({ personalised: false, code: 'unknown', fitting: [] })
    expect((await tell(mia)).status).toBe(201)
    expect((await tell({ kind: 'allergy', subject: 'nuts', recipient: 'Mia', value: true })).status).toBe(201)
    expect(
      (await tell({ kind: 'preference', subject: { category: 'Art' }, recipient: 'mia', value: 'likes' })).status,
    ).toBe(201)
    // No consent; then the consent of somebody of whom it is not known that he is an adult.
    expect(await choose('Mia')).toMatchObject({ personalised: false, code: 'parent', fitting: [] })
    const consent = await tell(agreed)
    expect(consent.status).toBe(201)
    expect(await choose('Mia')).toMatchObject({ personalised: false, code: 'parent' })
    expect((await habitue.ask('PUT', '/v1/customers/pa/audience', { audience: 'adult' })).status).toBe(200)

    const six = await choose('mia')
    expect(six).toMatchObject({ personalised: true, code: undefined, provenance: ['told'] })
    expect(six.fitting.toSorted()).toEqual(['dinosaur-puzzle', 'paint-box', 'watercolours'])
    expect(new Set(six.items.filter(({ reason }) => reason.kind === 'recipient').map(({ text }) => text))).toEqual(
      new Set(['Fits what you told us']),
    )
    // Nothing of what she was given, of her allergies, above her age, or of her father's taste is a reason.
    const ids = six.items.map(({ id }) => id)
    for (const one of ['nut-bar-dinosaur', 'dinosaur-kit', 'whisky']) expect(ids).not.toContain(one)
    for (const { reason } of six.items) expect(['recipient', 'popular', 'new']).toContain(reason.kind)
    const { body: log } = await habitue.ask('GET', '/v1/customers/pa/decisions')
    expect(log.decisions.map(({ decisionId }: { decisionId: string }) => decisionId)).not.toContain(six.id)

    world.advance(2.1 * year)
    await tell({ ...mia, value: { relation: 'daughter', likes: 'dinosaurs' } })
    // A birthday with its year goes before an age; told again, for what is told of others ends by itself.
    expect(await choose('Mia')).toMatchObject({ personalised: false, code: 'parent' })
    await tell({ kind: 'occasion', subject: 'birthday', recipient: 'Mia', value: { date: '2019-05-01' } })
    await tell(agreed)
    const nine = await choose('Mia')
    expect(nine.fitting.toSorted()).toEqual(['dinosaur-kit', 'dinosaur-puzzle', 'nut-bar-dinosaur'])
    await habitue.ask('DELETE', `/v1/customers/pa/facts/${(await tell(agreed)).body.id}`)
    expect(await choose('Mia')).toMatchObject({ personalised: false, code: 'parent', fitting: [] })
  })

  it('takes no word of a minor for it, needs none for a grown-up, and tells a page nothing', async () => {
    const habitue = await run({}, { world: simulatedWorld(9, start) })
    const { tell, choose } = await family(habitue)
    await tell({ kind: 'recipient', subject: 'Olaf', value: { relation: 'colleague', age: 44, likes: 'whisky' } })
    expect((await choose('Olaf')).fitting).toEqual(['whisky'])
    await tell({ kind: 'recipient', subject: 'Kim', value: { relation: 'son', likes: 'dinosaurs' } })
    expect(await choose('Kim')).toMatchObject({ personalised: false, code: 'parent' })
    await tell(mia)
    await tell(agreed)
    await habitue.ask('PUT', '/v1/customers/pa/audience', { age: 15 })
    expect(await choose('Mia')).toMatchObject({ personalised: false, code: 'minor' })
    expect((await choose('Mia')).items.map(({ id }) => id)).not.toContain('dinosaur-kit')

    const page = await habitue.key('publishable', ['https://shop.example'])
    const asked = { anonymousId: 'v', recipient: 'Mia', placement: 'home' }
    const answer = await habitue.ask('POST', '/v1/recommendations', asked, page, { origin: 'https://shop.example' })
    expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_body'])
  })

  it('teach no model, where presents for a grown-up do', async () => {
    const habitue = await run({}, { world: simulatedWorld(9, start) })
    await habitue.ask('POST', '/v1/items', goods)
    const relation = (n: number) => ({ kind: 'recipient', subject: 'Sam', value: { age: n < 15 ? 7 : 40 } })
    const batch = Array.from({ length: 30 }, (_, n) => [
      { type: 'track', event: 'Fact Told', userId: `c${n}`, messageId: `told ${n}`, properties: relation(n) },
      order(`c${n}`, 'paint-box', 'Sam'),
      order(`c${n}`, n < 15 ? 'dinosaur-puzzle' : 'watercolours', 'Sam'),
      ...goods.filter(({ id }) => id.startsWith('novel')).map(({ id }) => order(`c${n}`, id)),
    ]).flat()
    expect((await habitue.ask('POST', '/v1/batch', { batch })).body).toEqual({ success: true })
    await habitue.train()
    const together = async (one: string) => {
      const { body } = await habitue.ask('POST', '/v1/recommendations', { placement: 'item', item: one, count: 8 })
      return body.placements.item.items
        .filter(({ reason }: { reason: { kind: string } }) => reason.kind === 'together')
        .map(({ id }: { id: string }) => id)
    }
    expect(await together('paint-box')).toContain('watercolours')
    expect(await together('paint-box')).not.toContain('dinosaur-puzzle')
    expect(await together('dinosaur-puzzle')).toEqual([])
  })
})
