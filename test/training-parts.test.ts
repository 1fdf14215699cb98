/** A training serves part by part, and what was learned serves as long as it may be learned. */
import { expect, it } from 'vitest'
import type { ModelInfo } from '../src/engine-api.ts'
import { seededRandom } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const films = Array.from({ length: 120 }, (_, n) => ({
  id: `film${n}`,
  title: `Film ${n}`,
  categories: [n % 2 === 0 ? 'Comedy' : 'Thriller'],
}))

/** Half of the customers rate comedies high, half thrillers. */
async function stock(
  habitue: Running,
  { customers, share, spread = 60_000 }: { customers: number; share: number; spread?: number },
): Promise<void> {
  await habitue.ask('POST', '/v1/items', { items: films })
  const random = seededRandom(4)
  const batch = []
  const now = Date.now() + 50
  for (let customer = 0; customer < customers; customer++) {
    for (let n = 0; n < films.length; n++) {
      if (random() > share) continue
      batch.push({
        type: 'track',
        event: 'Product Rated',
        userId: `c${customer}`,
        messageId: `${customer}-${n}`,
        timestamp: new Date(now - (customer * 120 + n) * spread).toISOString(),
        properties: { product_id: `film${n}`, rating: (customer % 2 === n % 2 ? 4 : 1) + (random() < 0.5 ? 1 : 0) },
      })
    }
  }
  for (let at = 0; at < batch.length; at += 500) {
    const { body } = await habitue.ask('POST', '/v1/batch', { batch: batch.slice(at, at + 500) })
    expect(body).toEqual({ success: true })
  }
}

const consented = async (habitue: Running, customers: number, answer: 'granted' | 'denied') => {
  const batch = Array.from({ length: customers }, (_, n) => ({
    type: 'track',
    event: answer === 'granted' ? 'Consent Given' : 'Consent Withdrawn',
    userId: `c${n}`,
    messageId: `${answer}-${n}`,
    properties: { purposes: answer === 'granted' ? ['personalisation', 'training'] : ['training'] },
  }))
  expect((await habitue.ask('POST', '/v1/batch', { batch })).body).toEqual({ success: true })
}

const home = async (habitue: Running) =>
  (await habitue.ask('POST', '/v1/recommendations', { customer: 'c0', placement: 'home', count: 5 })).body
const stars = async (habitue: Running) =>
  (await habitue.ask('POST', '/v1/predictions', { customer: 'c0', items: ['film7'] })).body
const states = async (habitue: Running) => {
  const { models } = (await habitue.ask('GET', '/v1/models')).body as { models: (ModelInfo & { serving: boolean })[] }
  return models.map(({ name, version, state, serving }) => `${name} ${version} ${state}${serving ? ' serving' : ''}`)
}

forEachRunning((_engine, run) => {
  it('ranks as soon as the ranking is learned, while stars are still being learned; a cancelled training keeps what is made', async () => {
    const habitue = await run()
    await stock(habitue, { customers: 100, share: 0.5 })
    await habitue.ask('POST', '/v1/training')
    const status = async () => (await habitue.ask('GET', '/v1/training')).body
    await expect.poll(async () => (await status()).ready ?? [], { timeout: 30_000, interval: 5 }).toContain('shop')
    await expect.poll(async () => (await home(habitue)).personalised, { interval: 5 }).toBe(true)
    expect((await stars(habitue)).scale).toBeNull()
    expect((await status()).running).toBe(true)
    await habitue.ask('DELETE', '/v1/training')
    await expect.poll(async () => (await status()).running, { interval: 20 }).toBe(false)
    expect(await states(habitue)).toEqual(expect.arrayContaining(['shop 1 ready serving', 'stars 1 cancelled']))

    await habitue.train()
    await expect
      .poll(() => states(habitue))
      .toEqual(expect.arrayContaining(['shop 2 ready serving', 'stars 2 ready serving']))
    const foretold = await stars(habitue)
    expect(foretold).toMatchObject({ personalised: true, model: { version: 2 } })
    const { models } = (await habitue.ask('GET', '/v1/models')).body
    const { report } = models.find(({ name }: { name: string }) => name === 'stars')
    expect(report.heldOut).toBeGreaterThan(100)
    expect(report.rmse).toBeLessThan(report.itemMean)
    expect(report.interval[0]).toBeLessThan(report.rmse)
  })

  it('stops serving what was learned when the last who allowed it withdraws', async () => {
    const strict = { legalBasis: null, consent: { policy: 'eu-strict' } } as const
    const habitue = await run(strict)
    await habitue.ask('POST', '/v1/items', { items: films })
    await consented(habitue, 40, 'granted')
    await stock(habitue, { customers: 40, share: 0.5, spread: 0 })
    await habitue.train()
    await expect.poll(async () => (await home(habitue)).personalised).toBe(true)
    const { dataFile, databaseUrl } = habitue.config
    await habitue.stop()

    const again = await run({ ...strict, dataFile, databaseUrl })
    expect(await states(again)).toContain('shop 1 ready serving')
    await consented(again, 40, 'denied')
    await again.stop()

    const after = await run({ ...strict, dataFile, databaseUrl })
    await expect.poll(() => states(after)).toContain('shop 1 withdrawn')
    await expect.poll(async () => (await home(after)).model.version).toBe(0)
    expect((await stars(after)).model.version).toBe(0)
  })
})
