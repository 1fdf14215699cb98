/** What was learned stands in the memory document, and what is deleted there is learned no more: over HTTP, on both engines. */
import { expect, it } from 'vitest'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const start = Date.UTC(2026, 0, 10, 8)
const day = 86_400_000

let messages = 0
function order(item: string, at: number, temperature: number, userId = 'zoe') {
  return {
    type: 'track',
    event: 'Order Completed',
    userId,
    messageId: `learned-${messages++}`,
    timestamp: new Date(at).toISOString(),
    properties: { order_id: `l${messages}`, products: [{ product_id: item, quantity: 1, price: 2.5 }] },
    context: { weather: { temperature }, timezone: 'Europe/Berlin' },
  }
}

interface Statement {
  readonly id: string
  readonly text: string
  readonly from: string
  readonly kind: string
  readonly subject: string
  readonly value: string
  readonly provenance: string
  readonly condition?: { readonly temperature?: { readonly max: number } }
  readonly lastConfirmed: string
}

const memory = async (habitue: Running, at?: string): Promise<Statement[]> => {
  const { status, body } = await habitue.ask('GET', `/v1/customers/zoe/memory${at ? `?at=${at}` : ''}`)
  expect(status).toBe(200)
  return body.memory.taste
}
const usuals = async (habitue: Running, at?: string) =>
  (await memory(habitue, at)).filter(({ kind }) => kind === 'usual')
const usual = async (habitue: Running, temperature: number) => {
  const { body } = await habitue.ask('POST', '/v1/usual', { customer: 'zoe', slot: 'Coffee', context: { temperature } })
  return body.usual?.id ?? null
}

forEachRunning((_engine, run) => {
  it('shows the usuals that were learned, now and at a time before, and unlearns one that is deleted', async () => {
    const habitue = await run({}, { world: simulatedWorld(1, start + 30 * day) })
    const drinks = ['espresso', 'latte', 'tea'].map((id) => ({ id, title: id, price: 2.5, categories: ['Coffee'] }))
    await habitue.ask('POST', '/v1/items', drinks)
    const warm = [14, 12, 15, 11, 13, 16, 12, 10, 14, 13].map((degrees, n) =>
      order('espresso', start + n * day, degrees),
    )
    const cold = [3, 5, 1, 4, 2, 3].map((degrees, n) => order('latte', start + (10 + n) * day, degrees))
    await habitue.ask('POST', '/v1/batch', { batch: [...warm, ...cold] })

    const learned = await usuals(habitue)
    const rule = learned.find(({ condition }) => !condition)
    const exception = learned.find(({ condition }) => condition) as Statement
    expect(learned).toHaveLength(2)
    expect(rule).toMatchObject({ subject: 'Coffee', value: 'espresso', provenance: 'observed', from: 'seen in orders' })
    expect(exception).toMatchObject({
      value: 'latte',
      text: expect.stringMatching(/^The usual Coffee: latte, below \d+ °C$/),
    })
    expect(exception.condition?.temperature?.max).toBeGreaterThan(5)
    expect(exception.lastConfirmed).toBe(new Date(start + 15 * day).toISOString())
    // Before the cold days there was no exception; before three cups no habit.
    expect((await usuals(habitue, new Date(start + 9.5 * day).toISOString())).map(({ value }) => value)).toEqual([
      'espresso',
    ])
    expect(await usuals(habitue, new Date(start + 1.5 * day).toISOString())).toEqual([])

    expect([await usual(habitue, 3), await usual(habitue, 14)]).toEqual(['latte', 'espresso'])
    expect((await habitue.ask('DELETE', `/v1/customers/zoe/facts/${exception.id}`)).status).toBe(204)
    expect((await usuals(habitue)).map(({ value }) => value)).toEqual(['espresso'])
    expect([await usual(habitue, 3), await usual(habitue, 14)]).toEqual(['espresso', 'espresso'])
    // More of the same brings it back neither here nor there, also after a rebuild; his own word does.
    await habitue.ask('POST', '/v1/batch', {
      batch: [1, 2, 3, 4].map((n) => order('latte', start + (16 + n) * day, n)),
    })
    expect((await habitue.ask('POST', '/v1/rebuild')).body.changed).toEqual([])
    expect(await usual(habitue, 3)).not.toBe('latte')
    expect((await usuals(habitue)).map(({ value }) => value)).not.toContain('latte')
    await habitue.ask('POST', '/v1/customers/zoe/facts', { kind: 'usual', subject: 'Coffee', value: 'latte' })
    expect(await usual(habitue, 3)).toBe('latte')
    expect((await usuals(habitue)).map(({ value, provenance }) => [value, provenance])).toContainEqual([
      'latte',
      'told',
    ])
  })

  it('goes by a deleted interest no more', async () => {
    const habitue = await run({}, { world: simulatedWorld(1, start + 30 * day) })
    const shelf = (category: string) =>
      Array.from({ length: 8 }, (_, n) => ({
        id: `${category}${n}`,
        title: `${category} ${n}`,
        categories: [category],
      }))
    await habitue.ask('POST', '/v1/items', [...shelf('Yarn'), ...shelf('Tools')])
    const others = Array.from({ length: 40 }, (_, c) =>
      Array.from({ length: 8 }, (_, n) => n)
        .filter((n) => (c + n) % 3 !== 0)
        .map((n) => order(`${c % 2 ? 'Yarn' : 'Tools'}${n}`, start - day, 10, `c${c}`)),
    ).flat()
    const own = [0, 1].map((n) => order(`Yarn${n}`, start + n * day, 10))
    const views = [2, 2, 2, 3].map((n, i) => ({
      type: 'track',
      event: 'Product Viewed',
      userId: 'zoe',
      messageId: `view ${i}`,
      properties: { product_id: `Yarn${n}` },
    }))
    await habitue.ask('POST', '/v1/batch', {
      batch: [...others, ...own, ...views, order('Tools1', start + 3 * day, 10)],
    })
    await habitue.train()
    const home = async () => {
      const { body } = await habitue.ask('POST', '/v1/recommendations', {
        customer: 'zoe',
        placement: 'home',
        count: 4,
      })
      return body.placements.home.items as { id: string; reason: { because?: { id: string }[] } }[]
    }
    const named = (list: Awaited<ReturnType<typeof home>>) =>
      list.flatMap(({ reason }) => (reason.because ?? []).map(({ id }) => id))
    const before = await home()
    expect(named(before).some((id) => id.startsWith('Yarn'))).toBe(true)
    const yarn = (await memory(habitue)).find(({ kind, subject }) => kind === 'interest' && subject === 'category:Yarn')
    expect(yarn).toMatchObject({ value: 'bought', provenance: 'observed' })
    expect((await habitue.ask('DELETE', `/v1/customers/zoe/facts/${yarn?.id}`)).status).toBe(204)
    const after = await home()
    const tools = (list: typeof after) => list.filter(({ id }) => id.startsWith('Tools')).length
    expect(tools(after)).toBeGreaterThan(tools(before))
    expect(named(after).filter((id) => id.startsWith('Yarn'))).toEqual([])
    const left = (await memory(habitue)).filter(({ subject }) => subject.includes('Yarn'))
    expect(left).toEqual([])
  })
})
