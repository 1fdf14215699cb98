/** Memory as a developer, an agent and a customer meet it: facts over HTTP, on both engines. */
import { expect, it } from 'vitest'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const start = Date.UTC(2026, 0, 10, 12)
const day = 86_400_000

const tell = (habitue: Running, fact: object, who = 'zoe') => habitue.ask('POST', `/v1/customers/${who}/facts`, fact)
const memory = async (habitue: Running, at = '', who = 'zoe') =>
  (await habitue.ask('GET', `/v1/customers/${who}/memory${at === '' ? '' : `?at=${at}`}`)).body
const facts = async (habitue: Running, who = 'zoe') =>
  (await habitue.ask('GET', `/v1/customers/${who}/facts`)).body.facts
const iso = (time: number) => new Date(time).toISOString()

/** All sentences of the document. */
const sentences = (document: { memory: Record<string, { text: string }[]> }) =>
  Object.entries(document.memory).flatMap(([part, list]) => (part === 'consent' ? [] : list.map(({ text }) => text)))

const rebuilt = async (habitue: Running) => expect((await habitue.ask('POST', '/v1/rebuild')).body.changed).toEqual([])

forEachRunning((_engine, run) => {
  it('keeps what was told, says since when and from where, and finds it again after a rebuild', async () => {
    const world = simulatedWorld(1, start)
    const habitue = await run({}, { world })
    const told = await tell(habitue, { kind: 'size', subject: 'shirts', value: 'M', channel: 'agent' })
    expect(told.status).toBe(201)
    expect(told.body).toMatchObject({ kind: 'size', subject: 'shirts', value: 'M', provenance: 'told', confidence: 1 })
    await tell(habitue, { kind: 'quirk', value: 'Never call before ten.' })
    const condition = { temperature: { max: 8 }, weekday: ['Sunday'] }
    await tell(habitue, { kind: 'usual', subject: 'coffee', value: 'latte', condition })
    const before = await memory(habitue)
    expect(sentences(before)).toEqual([
      'The usual coffee: latte, below 8 °C, on sunday',
      '“Never call before ten.”',
      'Size M in shirts',
    ])
    expect(before.memory.taste[2]).toMatchObject({ from: 'noted by whoever served him', validFrom: iso(start) })
    await rebuilt(habitue)
    expect(await memory(habitue)).toEqual(before)
    expect(before.identifiers).toMatchObject([{ kind: 'user', value: 'zoe' }])
  })

  it('lets told beat observed beat inferred, newer beat older, and says which won and why', async () => {
    const world = simulatedWorld(2, start)
    const habitue = await run({}, { world })
    const size = (value: string, more: object = {}) =>
      tell(habitue, { kind: 'size', subject: 'shirts', value, ...more })
    await size('S')
    world.advance(day)
    await size('L', { provenance: 'inferred', confidence: 0.6 })
    world.advance(day)
    await size('XL', { provenance: 'observed', confidence: 0.8 })
    expect((await facts(habitue))[0]).toMatchObject({
      value: 'S',
      why: 'told beats observed; told beats inferred',
      history: [
        { value: 'XL', lost: 'told beats observed' },
        { value: 'L', lost: 'told beats inferred' },
      ],
    })
    await size('M')
    const [won] = await facts(habitue)
    expect(won).toMatchObject({ value: 'M', validFrom: iso(start + 2 * day) })
    expect(won.history).toContainEqual(expect.objectContaining({ value: 'S', lost: 'newer beats older' }))
    expect((await memory(habitue, iso(start + day / 2))).memory.taste).toMatchObject([{ value: 'S' }])
    // What lost can be deleted alone; and what was only seen can be corrected.
    const seen = won.history.find(({ value }: { value: string }) => value === 'XL')
    expect((await habitue.ask('DELETE', `/v1/customers/zoe/facts/${seen.id}`)).status).toBe(204)
    const [left] = await facts(habitue)
    expect(left.value).toBe('M')
    expect(left.history.map(({ value }: { value: string }) => value)).toEqual(['L', 'S'])
    await rebuilt(habitue)
    expect(await facts(habitue)).toEqual([left])
  })

  it('is surer of what was told lately than of what was told long ago, unless it was told again', async () => {
    const world = simulatedWorld(3, start)
    const habitue = await run({}, { world })
    await tell(habitue, { kind: 'size', subject: 'shoes', value: '42' })
    await tell(habitue, { kind: 'allergy', subject: 'nuts', value: true })
    world.advance(730 * day)
    const [shoes, nuts] = await facts(habitue)
    expect(shoes.confidence).toBeCloseTo(0.5, 2)
    expect(nuts.confidence).toBe(1)
    await tell(habitue, { kind: 'size', subject: 'shoes', value: '42' })
    const [again] = await facts(habitue)
    expect(again).toMatchObject({ confidence: 1, validFrom: iso(start), lastConfirmed: iso(start + 730 * day) })
  })

  it('does not bring back what was deleted or corrected: not now, not in the past, not by a rebuild', async () => {
    const world = simulatedWorld(4, start)
    const habitue = await run({}, { world })
    const secret = await tell(habitue, { kind: 'quirk', value: 'Blue elephants frighten me.' })
    const size = await tell(habitue, { kind: 'size', subject: 'shirts', value: 'Tiny' })
    world.advance(day)
    expect((await habitue.ask('DELETE', `/v1/customers/zoe/facts/${secret.body.id}`)).status).toBe(204)
    const corrected = await habitue.ask('PATCH', `/v1/customers/zoe/facts/${size.body.id}`, { value: 'Huge' })
    expect(corrected.body).toMatchObject({ kind: 'size', subject: 'shirts', value: 'Huge' })
    const gone = (text: unknown) => expect(JSON.stringify(text)).not.toMatch(/elephants|Tiny/)
    for (const when of ['', iso(start + day / 2), iso(start)]) gone(await memory(habitue, when))
    await rebuilt(habitue)
    gone(await memory(habitue))
    gone(await facts(habitue))
    gone((await habitue.ask('GET', '/v1/customers/zoe/timeline')).body)
    expect(sentences(await memory(habitue))).toEqual(['Size Huge in shirts'])
    // Neither is it observed or inferred again; told anew it may be.
    await tell(habitue, { kind: 'quirk', value: 'Blue elephants frighten me.', provenance: 'inferred' })
    gone(await facts(habitue))
    await tell(habitue, { kind: 'quirk', value: 'Blue elephants frighten me.' })
    expect(sentences(await memory(habitue))).toContain('“Blue elephants frighten me.”')
    expect((await habitue.ask('DELETE', `/v1/customers/zoe/facts/${secret.body.id}`)).status).toBe(404)
  })

  it('refuses what has not the form of its kind, and a card number, with the field', async () => {
    const habitue = await run()
    const wrong = [
      [{ kind: 'size', subject: 'shirts', value: 7 }, 'invalid_fact'],
      [{ kind: 'size', value: 'M' }, 'invalid_fact'],
      [{ kind: 'preference', subject: 'x', value: 'adores' }, 'invalid_fact'],
      [{ kind: 'occasion', subject: 'birthday', value: { date: '31-12' } }, 'invalid_fact'],
      [{ kind: 'quirk', value: 'x', condition: { weekday: 'someday' } }, 'invalid_fact'],
      [{ kind: 'quirk', value: 'x', condition: { temperature: { min: 9, max: 3 } } }, 'invalid_fact'],
      [{ kind: 'question', subject: 'x', value: { state: 'asked' } }, 'invalid_fact'],
      [{ kind: 'payment', subject: 'card', value: { token: '4111 1111 1111 1111' } }, 'card_number'],
      [{ kind: 'allergy', subject: 'nuts', value: true, provenance: 'inferred' }, 'invalid_fact'],
      [{ kind: 'soul', value: 'x' }, 'invalid_body'],
    ] as const
    for (const [fact, code] of wrong) {
      const { status, body } = await tell(habitue, fact)
      expect([status, body.error.code], JSON.stringify(fact)).toEqual([400, code])
    }
    expect((await habitue.ask('GET', '/v1/customers/zoe/memory')).status).toBe(404)
  })

  it('says what may be done, and who said so', async () => {
    const world = simulatedWorld(6, start)
    const habitue = await run({}, { world })
    await tell(habitue, { kind: 'language', value: 'de' })
    const before = (await memory(habitue)).memory.consent
    expect(before[0]).toMatchObject({ purpose: 'service', allowed: true, from: 'the shop’s policy' })
    world.advance(day)
    await habitue.ask('POST', '/v1/customers/zoe/consent', { answers: { personalisation: 'denied' } })
    const of = async (at = '') =>
      (await memory(habitue, at)).memory.consent.find(
        ({ purpose }: { purpose: string }) => purpose === 'personalisation',
      )
    expect(await of()).toMatchObject({ allowed: false, answered: iso(start + day) })
    expect(await of(iso(start))).toMatchObject({ allowed: true })
  })

  it('lets facts about other people end by themselves', async () => {
    const world = simulatedWorld(5, start)
    const habitue = await run({}, { world })
    await tell(habitue, { kind: 'occasion', subject: 'birthday', recipient: 'Ada', value: { date: '03-01' } })
    await tell(habitue, {
      kind: 'recipient',
      subject: 'Ada',
      value: { relation: 'sister' },
      expires: iso(start + 30 * day),
    })
    expect(sentences(await memory(habitue))).toEqual(['Buys for Ada (sister)', 'birthday of Ada: 03-01'])
    world.advance(31 * day)
    expect(sentences(await memory(habitue))).toEqual(['birthday of Ada: 03-01'])
    world.advance(2 * 365 * day)
    expect(sentences(await memory(habitue))).toEqual([])
  })
})
