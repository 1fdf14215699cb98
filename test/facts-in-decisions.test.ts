/** What a customer told, as his next list shows it: over HTTP, on both engines. */
import { expect, it } from 'vitest'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const start = Date.UTC(2026, 0, 10, 12)
const day = 86_400_000
const iso = (time: number) => new Date(time).toISOString()

const swim = ['swim-1', 'swim-2', 'swim-3']
const tea = ['tea-1', 'tea-2', 'tea-3', 'tea-4']

/** Sixty customers who wear bathing suits and drink tea, all but one of each. */
async function shop(habitue: Running): Promise<void> {
  const item = (id: string, i: number) => ({
    id,
    title: id.startsWith('swim') ? `Bathing suit ${i}` : `Tea no. ${i}`,
    categories: [id.startsWith('swim') ? 'Clothing > Swimwear' : 'Tea'],
    attributes: id === 'tea-3' ? { allergens: ['tree nuts', 'soy'] } : id === 'tea-4' ? { colour: 'Red' } : {},
    price: 10 + i,
    currency: 'EUR',
  })
  await habitue.ask('POST', '/v1/items', [...swim.map(item), ...tea.map(item)])
  const all = [...swim, ...tea]
  const batch = Array.from({ length: 60 }, (_, n) =>
    all.flatMap((id, i) => (n % all.length === i ? [] : [order(`c${n}`, [id], start - (n + 1) * 3_600_000)])),
  ).flat()
  await habitue.ask('POST', '/v1/import', { batch })
}

let orders = 0
function order(userId: string, ids: readonly string[], time: number, more: object = {}) {
  orders += 1
  const products = ids.map((id) => ({ product_id: id, price: 10, quantity: 1 }))
  const properties = { order_id: `o${orders}`, currency: 'EUR', products, ...more }
  return { type: 'track', event: 'Order Completed', userId, messageId: `o${orders}`, timestamp: iso(time), properties }
}
const view = (userId: string, id: string) => ({ event: 'Product Viewed', userId, properties: { product_id: id } })

type Shown = Record<string, { id: string; reason: { kind: string; because?: { id: string }[] } }[]>

/** What every placement shows, by placement. */
async function shown(habitue: Running, more: object = {}): Promise<Shown> {
  const names = ['home', 'item', 'cart', 'unavailable', 'items', 'popular', 'trending', 'new', 'recent']
  const found: Shown = {}
  for (const name of names) {
    const request = { customer: 'zoe', placement: name, count: 7, item: 'tea-1', items: [...swim, ...tea], ...more }
    const { status, body } = await habitue.ask('POST', '/v1/recommendations', request)
    expect(status, JSON.stringify(body)).toBe(200)
    found[name] = body.placements[name].items
  }
  return found
}
const ids = (lists: Shown) => new Set(Object.values(lists).flatMap((list) => list.map(({ id }) => id)))
const tell = (habitue: Running, fact: object) => habitue.ask('POST', '/v1/customers/zoe/facts', fact)

forEachRunning((_engine, run) => {
  it('never shows what was told never to be shown, in any placement, from the next request on', async () => {
    const world = simulatedWorld(1, start)
    const habitue = await run({}, { world })
    await shop(habitue)
    await habitue.train()
    await habitue.ask('POST', '/v1/track', view('zoe', 'swim-2'))
    expect(ids(await shown(habitue))).toContain('swim-1')

    const suits = await tell(habitue, { kind: 'preference', subject: 'bathing suits', value: 'never' })
    const without = ids(await shown(habitue))
    for (const id of swim) expect(without).not.toContain(id)
    expect(without).toContain('tea-2')
    // Neither where the shop pins it.
    await habitue.ask('PUT', '/v1/rules/summer', { kind: 'pin', items: ['swim-1'], position: 1 })
    expect(ids(await shown(habitue))).not.toContain('swim-1')
    await habitue.ask('DELETE', '/v1/rules/summer')
    // Neither what comes later.
    const late = { id: 'swim-9', title: 'Bathing suit, new', categories: ['Swimwear'], price: 9, currency: 'EUR' }
    await habitue.ask('POST', '/v1/items', [late])
    expect(ids(await shown(habitue))).not.toContain('swim-9')
    // It stays after a rebuild, and ends when it is deleted.
    await habitue.ask('POST', '/v1/rebuild')
    expect(ids(await shown(habitue))).not.toContain('swim-1')
    await habitue.ask('DELETE', `/v1/customers/zoe/facts/${suits.body.id}`)
    expect(ids(await shown(habitue))).toContain('swim-1')
  })

  it('bars by item, category, value of an attribute, allergen and diet; and on a condition only while it holds', async () => {
    const world = simulatedWorld(2, start)
    const habitue = await run({}, { world })
    await shop(habitue)
    await habitue.train()
    const barred: [object, string[]][] = [
      [{ kind: 'preference', subject: { item: 'tea-2' }, value: 'dislikes' }, ['tea-2']],
      [{ kind: 'preference', subject: { category: 'swimwear' }, value: 'dislikes' }, swim],
      [{ kind: 'preference', subject: { attribute: 'colour', value: 'red' }, value: 'never' }, ['tea-4']],
      [{ kind: 'allergy', subject: 'nuts', value: true }, ['tea-3']],
    ]
    for (const [fact, gone] of barred) {
      const told = await tell(habitue, fact)
      const lists = ids(await shown(habitue))
      for (const id of gone) expect(lists, JSON.stringify(fact)).not.toContain(id)
      expect(lists).toContain('tea-1')
      await habitue.ask('DELETE', `/v1/customers/zoe/facts/${told.body.id}`)
    }
    await habitue.ask('PATCH', '/v1/items/tea-2', { attributes: { diets: ['vegetarian'] } })
    const vegan = await tell(habitue, { kind: 'diet', value: 'vegan' })
    expect(ids(await shown(habitue))).not.toContain('tea-2')
    await habitue.ask('DELETE', `/v1/customers/zoe/facts/${vegan.body.id}`)

    await tell(habitue, {
      kind: 'preference',
      subject: 'swimwear',
      value: 'never',
      condition: { temperature: { max: 15 } },
    })
    expect(ids(await shown(habitue, { context: { temperature: 4 } }))).not.toContain('swim-1')
    expect(ids(await shown(habitue, { context: { temperature: 30 } }))).toContain('swim-1')
  })

  it('says in the next answer what somebody else changed, until he says himself how he wants it', async () => {
    const world = simulatedWorld(5, start)
    const habitue = await run({}, { world })
    await shop(habitue)
    const set = (value: string, by?: string) => {
      world.advance(1000)
      return tell(habitue, { kind: 'setting', subject: 'grind', value, by })
    }
    const changed = async () => {
      const request = { customer: 'zoe', placement: 'popular', count: 1 }
      return (await habitue.ask('POST', '/v1/recommendations', request)).body.changed
    }
    await set('fine')
    expect(await changed()).toBeUndefined()
    await set('coarse', 'substitute')
    expect(await changed()).toMatchObject([{ setting: 'grind', value: 'coarse', was: 'fine', by: 'substitute' }])
    await set('fine')
    expect(await changed()).toBeUndefined()
  })

  it('keeps its word where nothing may be used: told under a strict policy without an answer, and after a refusal', async () => {
    const habitue = await run({ legalBasis: null })
    await habitue.ask('POST', '/v1/items', [
      { id: 'swim-1', title: 'Bathing suit', categories: ['Swimwear'] },
      { id: 'tea-1', title: 'Tea', categories: ['Tea'] },
    ])
    const list = async () => {
      const request = { customer: 'zoe', placement: 'new', count: 5 }
      const { body } = await habitue.ask('POST', '/v1/recommendations', request)
      return { ids: body.placements.new.items.map(({ id }: { id: string }) => id), personalised: body.personalised }
    }
    const told = await tell(habitue, { kind: 'preference', subject: 'swimwear', value: 'never' })
    expect(told.status).toBe(201)
    expect(await list()).toEqual({ ids: ['tea-1'], personalised: false })
    await habitue.ask('POST', '/v1/customers/zoe/consent', { answers: { personalisation: 'denied' } })
    expect(await list()).toEqual({ ids: ['tea-1'], personalised: false })
    // What is guessed of him is personalisation, and is kept out; and nothing is asked.
    const guess = await tell(habitue, { kind: 'size', subject: 'shirts', value: 'M', provenance: 'inferred' })
    expect(guess.body.error.code).toBe('consent_refused')
    expect((await habitue.ask('GET', '/v1/customers/zoe/question')).body.question).toBeNull()
  })

  it('leaves others and guesses alone: only what he told himself bars', async () => {
    const habitue = await run()
    await shop(habitue)
    await tell(habitue, {
      kind: 'preference',
      subject: 'tea',
      value: 'dislikes',
      provenance: 'inferred',
      confidence: 0.9,
    })
    await tell(habitue, { kind: 'allergy', subject: 'nuts', value: true, recipient: 'Ada' })
    expect(ids(await shown(habitue))).toContain('tea-3')
  })

  it('takes out of the taste what is "not for me", and puts it back', async () => {
    const world = simulatedWorld(3, start)
    const habitue = await run({}, { world })
    await shop(habitue)
    await habitue.train()
    await habitue.ask('POST', '/v1/track', order('zoe', ['swim-1'], start))
    await habitue.ask('POST', '/v1/track', view('zoe', 'swim-2'))
    /** Whether his own taste had a say. */
    const byTaste = async () => {
      const request = { customer: 'zoe', placement: 'home', count: 7 }
      return (await habitue.ask('POST', '/v1/recommendations', request)).body.personalised
    }
    expect(await byTaste()).toBe(true)
    const before = await shown(habitue)
    expect(before.recent.map(({ id }) => id)).toEqual(['swim-2'])
    for (const id of ['swim-1', 'swim-2']) {
      expect((await habitue.ask('DELETE', `/v1/customers/zoe/taste/${id}`)).status).toBe(204)
    }
    expect(await byTaste()).toBe(false)
    expect((await shown(habitue)).recent).toEqual([])
    const memory = async () => (await habitue.ask('GET', '/v1/customers/zoe/memory')).body.memory.taste
    expect(await memory()).toEqual([])
    expect((await habitue.ask('POST', '/v1/rebuild')).body.changed).toEqual([])
    expect(await byTaste()).toBe(false)
    world.advance(day)
    await habitue.ask('PUT', '/v1/customers/zoe/taste/swim-1')
    expect(await byTaste()).toBe(true)
    expect((await memory()).length).toBeGreaterThan(0)
    expect((await habitue.ask('DELETE', '/v1/customers/zoe/taste/nothing')).status).toBe(404)
  })

  it('keeps a present unseen until its day has passed, and learns nothing of his taste from it', async () => {
    const world = simulatedWorld(4, start)
    const habitue = await run({}, { world })
    await shop(habitue)
    await habitue.train()
    await habitue.ask('POST', '/v1/track', order('zoe', ['tea-1'], start - day))
    const look = { ...view('zoe', 'swim-2'), timestamp: iso(start) }
    await habitue.ask('POST', '/v1/track', look)
    const gift = { recipient: 'Ada', occasion: 'birthday', occasion_date: '2026-03-01' }
    await habitue.ask('POST', '/v1/track', order('zoe', ['swim-2'], start, gift))
    const revealing = (lists: Shown) =>
      Object.values(lists).some((list) =>
        list.some(({ id, reason }) => {
          const kinds = ['recent', 'again'].includes(reason.kind) && id === 'swim-2'
          return kinds || (reason.because ?? []).some((one) => one.id === 'swim-2')
        }),
      )
    expect(revealing(await shown(habitue))).toBe(false)
    world.advance(45 * day)
    expect(revealing(await shown(habitue))).toBe(false)
    world.advance(10 * day)
    const later = await shown(habitue)
    expect(later.recent.map(({ id }) => id)).toEqual(['swim-2'])
    // What he looked at for Ada is no taste of his: no reason names it.
    expect(
      JSON.stringify(Object.values(later).flatMap((list) => list.map(({ reason }) => reason.because))),
    ).not.toContain('swim-2')
    const people = (await habitue.ask('GET', '/v1/customers/zoe/memory')).body.memory.people
    expect(people.map(({ text }: { text: string }) => text)).toEqual([
      'Buys for Ada',
      'Gave Bathing suit 1 to Ada for birthday',
      'birthday of Ada: 2026-03-01',
    ])
  })
})
