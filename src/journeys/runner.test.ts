/** Runners beside each other, dead ones, slow ones: whatever they do, an action is asked for under one key, and goes on. */
import { expect, it } from 'vitest'
import { type Config, defaultConfig } from '../config.ts'
import { policyOf } from '../consent/policy.ts'
import { forEachEngine, type Open, type TestDatabase } from '../db/testing.ts'
import { sendTo, track } from '../events/testing.ts'
import { createHandlers } from '../handlers.ts'
import { type SimulatedWorld, simulatedWorld } from '../world.ts'
import type { ActionContext, Actions, Outcome } from './actions.ts'
import { settleByHand, type Write } from './by-hand.ts'
import { compileJourney } from './compile.ts'
import type { StoredInstance } from './instance.ts'
import { beginsOf, hearsOf } from './names.ts'
import { journeyWorks, type Work } from './runner.ts'
import { JourneyShelf } from './shelf.ts'
import { readSource } from './source.ts'

const start = Date.UTC(2025, 0, 10, 12)
const minute = 60_000
const config: Config = { ...defaultConfig, legalBasis: 'contract', timeZone: 'UTC' }

interface Shop {
  readonly db: TestDatabase
  readonly world: SimulatedWorld
  put(id: string, source: string): Promise<void>
  send(event: string, who: string | readonly string[], properties?: object): Promise<void>
  runner(act: (context: ActionContext) => Promise<Outcome>): Runner
  instances(): Promise<StoredInstance[]>
}

interface Runner {
  readonly works: readonly Work[]
  /** Until nothing is due. */
  settle(): Promise<void>
}

async function openShop(open: Open): Promise<Shop> {
  const world = simulatedWorld(5, start)
  const db = await open(createHandlers(config, world), { world })
  const now = () => world.now()
  return {
    db,
    world,
    async put(id, source) {
      const journey = compileJourney(readSource(source), id, 1)
      const { form, purpose } = journey
      const names = { begins: beginsOf(journey), hears: hearsOf(journey) }
      await db.write('journeys.put', { id, doc: JSON.stringify(form), source, purpose, ...names, now: now() })
      await db.write('journeys.state', { id, to: 'active', now: now() })
    },
    async send(event, who, properties = {}) {
      const messages = [who].flat().map((userId) => track(event, { userId }, properties))
      await sendTo(db, messages, { received: now() })
    },
    runner(act) {
      const actions: Actions = { decide: act, message: act, survey: act, task: act, webhook: act, fact: act }
      const runner = world.uuid()
      const onError = (error: unknown) => {
        throw error
      }
      const needs = { db, world, policy: policyOf(config), config, shelf: new JourneyShelf(), runner }
      const works = journeyWorks({ ...needs, actions, onError })
      return { works, settle: () => settle(works, world) }
    },
    instances: async () => (await db.k.selectFrom('journey_instances').selectAll().execute()) as StoredInstance[],
  }
}

async function settle(works: readonly Work[], world: SimulatedWorld): Promise<void> {
  for (let busy = true; busy; ) {
    busy = false
    for (const work of works) {
      const { done, next } = await work.settle(world.now())
      if (done > 0 || (next !== null && next <= world.now())) busy = true
    }
  }
}

const oneTask = 'trigger: { event: Cart Abandoned }\nsteps:\n  - task: { priority: 1, reason: x }\n'
const people = (n: number) => Array.from({ length: n }, (_, i) => `c${i}`)

forEachEngine((engine, open) => {
  it('asks for each action once, however many runners there are', async () => {
    const shop = await openShop(open)
    await shop.put('one', oneTask)
    await shop.put('two', oneTask)
    const asked: string[] = []
    const act = async ({ key }: ActionContext): Promise<Outcome> => {
      asked.push(key)
      await new Promise((resolve) => setTimeout(resolve, asked.length % 3))
      return { kind: 'done' }
    }
    await shop.send('Cart Abandoned', people(60))
    await Promise.all([shop.runner(act), shop.runner(act), shop.runner(act)].map((runner) => runner.settle()))
    expect(asked).toHaveLength(120)
    expect(new Set(asked).size).toBe(120)
    expect((await shop.instances()).every(({ phase }) => phase === 'ended')).toBe(true)
  })

  it('does what a dead runner had claimed when its claim is over, and hears no more of it when it comes back', async () => {
    const shop = await openShop(open)
    await shop.put('one', oneTask)
    let back: (outcome: Outcome) => void = () => {}
    const slow = shop.runner(() => new Promise((resolve) => (back = resolve)))
    const asked: string[] = []
    const other = shop.runner(async ({ key }) => {
      asked.push(key)
      return { kind: 'suppressed', reason: 'known already' }
    })
    await shop.send('Cart Abandoned', 'ann')
    const [inbox, turns] = slow.works
    await inbox.settle(shop.world.now())
    const stopped = turns.settle(shop.world.now())
    await new Promise((resolve) => setTimeout(resolve, 50))
    await other.settle()
    expect(asked).toEqual([])
    shop.world.advance(31_000)
    await other.settle()
    expect(asked).toHaveLength(1)
    const [before] = await shop.instances()
    expect(before).toMatchObject({ phase: 'ended', claim: null })
    back({ kind: 'failed', reason: 'too late' })
    await stopped
    expect(await shop.instances()).toEqual([before])
  })

  it('lets in each of many once, also where a runner died that had claimed the next of them', async () => {
    const shop = await openShop(open)
    await shop.put('many', 'trigger: { event: Go }\npurpose: service\nsteps:\n  - wait: { for: 1 day }\n')
    await shop.send('Go', people(1200))
    const act = async (): Promise<Outcome> => ({ kind: 'done' })
    const [dead, other] = [shop.runner(act), shop.runner(act)]
    expect((await dead.works[0].settle(shop.world.now())).done).toBe(500)
    await other.settle()
    expect(await shop.instances()).toHaveLength(700)
    shop.world.advance(minute)
    await other.settle()
    await dead.settle()
    const entered = (await shop.instances()).map(({ identifier }) => identifier)
    expect([entered.length, new Set(entered).size]).toEqual([1200, 1200])
    expect(await shop.db.k.selectFrom('journey_inbox').select('id').execute()).toEqual([])
  })

  it('keeps what it is still at, however long that takes', async () => {
    const shop = await openShop(open)
    await shop.put('one', oneTask)
    let back: (outcome: Outcome) => void = () => {}
    const slow = shop.runner(({ key }) =>
      key.endsWith('/2/task-1/1') ? Promise.resolve({ kind: 'done' }) : new Promise((resolve) => (back = resolve)),
    )
    const asked: string[] = []
    const other = shop.runner(async ({ key }) => {
      asked.push(key)
      return { kind: 'done' }
    })
    await shop.send('Cart Abandoned', ['ann', 'bob'])
    const [inbox, turns] = slow.works
    await inbox.settle(shop.world.now())
    await turns.settle(shop.world.now())
    const settled: Promise<unknown>[] = []
    for (let n = 0; n < 3; n++) {
      shop.world.advance(20_000)
      settled.push(turns.settle(shop.world.now()))
      await new Promise((resolve) => setTimeout(resolve, 30))
      await other.settle()
      expect(asked).toEqual([])
    }
    back({ kind: 'done' })
    await Promise.all(settled)
    expect((await shop.instances()).map(({ phase }) => phase)).toEqual(['ended', 'ended'])
  })

  it('lets an event that comes while an action is under way end the wait after it', async () => {
    const shop = await openShop(open)
    await shop.put(
      'ask',
      'trigger: { event: Cart Abandoned }\nsteps:\n  - task: { priority: 1, reason: x }\n  - wait: { event: Survey Answered, atMost: 1 day, late: late }\n  - end: answered\n  - name: late\n    end: late\n',
    )
    let done: (outcome: Outcome) => void = () => {}
    const runner = shop.runner(() => new Promise((resolve) => (done = resolve)))
    const [inbox, turns] = runner.works
    await shop.send('Cart Abandoned', 'ann')
    await inbox.settle(shop.world.now())
    const acting = turns.settle(shop.world.now())
    await new Promise((resolve) => setTimeout(resolve, 50))
    shop.world.advance(1000)
    await shop.send('Survey Answered', 'ann', { survey: 's' })
    await inbox.settle(shop.world.now())
    expect(await shop.instances()).toMatchObject([{ phase: 'acting' }])
    done({ kind: 'done' })
    await acting
    shop.world.advance(1000)
    await runner.settle()
    expect(await shop.instances()).toMatchObject([{ phase: 'ended', reason: 'answered' }])
  })

  it('lists what is in doubt and what failed, and goes on as a person says', async () => {
    const shop = await openShop(open)
    await shop.put('one', `${oneTask}  - end: did it\n`)
    const outcomes: Outcome[] = [{ kind: 'in_doubt', reason: 'cut off' }, { kind: 'done' }]
    const asked: string[] = []
    const runner = shop.runner(async ({ key }) => {
      asked.push(key)
      return outcomes.shift() as Outcome
    })
    await shop.send('Cart Abandoned', 'ann')
    await runner.settle()
    shop.world.advance(10 * 24 * 60 * minute)
    await runner.settle()
    expect(await shop.instances()).toMatchObject([{ phase: 'in_doubt', reason: 'cut off', due: null }])
    expect(asked).toHaveLength(1)
    const write: Write = (name, payload) => shop.db.write(name, { ...payload, now: shop.world.now() })
    const means = { db: shop.db, shelf: new JourneyShelf(), write }
    const [{ id }] = await shop.instances()
    await settleByHand(means, { journey: 'one', instance: id, as: 'again' })
    await runner.settle()
    expect(await shop.instances()).toMatchObject([{ phase: 'ended', reason: 'did it' }])
    // Anew, and not once more: under another key.
    expect(new Set(asked).size).toBe(2)
    const settled = settleByHand(means, { journey: 'one', instance: id, as: 'happened' })
    await expect(settled).rejects.toMatchObject({ code: 'conflict' })
  })

  it(`gives each journey its share where one has very many due (${engine})`, async () => {
    const shop = await openShop(open)
    await shop.put('many', oneTask.replace('steps:', 'steps:\n  - wait: { for: 1 h }'))
    await shop.put(
      'few',
      oneTask.replace('Cart Abandoned', 'Checkout Started').replace('steps:', 'steps:\n  - wait: { for: 1 h }'),
    )
    const asked: string[] = []
    const runner = shop.runner(async ({ journey }) => {
      asked.push(journey)
      return { kind: 'done' }
    })
    await shop.send('Cart Abandoned', people(250))
    await shop.send('Checkout Started', 'ann')
    await runner.settle()
    shop.world.advance(60 * minute)
    await runner.settle()
    expect(asked).toHaveLength(251)
    expect(asked.indexOf('few')).toBeLessThan(220)
  })
})
