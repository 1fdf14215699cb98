import { expect, it } from 'vitest'
import { insertRows } from '../db/batch.ts'
import { forEachEngine } from '../db/testing.ts'
import { ledKey, ledThere } from './led.ts'

const day = 86_400_000
const now = 400 * day

forEachEngine((_engine, open) => {
  it('is the placement of the latest list that showed an item which its customer then cared for', async () => {
    const db = await open({
      told: async (tx) => {
        const people = [
          [7, 'user', 'ann', 1, 0, 0],
          [8, 'anonymous', 'phone', 1, 0, 0],
          [9, 'user', 'bob', 2, 0, 0],
        ]
        await insertRows(tx, 'identifiers', ['id', 'kind', 'value', 'customer', 'first_seen', 'last_seen'], people)
        const shown = (...items: number[]) => JSON.stringify(items.map((item) => [item, 1, 'taste']))
        await insertRows(
          tx,
          'decisions',
          ['id', 'time', 'placement', 'identifier', 'model', 'items', 'detail'],
          [
            ['old', now - 9 * day, 'items', 7, '1', shown(50, 51), '{}'],
            ['new', now - 2 * day, 'home', 8, '1', shown(50), '{}'],
            ['new', now - 2 * day, 'cart', 8, '1', shown(52), '{}'],
            ['nobody', now - day, 'home', null, '1', shown(51), '{}'],
            ['ages', now - 300 * day, 'home', 9, '1', shown(50), '{}'],
          ],
        )
        await insertRows(
          tx,
          'outcomes',
          ['decision', 'item', 'kind', 'time', 'value', 'message'],
          [
            ['old', 50, 'click', now - 9 * day, 0, 'a'],
            ['old', 51, 'order', now - 8 * day, 5, 'b'],
            ['new', 50, 'view', now - 2 * day, 0, 'c'],
            ['new', 52, 'cart', now - 2 * day, 0, 'd'],
            ['nobody', 51, 'click', now - day, 0, 'e'],
            ['new', 53, 'seen', now - day, 0, 'f'],
            ['ages', 50, 'click', now - 300 * day, 0, 'g'],
          ],
        )
      },
    })
    await db.write('told', {})
    const led = await ledThere(db, (item) => (item === 52 ? 60 : item), now)
    expect([...led].sort()).toEqual([
      [ledKey(1, 50), 'home'],
      [ledKey(1, 51), 'items'],
      [ledKey(1, 60), 'cart'],
    ])
  })
})
