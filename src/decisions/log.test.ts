/** What is kept of decisions: the log while storage is away, and counts when their time is over. */
import { expect, it } from 'vitest'
import { loadConfig } from '../config.ts'
import { policyOf } from '../consent/policy.ts'
import { insertRows } from '../db/batch.ts'
import type { Handlers } from '../db/database.ts'
import { forEachEngine } from '../db/testing.ts'
import { HabitueError } from '../errors.ts'
import { systemWorld } from '../world.ts'
import { decisionLog, logHandlers } from './log.ts'
import { retentionHandlers } from './retention.ts'

const day = 86_400_000
const policy = policyOf(loadConfig({ legalBasis: 'contract' }, {}))
const handlersOfLog = logHandlers({ policy, world: systemWorld })
const outcomeColumns = ['decision', 'item', 'kind', 'time', 'value', 'message']
const decision = (id: string, more: object = {}) => ({
  id,
  time: 5 * day,
  placement: 'home',
  identifier: null,
  model: '3',
  items: '[[7,1,"because"],[8,0.5,"popular"]]',
  detail: '{}',
  ...more,
})

forEachEngine((_engine, open) => {
  it('waits while storage is away, then stores each decision once, in whichever order writes were tried', async () => {
    let away = true
    const handlers: Handlers = {
      'decisions.log': async (tx, rows) => {
        if (away) throw new HabitueError('storage_unavailable', 'away')
        await handlersOfLog['decisions.log'](tx, rows)
      },
    }
    const db = await open(handlers)
    const errors: unknown[] = []
    const log = decisionLog(db, (error) => errors.push(error))
    for (let i = 0; i < 4500; i++) log.add(decision(`d${i}`))
    await log.flush()
    expect(errors).toHaveLength(1)
    away = false
    log.add(decision('late'))
    await log.flush()
    // A write whose answer was lost is tried again.
    log.add(decision('d0'))
    log.add(decision('d0', { placement: 'cart' }))
    await log.close()
    expect(log.dropped).toBe(0)
    const { count } = await db.k
      .selectFrom('decisions')
      .select((eb) => eb.fn.countAll().as('count'))
      .executeTakeFirstOrThrow()
    expect(Number(count)).toBe(4502)
  })

  it('keeps nothing of a customer who was erased while his decisions waited', async () => {
    const db = await open({
      ...handlersOfLog,
      known: async (tx) => {
        const columns = ['id', 'kind', 'value', 'customer', 'first_seen', 'last_seen']
        await insertRows(tx, 'identifiers', columns, [[7, 'user', 'ann', 1, 0, 0]])
      },
    })
    await db.write('known', {})
    const log = decisionLog(db, () => {})
    for (const [id, identifier] of Object.entries({ known: 7, erased: 8, stranger: null }))
      log.add({ ...decision(id), identifier })
    await log.close()
    const rows = await db.k.selectFrom('decisions').select('id').orderBy('id').execute()
    expect(rows.map(({ id }) => id)).toEqual(['known', 'stranger'])
  })

  it('drops the oldest and counts them rather than fill memory', async () => {
    const db = await open({
      'decisions.log': async () => {
        throw new HabitueError('storage_unavailable', 'away')
      },
    })
    const log = decisionLog(db, () => {})
    const one = decision('d')
    for (let i = 0; i < 205_000; i++) log.add(one)
    expect(log.dropped).toBe(6_000)
    await log.close()
  })

  it('turns old decisions into counts a day, a piece at a time, and drops outcomes of nothing', async () => {
    const db = await open({
      ...handlersOfLog,
      ...retentionHandlers,
      'test.outcomes': (tx, rows) => insertRows(tx, 'outcomes', outcomeColumns, rows),
    })
    const log = decisionLog(db, () => {})
    log.add(decision('a'))
    log.add(decision('a', { placement: 'cart', items: '[[9,1,"together"]]' }))
    log.add(decision('b', { time: 5 * day + 1 }))
    log.add(decision('young', { time: 50 * day }))
    await log.flush()
    await db.write('test.outcomes', [
      ['a', 7, 'view', 6 * day, 0, 'm1'],
      ['a', 7, 'order', 6 * day, 1250, 'm2'],
      ['a', 9, 'view', 6 * day, 0, 'm3'],
      ['b', 8, 'view', 6 * day, 0, 'm4'],
      ['never-made', 7, 'view', 6 * day, 0, 'm5'],
      ['young', 7, 'view', 51 * day, 0, 'm6'],
    ])
    const retain = () => db.write<number>('decisions.retain', { before: 40 * day, limit: 2 })
    expect([await retain(), await retain()]).toEqual([2, 1])
    const days = await db.k.selectFrom('decision_days').selectAll().orderBy('placement').orderBy('kind').execute()
    const counted = days.map(({ placement, kind, count, value }) => [placement, kind, count, value])
    expect(counted).toEqual([
      ['cart', 'decision', 1, 0],
      ['cart', 'shown', 1, 0],
      ['cart', 'view', 1, 0],
      ['home', 'decision', 2, 0],
      ['home', 'order', 1, 1250],
      ['home', 'shown', 4, 0],
      ['home', 'view', 2, 0],
    ])
    expect(days.every((row) => row.day === 5 && row.model === '3')).toBe(true)
    expect((await db.k.selectFrom('decisions').select('id').execute()).map(({ id }) => id)).toEqual(['young'])
    expect((await db.k.selectFrom('outcomes').select('decision').execute()).map((row) => row.decision)).toEqual([
      'young',
    ])
    expect(await retain()).toBe(0)
    await log.close()
  })
})
