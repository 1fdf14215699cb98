/** Stars foretold, over HTTP and on both engines: a new visitor rates films one by one, and the next request knows. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { seededRandom, simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const start = Date.UTC(2026, 0, 10, 8)
const minute = 60_000
const films = Array.from({ length: 24 }, (_, n) => ({
  id: `film${n}`,
  title: `Film ${n}`,
  price: 5,
  categories: [n % 2 === 0 ? 'Comedy' : 'Thriller'],
}))

const rated = (userId: string, n: number, rating: number, at: number) => ({
  type: 'track',
  event: 'Product Rated',
  userId,
  messageId: `${userId}-${n}-${at}`,
  timestamp: new Date(at).toISOString(),
  properties: { product_id: `film${n}`, rating },
})

/** Forty customers, half for comedies and half for thrillers. */
async function stock(habitue: Running): Promise<void> {
  await habitue.ask('POST', '/v1/items', { items: films })
  const random = seededRandom(4)
  const batch = []
  for (let customer = 0; customer < 40; customer++) {
    for (let n = 0; n < films.length; n++) {
      if (random() < 0.5) continue
      const stars = (customer % 2 === n % 2 ? 4 : 1) + (random() < 0.5 ? 1 : 0)
      batch.push(rated(`c${customer}`, n, stars, start - (customer * 24 + n) * minute))
    }
  }
  for (let at = 0; at < batch.length; at += 200) {
    const { status } = await habitue.ask('POST', '/v1/batch', { batch: batch.slice(at, at + 200) })
    expect(status).toBe(200)
  }
}

async function predict(habitue: Running, items: string[], customer = 'mia') {
  const { status, body } = await habitue.ask('POST', '/v1/predictions', { customer, items })
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}

interface TranscriptRow {
  readonly gives: string
  readonly stars: readonly number[]
  readonly reason: string
  readonly list: readonly string[]
}

type Foretold = { expected: number; spread: number; reasons: { text: string }[] }

function row(gives: string, items: readonly Foretold[], list: readonly string[]): TranscriptRow {
  const stars = items.flatMap(({ expected, spread }) => [expected, spread])
  const titles = list.slice(0, 3).map((line) => line.replace(/^film(\d+) .*$/, 'Film $1'))
  return { gives, stars, reason: items[1].reasons[0].text, list: titles }
}

/** The table of the README; other machines round otherwise, so figures may be off a little and neighbours in a list changed. */
function expectAsInReadme(transcript: readonly TranscriptRow[]): void {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const [, , ...lines] = readme.slice(readme.indexOf('| Mia gives')).split('\n\n')[0].split('\n')
  const said = lines.map((line) => line.split('|').map((cell) => cell.trim()))
  const now = transcript.map(({ gives, stars, reason, list }) => {
    const [a, b, c, d] = stars.map((value) => value.toFixed(2).replace(/^0/, ''))
    return `| ${gives} | ${a} ± ${b} | ${c} ± ${d} | ${reason} | ${list.join(', ')} |`
  })
  const told = `the README's table is now:\n${now.join('\n')}`
  expect(said.length, told).toBe(transcript.length)
  said.forEach(([, gives, comedy, thriller, , list], k) => {
    const { stars, gives: gave, list: own } = transcript[k]
    expect(gives, told).toBe(gave)
    for (const [n, value] of `${comedy} ± ${thriller}`.split(' ± ').entries())
      expect(Math.abs(Number(value) - stars[n]), told).toBeLessThan(0.1)
    expect(own.filter((title) => list.split(', ').includes(title)).length, told).toBeGreaterThanOrEqual(2)
  })
}

/** Trains, and waits for what was trained to serve. */
async function trained(habitue: Running): Promise<void> {
  await habitue.train()
  while ((await predict(habitue, ['film0'])).model.version === 0)
    await new Promise((resolve) => setTimeout(resolve, 20))
}

const rate = (habitue: Running, n: number, stars: number, at: number) =>
  habitue.ask('POST', '/v1/batch', { batch: [rated('mia', n, stars, at)] })

forEachRunning((_engine, run) => {
  it('foretells the stars of a new customer better with each that she gives, and says which of hers count', async () => {
    const habitue = await run({}, { world: simulatedWorld(1, start) })
    await stock(habitue)
    const early = await predict(habitue, ['film20'])
    expect(early).toMatchObject({ personalised: false, scale: null, items: [{ id: 'film20', expected: null }] })
    await trained(habitue)
    const stranger = await predict(habitue, ['film20', 'film21'])
    expect(stranger).toMatchObject({ personalised: false, ratings: 0, scale: { lowest: 1, highest: 5, liked: 4 } })
    expect(stranger.reason.code).toBe('unknown')
    const list = async () => {
      const { body } = await habitue.ask('POST', '/v1/recommendations', {
        customer: 'mia',
        placement: 'home',
        count: 5,
      })
      return body.placements.home.items.map(({ id, score }: { id: string; score: number }) => `${id} ${score}`)
    }
    let before = stranger.items
    let shown = await list()
    const transcript = [row('nothing yet', stranger.items, shown)]
    for (const [k, n] of [1, 3, 5, 0, 2].entries()) {
      await rate(habitue, n, n % 2 === 1 ? 5 : 1, start + k * minute)
      const now = await predict(habitue, ['film20', 'film21'])
      expect(now).toMatchObject({ personalised: true, ratings: k + 1 })
      expect(now.items.map((item: { expected: number }) => item.expected)).not.toEqual(
        before.map((item: { expected: number }) => item.expected),
      )
      before = now.items
      const after = await list()
      expect(after).not.toEqual(shown)
      shown = after
      transcript.push(
        row(`${n % 2 === 1 ? 5 : 1} for Film ${n}, a ${n % 2 === 1 ? 'thriller' : 'comedy'}`, now.items, shown),
      )
    }
    expectAsInReadme(transcript)
    const [comedy, thriller] = before
    expect(thriller.expected).toBeGreaterThan(comedy.expected + 1)
    expect(thriller.liked).toBeGreaterThan(0.5)
    expect(comedy.liked).toBeLessThan(thriller.liked)
    expect(thriller.spread).toBeGreaterThan(0)
    const [reason] = thriller.reasons
    expect(reason.kind).toBe('because')
    expect(['film0', 'film1', 'film2', 'film3', 'film5']).toContain(reason.because[0].id)
    expect(reason.text).toMatch(/^You gave [15] for Film \d/)
  }, 60_000)

  it('asks for permission: what a customer who refused has rated is not used', async () => {
    const habitue = await run({}, { world: simulatedWorld(1, start) })
    await stock(habitue)
    await trained(habitue)
    const known = await predict(habitue, ['film20', 'film21'], 'c0')
    expect(known).toMatchObject({ personalised: true })
    expect(known.items[0].expected).toBeGreaterThan(known.items[1].expected + 1)
    await habitue.ask('PUT', '/v1/customers/c0/consent', { answers: { personalisation: 'denied' } })
    const refused = await predict(habitue, ['film20', 'film21'], 'c0')
    expect(refused).toMatchObject({ personalised: false, ratings: 0, reason: { code: 'denied' } })
    expect(Math.abs(refused.items[0].expected - refused.items[1].expected)).toBeLessThan(1)
    expect((await habitue.ask('POST', '/v1/predictions', { customer: 'c1', items: ['nothing'] })).status).toBe(404)
    const page = await habitue.key('publishable', ['https://shop.example'])
    expect((await habitue.ask('POST', '/v1/predictions', { customer: 'c1', items: ['film1'] }, page)).status).toBe(403)
  }, 60_000)

  it('goes by what he told of himself where the operator listed it, before his first rating', async () => {
    const habitue = await run(
      { firstGuess: { traits: { club: true, faith: false } } },
      { world: simulatedWorld(1, start) },
    )
    await stock(habitue)
    const tell = (userId: string, side: number) => ({
      type: 'identify',
      userId,
      messageId: `told-${userId}`,
      timestamp: new Date(start - minute).toISOString(),
      traits: { club: side === 0 ? 'comedians' : 'detectives', faith: side === 0 ? 'one' : 'other' },
    })
    const batch = Array.from({ length: 40 }, (_, customer) => tell(`c${customer}`, customer % 2))
    await habitue.ask('POST', '/v1/batch', { batch: [...batch, tell('new0', 0), tell('new1', 1)] })
    await trained(habitue)
    const [comedian, detective] = [
      await predict(habitue, ['film20'], 'new0'),
      await predict(habitue, ['film20'], 'new1'),
    ]
    expect(comedian).toMatchObject({ personalised: true, ratings: 0 })
    expect(comedian.items[0].expected).toBeGreaterThan(detective.items[0].expected + 0.5)
    // A reason never says what he is.
    expect(comedian.items[0].reasons).toEqual([{ kind: 'others', text: 'From what others gave it' }])
  }, 60_000)
})
