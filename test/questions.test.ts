/** What a customer is asked, over HTTP, on both engines: what is worth most, one at a time, never twice, never what is known. */
import { expect, it } from 'vitest'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const start = Date.UTC(2026, 0, 12, 12)
const day = 86_400_000
const iso = (time: number) => new Date(time).toISOString()

const sizes = ['S', 'M', 'L']
const items = [
  ...sizes.map((size) => ({
    id: `shirt-${size}`,
    title: `Shirt ${size}`,
    categories: ['Shirts'],
    attributes: { size },
  })),
  { id: 'mug', title: 'Blue mug', categories: ['Kitchen'] },
]

async function shop(run: (o: object, p: object) => Promise<Running>, seed: number) {
  const world = simulatedWorld(seed, start)
  const habitue = await run({}, { world })
  await habitue.ask('POST', '/v1/items', items)
  let n = 0
  const send = (event: string, properties: object, time: number) => {
    n += 1
    const message = { type: 'track', event, userId: 'zoe', messageId: `m${n}`, timestamp: iso(time), properties }
    return habitue.ask('POST', '/v1/import', { batch: [message] })
  }
  /** Shirts in changing sizes, and a mug for Ada, over half a year. */
  for (let month = 5; month >= 0; month--) {
    const products = [{ product_id: `shirt-${sizes[month % 3]}` }]
    await send('Order Completed', { order_id: `s${month}`, products }, start - (month * 30 + 1) * day)
  }
  for (const days of [80, 110]) {
    const products = [{ product_id: 'mug', recipient: 'Ada' }]
    await send('Order Completed', { order_id: `f${days}`, products }, start - days * day)
  }
  await send(
    'Order Completed',
    { order_id: 'g', products: [{ product_id: 'mug', recipient: 'Ada' }] },
    start - 40 * day,
  )
  const question = async (more = '') => (await habitue.ask('GET', `/v1/customers/zoe/question${more}`)).body.question
  const answer = (body: object) => habitue.ask('POST', '/v1/customers/zoe/answers', body)
  const texts = async () => {
    const { memory } = (await habitue.ask('GET', '/v1/customers/zoe/memory')).body
    return Object.values(memory as Record<string, { text: string }[]>).flatMap((part) => part.map(({ text }) => text))
  }
  return { world, habitue, send, question, answer, texts }
}

forEachRunning((_engine, run) => {
  it('asks what is worth most, one at a time, keeps the answer as told, and never asks twice', async () => {
    const { world, habitue, question, answer, texts } = await shop(run, 1)
    const first = await question()
    expect(first).toMatchObject({ id: 'size:Shirts', text: 'Which size fits you in Shirts?', options: ['L', 'M', 'S'] })
    // Asked again before the answer it is the same question, not another.
    expect((await question()).id).toBe('size:Shirts')
    expect((await answer({ question: first.id, answer: 7 })).body.error.code).toBe('invalid_fact')
    expect((await answer({ question: first.id, answer: 'M' })).status).toBe(204)
    expect(await texts()).toContain('Size M in Shirts')
    expect((await answer({ question: first.id, answer: 'L' })).body.error.code).toBe('conflict')
    expect((await answer({ question: 'size:Hats', answer: 'L' })).body.error.code).toBe('not_found')

    // Not at once another, and never this one; not even after the answer is deleted and memory is rebuilt.
    expect(await question()).toBeNull()
    world.advance(60 * day)
    const second = await question()
    expect(second.id).not.toBe('size:Shirts')
    const { facts } = (await habitue.ask('GET', '/v1/customers/zoe/facts')).body
    const told = facts.find(({ kind }: { kind: string }) => kind === 'size')
    await habitue.ask('DELETE', `/v1/customers/zoe/facts/${told.id}`)
    expect((await habitue.ask('POST', '/v1/rebuild')).body.changed).toEqual([])
    await answer({ question: second.id, declined: true })
    world.advance(200 * day)
    for (let i = 0; i < 3; i++) {
      expect((await question())?.id).not.toBe('size:Shirts')
      world.advance(30 * day)
    }
  })

  it('takes "rather not say" for an answer, and asks nothing that is known, deleted, or while he complains', async () => {
    const { world, habitue, send, question, answer, texts } = await shop(run, 2)
    await habitue.ask('POST', '/v1/customers/zoe/facts', { kind: 'size', subject: 'Shirts', value: 'M' })
    const birthday = await question()
    expect(birthday).toMatchObject({ id: 'birthday:Ada', recipient: 'Ada', options: null })
    expect((await answer({ question: 'birthday:Ada', declined: true })).status).toBe(204)
    expect(await texts()).toContain('Would rather not say: birthday:Ada')
    world.advance(100 * day)
    expect(await question()).toBeNull()

    await send('Order Completed', { order_id: 'r', products: [{ product_id: 'mug' }] }, world.now() - 3 * day)
    await send('Product Returned', { order_id: 'r', product_id: 'mug' }, world.now() - day)
    await send('Complaint Received', { complaint_id: 'c', text: 'It leaks.' }, world.now())
    expect(await question('?peek=true')).toBeNull()
    await send('Complaint Resolved', { complaint_id: 'c' }, world.now() + 1)
    expect(await question('?peek=true')).toMatchObject({ id: 'return:mug', text: 'Why did you send back Blue mug?' })
    // A look is no asking.
    expect((await answer({ question: 'return:mug', answer: 'quality' })).status).toBe(404)
    await question()
    await answer({ question: 'return:mug', answer: 'quality' })
    expect(await texts()).toContain('Sent back Blue mug: quality')
  })

  it('asks a stranger nothing', async () => {
    const habitue = await run()
    expect((await habitue.ask('GET', '/v1/customers/nobody/question')).body).toEqual({ question: null })
  })
})
