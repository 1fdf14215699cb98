import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Database } from '../db/database.ts'
import { forEachEngine } from '../db/testing.ts'
import { simulatedWorld } from '../world.ts'
import { type Catalogue, loadCatalogue } from './catalogue.ts'
import { parseItem } from './item.ts'
import { type NamedProduct, resolveProducts } from './products.ts'
import { countItems, listItems, readItem } from './read.ts'
import { audiencesHandler, patchHandler, removeHandler, type UpsertAnswer, upsertHandler } from './store.ts'

const world = simulatedWorld(1)
const settings = { world, currency: 'EUR' }
const handlers = {
  upsert: upsertHandler(settings),
  patch: patchHandler(settings),
  remove: removeHandler(settings),
  audiences: audiencesHandler,
  resolve: (tx: Parameters<typeof resolveProducts>[0], products: NamedProduct[]) =>
    resolveProducts(tx, products, world).then(({ ids }) => ids),
  fail: async (tx: Parameters<typeof resolveProducts>[0], products: NamedProduct[]) => {
    await resolveProducts(tx, products, world)
    throw new Error('undone')
  },
}

const named = (...names: string[]): NamedProduct => ({
  names,
  title: null,
  category: null,
  price: null,
  currency: null,
})

function use(db: Database) {
  return {
    upsert: (items: object[], mode?: 'merge' | 'replace') =>
      db.write<UpsertAnswer>('upsert', { items: items.map(parseItem), mode }),
    patch: (id: string, patch: object) => db.write('patch', { id, patch }),
    remove: (ids: string[], mode: 'hide' | 'delete') => db.write('remove', { ids, mode }),
    resolve: (...products: NamedProduct[]) => db.write<number[]>('resolve', products),
  }
}

/** A catalogue that follows the database as the engine's does. */
async function following(db: Database): Promise<() => Promise<Catalogue>> {
  const catalogue = await loadCatalogue(db)
  db.onChange((changes) => {
    for (const key of changes.get('items') ?? []) catalogue.markChanged(key)
  })
  return async () => {
    await catalogue.upToDate(db)
    return catalogue
  }
}

forEachEngine((_engine, open) => {
  describe('the catalogue', () => {
    it('is written in bulk, and an item that says nothing new is left alone', async () => {
      const db = await open(handlers)
      const { upsert } = use(db)
      const items = Array.from({ length: 1200 }, (_, i) => ({ id: `i${i}`, title: `Item ${i}`, price: i }))
      expect(await upsert(items)).toEqual({ created: 1200, updated: 0, unchanged: 0, conflicts: [] })
      let told = 0
      db.onChange((changes) => {
        told += changes.get('items')?.size ?? 0
      })
      expect(await upsert([...items.slice(0, 900), { id: 'i900', stock: 0 }])).toMatchObject({
        updated: 1,
        unchanged: 900,
      })
      expect(told).toBe(1)
      expect(await readItem(db, 'i900')).toMatchObject({ title: 'Item 900', price: 900, stock: 0 })
    })

    it('replaces where asked to, merges where not, and of two of one id applies both', async () => {
      const db = await open(handlers)
      const { upsert } = use(db)
      await upsert([
        { id: 'a', title: 'A', stock: 1 },
        { id: 'a', price: 2 },
      ])
      expect(await readItem(db, 'a')).toMatchObject({ title: 'A', stock: 1, price: 2 })
      await upsert([{ id: 'a', title: 'B' }], 'replace')
      const view = await readItem(db, 'a')
      expect(view).toMatchObject({ title: 'B' })
      expect(view).not.toHaveProperty('stock')
      expect(view).not.toHaveProperty('price')
    })

    it('is patched by id or further name, never shows a cost, and says so when nothing is called so', async () => {
      const db = await open(handlers)
      const { upsert, patch } = use(db)
      await upsert([{ id: 'a', title: 'A', cost: 3, price: 5, names: ['sku-a'] }])
      await patch('sku-a', { stock: 0, cost: 4 })
      expect(await readItem(db, 'a')).toEqual(await readItem(db, 'sku-a'))
      expect(JSON.stringify(await listItems(db, {}, 0))).not.toContain('cost')
      await expect(patch('b', { stock: 0 })).rejects.toMatchObject({ code: 'unknown_item' })
      expect(await readItem(db, 'b')).toBeNull()
    })

    it('is listed in pages, searched and counted', async () => {
      const db = await open(handlers)
      const { upsert, resolve } = use(db)
      await upsert([
        { id: 'a', title: 'Dark ROAST 100%', categories: ['Coffee'], names: ['sku-a'] },
        { id: 'b', title: 'Light roast', categories: ['Coffee', 'New'], stock: 0 },
        { id: 'c', title: 'Tulips', hidden: true },
      ])
      await resolve(named('d'))
      const ids = async (query: object) => (await listItems(db, query, 0)).items.map(({ id }) => id)
      expect(await ids({})).toEqual(['a', 'b', 'c', 'd'])
      expect(await ids({ search: 'roast' })).toEqual(['a', 'b'])
      expect(await ids({ search: '0%' })).toEqual(['a'])
      expect(await ids({ search: '_ight' })).toEqual([])
      expect(await ids({ search: 'sku-a' })).toEqual(['a'])
      expect(await ids({ category: 'New' })).toEqual(['b'])
      expect(await ids({ status: 'sellable' })).toEqual(['a', 'd'])
      expect(await ids({ status: 'out-of-stock' })).toEqual(['b'])
      expect(await ids({ status: 'provisional' })).toEqual(['d'])
      const first = await listItems(db, { limit: 3 }, 0)
      expect(await ids({ after: first.next })).toEqual(['d'])
      expect(await countItems(db)).toMatchObject({
        items: 4,
        provisional: 1,
        hidden: 1,
        outOfStock: 1,
        withoutTitle: 1,
      })
    })
  })

  describe('an item that must not be shown', () => {
    it('is not sellable from the next look on: sold out, hidden, expired, not yet there, deleted', async () => {
      const db = await open(handlers)
      const { upsert, patch, remove } = use(db)
      const now = Date.UTC(2025, 5, 1)
      await upsert(['a', 'b', 'c', 'd', 'e', 'f'].map((id) => ({ id, title: id })))
      const look = await following(db)
      const sellable = async () => {
        const catalogue = await look()
        return [...catalogue.ids()].filter((id) => catalogue.sellable(id, now)).map((id) => catalogue.shopId(id))
      }
      expect(await sellable()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
      await patch('a', { stock: 0 })
      await patch('b', { hidden: true })
      expect(await sellable()).toEqual(['c', 'd', 'e', 'f'])
      await patch('c', { availableUntil: '2025-06-01T00:00:00.000Z' })
      await patch('d', { availableFrom: '2025-06-02T00:00:00.000Z' })
      expect(await sellable()).toEqual(['e', 'f'])
      await remove(['e'], 'hide')
      await remove(['f', 'nothing'], 'delete')
      expect(await sellable()).toEqual([])
      await patch('a', { stock: 1 })
      expect(await sellable()).toEqual(['a'])
    })

    it('stays deleted when an old event names it, and comes back when the shop describes it again', async () => {
      const db = await open(handlers)
      const { upsert, remove, resolve } = use(db)
      await upsert([{ id: 'a', title: 'A', price: 1, names: ['sku'] }])
      const [id] = await resolve(named('a'))
      expect(await remove(['a'], 'delete')).toEqual({ removed: 1, unknown: [] })
      expect(await readItem(db, 'a')).toBeNull()
      expect((await listItems(db, {}, 0)).items).toEqual([])
      expect(await resolve(named('a'))).toEqual([id])
      const look = await following(db)
      expect((await look()).sellable(id, 0)).toBe(false)
      await upsert([{ id: 'a', title: 'A again' }])
      expect((await look()).sellable(id, 0)).toBe(true)
      expect(await readItem(db, 'a')).toMatchObject({ title: 'A again' })
      expect(await readItem(db, 'a')).not.toHaveProperty('price')
    })
  })

  describe('products that events name', () => {
    it('become provisional items once, with what the event said', async () => {
      const db = await open(handlers)
      const { resolve } = use(db)
      const beans = { names: ['p1', 's1'], title: 'Beans', category: 'Coffee', price: 1250, currency: 'EUR' }
      const [a, b, again] = await resolve(named('p1'), named('p2'), beans)
      expect(again).toBe(a)
      expect(b).not.toBe(a)
      expect(await resolve(named('p2'), named('p1'))).toEqual([b, a])
      expect(await readItem(db, 'p1')).toMatchObject({
        title: 'Beans',
        price: 12.5,
        categories: ['Coffee'],
        provisional: true,
      })
    })

    it('that were created in a request that failed do not exist, and later ones are not confused with them', async () => {
      const db = await open(handlers)
      const { resolve } = use(db)
      const failing = db.write('fail', [named('x'), named('y')])
      await expect(failing).rejects.toThrow('undone')
      const [z, x] = await resolve(named('z'), named('x'))
      expect(x).not.toBe(z)
      expect(await readItem(db, 'y')).toBeNull()
      expect(await resolve(named('x'), named('z'))).toEqual([x, z])
    })

    it('are found by further identifiers, the best name first, an item’s own id before another’s name', async () => {
      const db = await open(handlers)
      const { upsert, resolve } = use(db)
      await upsert([
        { id: 'p1', names: ['s1', 'both'] },
        { id: 'p2', names: ['s2'] },
      ])
      const [p1, p2] = await resolve(named('p1'), named('p2'))
      expect(await resolve(named('s1'), named('new', 's2'), named('s2', 'p1'))).toEqual([p1, p2, p2])
      const [both] = await resolve(named('both'))
      expect(both).toBe(p1)
      await upsert([{ id: 'both', title: 'An item of its own' }])
      const [own] = await resolve(named('both'))
      expect(own).not.toBe(p1)
      expect(await readItem(db, 'p1')).toMatchObject({ names: ['s1'] })
    })

    it('of one name in two requests at once are one item', async () => {
      const db = await open(handlers)
      const { resolve } = use(db)
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) => resolve(named('n1'), named(`own${i}`), named('n2'))),
      )
      expect(new Set(answers.map(([n1]) => n1)).size).toBe(1)
      expect(new Set(answers.map(([, , n2]) => n2)).size).toBe(1)
    })
  })

  describe('a provisional item that turns out to be a further name', () => {
    it('becomes the item described, and what was remembered of it keeps its internal id', async () => {
      const db = await open(handlers)
      const { upsert, resolve } = use(db)
      const [seen] = await resolve(named('sku-1'))
      await upsert([{ id: 'p1', title: 'Beans', names: ['sku-1'] }])
      expect(await resolve(named('p1'), named('sku-1'))).toEqual([seen, seen])
      expect(await readItem(db, 'sku-1')).toMatchObject({ id: 'p1', names: ['sku-1'] })
      expect((await listItems(db, {}, 0)).items).toHaveLength(1)
    })

    it('is the same as an item that has a row already, is seen through, and is itself again when the name goes', async () => {
      const db = await open(handlers)
      const { upsert, resolve } = use(db)
      const look = await following(db)
      const [p1, seen] = await resolve(named('p1'), named('sku-1'))
      await upsert([{ id: 'p1', title: 'Beans', names: ['sku-1'] }])
      expect(await resolve(named('sku-1'))).toEqual([seen])
      expect(await readItem(db, 'sku-1')).toMatchObject({ id: 'p1' })
      const catalogue = await look()
      expect([catalogue.canonical(seen), catalogue.idOf('sku-1'), catalogue.sellable(seen, 0)]).toEqual([p1, p1, false])
      await upsert([{ id: 'p1', names: [] }])
      await look()
      expect([catalogue.canonical(seen), catalogue.sellable(seen, 0)]).toEqual([seen, true])
      expect(await readItem(db, 'sku-1')).toMatchObject({ id: 'sku-1', provisional: true })
    })

    it('is not taken where it is an item of its own or another’s name; the item is stored all the same', async () => {
      const db = await open(handlers)
      const { upsert } = use(db)
      await upsert([
        { id: 'a', names: ['x'] },
        { id: 'b', title: 'B' },
      ])
      const answer = await upsert([
        { id: 'c', names: ['x', 'b', 'c2'] },
        { id: 'd', names: ['c2', 'c'] },
      ])
      expect(answer).toMatchObject({ created: 2, updated: 0 })
      expect(answer.conflicts.map(({ id, name, code }) => [id, name, code])).toEqual([
        ['c', 'x', 'conflict'],
        ['c', 'b', 'conflict'],
        ['d', 'c2', 'conflict'],
        ['d', 'c', 'conflict'],
      ])
      expect(await readItem(db, 'x')).toMatchObject({ id: 'a' })
    })

    it('two items of one request may swap their names', async () => {
      const db = await open(handlers)
      const { upsert } = use(db)
      await upsert([
        { id: 'a', names: ['x'] },
        { id: 'b', names: ['y'] },
      ])
      expect(
        (
          await upsert([
            { id: 'a', names: ['y'] },
            { id: 'b', names: ['x'] },
          ])
        ).conflicts,
      ).toEqual([])
      expect(await readItem(db, 'x')).toMatchObject({ id: 'b' })
      expect(await readItem(db, 'y')).toMatchObject({ id: 'a' })
    })
  })

  it('the catalogue in memory equals one that is loaded anew, whatever happens', async () => {
    const ids = ['a', 'b', 'c', 'd', 's1', 's2', 's3']
    const name = fc.constantFrom(...ids)
    const item = fc.record(
      {
        id: name,
        title: fc.constantFrom('One', 'Two', null),
        categories: fc.constantFrom(['x'], ['x', 'y'], null),
        attributes: fc.constantFrom({ size: 'L' }, { size: ['M', 'L'] }, null),
        stock: fc.constantFrom(0, 1, null),
        group: fc.constantFrom('g1', 'g2', null),
        price: fc.constantFrom(1, 2.5, null),
        names: fc.uniqueArray(name, { maxLength: 3 }),
      },
      { requiredKeys: ['id'] },
    )
    const step = fc.oneof(
      fc.record({
        name: fc.constant('upsert'),
        payload: fc.record({ items: fc.array(item, { maxLength: 4 }), mode: fc.constantFrom('merge', 'replace') }),
      }),
      fc.record({
        name: fc.constant('resolve'),
        payload: fc.array(
          name.map((one) => named(one)),
          { maxLength: 3 },
        ),
      }),
      fc.record({
        name: fc.constant('fail'),
        payload: fc.array(
          name.map((one) => named(one)),
          { maxLength: 3 },
        ),
      }),
      fc.record({
        name: fc.constant('remove'),
        payload: fc.record({ ids: fc.array(name, { maxLength: 2 }), mode: fc.constantFrom('hide', 'delete') }),
      }),
      fc.record({
        name: fc.constant('audiences'),
        payload: fc.constantFrom([{ category: 'x', audience: '16' }], [{ category: 'x', audience: null }]),
      }),
    )
    const db = await open(handlers)
    const look = await following(db)
    const seen = (catalogue: Catalogue) => {
      const filter = catalogue.compileFilter({ categories: ['x'], attributes: { size: 'L' }, price: { min: 150 } })
      return [...catalogue.ids()].map((id) => [
        catalogue.card(id),
        catalogue.sellable(id, 0),
        catalogue.categories(id).sort(),
        catalogue.attributeTerms(id),
        catalogue.canonical(id),
        catalogue.leastAge(id),
        filter(id),
        [...catalogue.members(catalogue.group(id))].sort((a, b) => a - b),
      ])
    }
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        for (const { name, payload } of steps) await db.write(name, payload).catch(() => {})
        const [live, fresh] = [await look(), await loadCatalogue(db)]
        expect(seen(live)).toEqual(seen(fresh))
        for (const id of ids) expect(live.idOf(id)).toBe(fresh.idOf(id))
        for (const id of live.ids()) expect(live.canonical(live.canonical(id))).toBe(live.canonical(id))
      }),
      { seed: 42, numRuns: 40 },
    )
  })

  it('a category’s audience rating holds for its items that state none, the strictest of several', async () => {
    const db = await open(handlers)
    await use(db).upsert([
      { id: 'a', categories: ['Wine', 'Gifts'] },
      { id: 'b', categories: ['Wine'], audience: '16' },
      { id: 'c' },
    ])
    await db.write('audiences', [
      { category: 'Wine', audience: 'adult' },
      { category: 'Gifts', audience: '12' },
    ])
    const catalogue = await loadCatalogue(db, '6')
    expect(['a', 'b', 'c'].map((id) => catalogue.leastAge(catalogue.idOf(id)!))).toEqual([18, 16, 6])
  })
})
