import fc from 'fast-check'
import { expect, it } from 'vitest'
import * as batch from './batch.ts'
import type { Handlers, Tx } from './database.ts'
import { forEachEngine } from './testing.ts'

/** Runs the body that a test sets; a payload cannot carry a function to a handler. */
function workbench(): { handlers: Handlers; act: (body: (tx: Tx) => Promise<unknown>) => void } {
  let body: (tx: Tx) => Promise<unknown> = async () => {}
  return {
    handlers: { act: (tx) => body(tx) },
    act: (next) => {
      body = next
    },
  }
}

const fold: batch.FoldSpec = {
  key: ['identifier', 'recipient', 'item'],
  add: ['views', 'bought'],
  min: ['bought_first'],
  max: ['view_last', 'bought_last'],
  set: ['wished'],
  latest: { columns: ['rating'], by: ['rating_time', 'rating_message'] },
}

interface FoldRow extends Record<string, unknown> {
  identifier: number
  recipient: string
  item: number
  views: number
  bought: number
  bought_first: number
  view_last: number
  bought_last: number
  wished: number
  rating: number | null
  rating_time: number
  rating_message: string
}

const foldRow: fc.Arbitrary<FoldRow> = fc.record({
  identifier: fc.integer({ min: 1, max: 3 }),
  recipient: fc.constantFrom('', 'Ünal "x\\y"', '{a,b}'),
  item: fc.integer({ min: 1, max: 3 }),
  views: fc.integer({ min: 0, max: 5 }),
  bought: fc.integer({ min: -3, max: 3 }),
  bought_first: fc.integer({ min: 0, max: 2 ** 50 }),
  view_last: fc.integer({ min: 0, max: 2 ** 50 }),
  bought_last: fc.integer({ min: 0, max: 9 }),
  wished: fc.integer({ min: 0, max: 9 }),
  rating: fc.option(fc.constantFrom(0.5, 3, 4.25)),
  rating_time: fc.integer({ min: 1, max: 3 }),
  // Orders differently as UTF-16 and as UTF-8: the second is U+FF5E, the third beyond the basic plane.
  rating_message: fc.constantFrom('a', '～', '😀', 'B'),
})

function model(rows: readonly FoldRow[]): FoldRow[] {
  const byKey = new Map<string, FoldRow>()
  for (const row of rows) {
    const key = JSON.stringify([row.identifier, row.recipient, row.item])
    const a = byKey.get(key)
    if (!a) {
      byKey.set(key, { ...row })
      continue
    }
    a.views += row.views
    a.bought += row.bought
    a.bought_first = Math.min(a.bought_first, row.bought_first)
    a.view_last = Math.max(a.view_last, row.view_last)
    a.bought_last = Math.max(a.bought_last, row.bought_last)
    a.wished = row.wished
    const [textA, textB] = [Buffer.from(a.rating_message), Buffer.from(row.rating_message)]
    const later = row.rating_time - a.rating_time || Buffer.compare(textB, textA)
    if (later > 0)
      Object.assign(a, { rating: row.rating, rating_time: row.rating_time, rating_message: row.rating_message })
  }
  return [...byKey.values()]
}

const sorted = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row, Object.keys(row).sort())).sort()

forEachEngine((_engine, open) => {
  it('folds rows in any number of calls as the plain rules say', async () => {
    const { handlers, act } = workbench()
    const db = await open(handlers)
    const columns = Object.keys(fc.sample(foldRow, { numRuns: 1, seed: 1 })[0])
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(foldRow, { maxLength: 12 }), { maxLength: 4 }), async (calls) => {
        act(async (tx) => {
          await tx.k.deleteFrom('interactions').execute()
          for (const rows of calls) await batch.upsertFold(tx, 'interactions', fold, rows)
        })
        await db.write('act', null)
        const stored = await db.k
          .selectFrom('interactions')
          .select(columns as 'item'[])
          .execute()
        expect(sorted(stored)).toEqual(sorted(model(calls.flat())))
      }),
      { numRuns: 60, seed: 7 },
    )
  })

  it('gives whoever reads at the same time what he would get alone', async () => {
    const { handlers, act } = workbench()
    const db = await open(handlers)
    const rows = Array.from({ length: 12 }, (_, i) => [i % 4, `trait ${i % 3}`, `"${i}"`, '', 1 + i, `m${i}`])
    const columns = ['identifier', 'name', 'value', 'search', 'time', 'message']
    act((tx) => batch.upsertRows(tx, 'traits', ['identifier', 'name'], columns, rows))
    await db.write('act', null)
    const byIdentifier = (ids: readonly number[]) =>
      batch.selectByKeys<object>(
        db,
        'traits',
        ['identifier'],
        ids.map((id) => [id]),
        ['name', 'value'],
      )
    const byName = (id: number, name: string) =>
      batch.selectByKeys<object>(db, 'traits', ['identifier', 'name'], [[id, name]], ['value', 'identifier'])
    const asked = [[0, 1], [1], [7], [], [3, 2, 1], [1]]
    const alone: object[][] = []
    for (const ids of asked) alone.push(await byIdentifier(ids))
    const both = await Promise.all([...asked.map(byIdentifier), byName(2, 'trait 0'), byName(9, 'x'), byName(2, 'no')])
    expect(both.slice(0, asked.length).map(sorted)).toEqual(alone.map(sorted))
    expect(alone.map((found) => found.length)).toEqual([6, 3, 0, 0, 9, 3])
    expect(both.slice(asked.length)).toEqual([await byName(2, 'trait 0'), [], []])
    // Their own rows: what one does with his is nothing to another.
    expect(both[1][0]).not.toBe(both[5][0])
    const wrong = byName(2, 'a nul \u0000, which PostgreSQL refuses')
    const [right] = await Promise.all([byName(2, 'trait 0'), wrong.catch(() => [])])
    expect(right).toHaveLength(1)
  })

  it('treats null as neutral in add, min and max', async () => {
    const { handlers, act } = workbench()
    const db = await open(handlers)
    const spec = {
      key: ['item'],
      add: ['stock'],
      min: ['available_from'],
      max: ['available_until'],
      set: ['created', 'updated'],
    }
    const row = (n: number | null) => ({
      item: 'a',
      stock: n,
      available_from: n,
      available_until: n,
      created: 1,
      updated: 1,
    })
    const read = () =>
      db.k.selectFrom('items').select(['stock', 'available_from', 'available_until']).executeTakeFirst()
    for (const calls of [[[null], [null], [5], [null], [3]], [[null, 5, null, 3]]]) {
      act(async (tx) => {
        await tx.k.deleteFrom('items').execute()
        for (const values of calls) await batch.upsertFold(tx, 'items', spec, values.map(row))
      })
      await db.write('act', null)
      expect(await read()).toEqual({ stock: 8, available_from: 3, available_until: 5 })
    }
  })

  it('gives ids in the order of the rows', async () => {
    const { handlers, act } = workbench()
    const db = await open(handlers)
    const names = Array.from({ length: 6000 }, (_, i) => `item ${(i * 7919) % 6000}`)
    act(async (tx) => {
      const rows = names.map((name) => [name, 1, 2])
      return batch.insertReturningIds(tx, 'items', ['item', 'created', 'updated'], rows)
    })
    const ids = await db.write<number[]>('act', null)
    const stored = await db.k.selectFrom('items').select(['id', 'item']).execute()
    const nameOf = new Map(stored.map(({ id, item }) => [id, item]))
    expect(ids.map((id) => nameOf.get(id))).toEqual(names)
  })

  it('says which keys are new, the first of a kind only', async () => {
    const { handlers, act } = workbench()
    const db = await open(handlers)
    const known = new Set<string>()
    const key = fc.uint8Array({ minLength: 1, maxLength: 1, max: 20 })
    await fc.assert(
      fc.asyncProperty(fc.array(key, { maxLength: 8 }), async (keys) => {
        act((tx) => batch.insertNew(tx, 'seen', 'key', keys))
        const expected = keys.map((k) => {
          const text = String(k)
          const isNew = !known.has(text)
          known.add(text)
          return isNew
        })
        expect(await db.write('act', null)).toEqual(expected)
      }),
      { numRuns: 30, seed: 3 },
    )
  })

  it('selects, overwrites and deletes by tuples of keys', async () => {
    const { handlers, act } = workbench()
    const db = await open(handlers)
    const stored = new Map<string, unknown[]>()
    const tuple = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom('x', 'y', "z'"))
    const step = fc.record({
      put: fc.array(
        fc.tuple(
          tuple,
          fc.string({ unit: 'grapheme', maxLength: 5 }).filter((s) => !s.includes('\0')),
        ),
      ),
      drop: fc.array(tuple, { maxLength: 2 }),
      ask: fc.array(tuple, { maxLength: 5 }),
    })
    await fc.assert(
      fc.asyncProperty(step, async ({ put, drop, ask }) => {
        act(async (tx) => {
          const rows = put.map(([[identifier, name], value]) => [identifier, name, value, 1, 'm'])
          await batch.upsertRows(
            tx,
            'traits',
            ['identifier', 'name'],
            ['identifier', 'name', 'value', 'time', 'message'],
            rows,
          )
          await batch.deleteByKeys(tx, 'traits', ['identifier', 'name'], drop)
        })
        await db.write('act', null)
        for (const [[identifier, name], value] of put) stored.set(`${identifier} ${name}`, [identifier, name, value])
        for (const [identifier, name] of drop) stored.delete(`${identifier} ${name}`)
        const columns = ['identifier', 'name', 'value']
        const found = await batch.selectByKeys<object>(db, 'traits', ['identifier', 'name'], ask, columns)
        const wanted = new Set(ask.map(([identifier, name]) => `${identifier} ${name}`))
        const expected = [...stored].filter(([key]) => wanted.has(key)).map(([, row]) => row)
        expect(found.map((row) => JSON.stringify(Object.values(row))).sort()).toEqual(
          expected.map((row) => JSON.stringify(row)).sort(),
        )
        const ofFirst = await batch.selectByKeys<{ identifier: number }>(
          db,
          'traits',
          ['identifier'],
          [[1], [1]],
          ['identifier'],
        )
        expect(ofFirst.length).toBe([...stored.values()].filter(([identifier]) => identifier === 1).length)
      }),
      { numRuns: 40, seed: 11 },
    )
  })

  it('inserts what is missing, and overwrites only rows that are as the key says', async () => {
    const { handlers, act } = workbench()
    const db = await open(handlers)
    const columns = ['journey', 'due', 'turn', 'after_id']
    let kept: boolean[] = []
    act(async (tx) => {
      await batch.insertMissing(tx, 'journey_schedules', ['journey'], columns, [
        ['b', 1, 1, 0],
        ['a', 1, 1, 0],
      ])
      await batch.insertMissing(tx, 'journey_schedules', ['journey'], columns, [
        ['c', 2, 1, 0],
        ['a', 9, 9, 9],
      ])
      kept = await batch.updateByKeys(
        tx,
        'journey_schedules',
        ['journey', 'turn'],
        ['due', 'turn'],
        [
          ['c', 1, 7, 2],
          ['a', 5, 8, 6],
          ['nobody', 1, 8, 2],
          ['b', 1, 9, 2],
        ],
      )
    })
    await db.write('act', null)
    expect(kept).toEqual([true, false, false, true])
    const rows = await db.k
      .selectFrom('journey_schedules')
      .select(['journey', 'due', 'turn'])
      .orderBy('journey')
      .execute()
    expect(rows).toEqual([
      { journey: 'a', due: 1, turn: 1 },
      { journey: 'b', due: 9, turn: 2 },
      { journey: 'c', due: 7, turn: 2 },
    ])
  })

  it('reads by a held statement', async () => {
    const db = await open()
    const rows = await batch.heldQuery<{ value: string }>(db, 'select value from meta where key = ?', [
      'schema_version',
    ])
    expect(rows).toEqual([{ value: expect.stringMatching(/^\d+$/) }])
  })
})
