import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Database, Handlers } from '../db/database.ts'
import { forEachEngine } from '../db/testing.ts'
import { simulatedWorld } from '../world.ts'
import type { Identifier } from './identity.ts'
import { mergesOf, undoMerge } from './merges.ts'
import { createResolver, type Party, type Resolution } from './resolve.ts'
import { customerRow, customersNamed, identifiersOf, resolve, resolveAlone } from './store.ts'

const now = Date.UTC(2025, 0, 10)
const day = 86_400_000

/** `u:1` = user 1, `a:` anonymous, `e:` e-mail, `p:` phone, `c:` a kind of the shop's own. */
const kinds: Readonly<Record<string, string>> = { u: 'user', a: 'anonymous', e: 'email', p: 'phone', c: 'card' }
const idOf = (text: string): Identifier => ({
  kind: kinds[text[0]],
  value: text[0] === 'e' ? `${text.slice(2)}@x.y` : text,
})
const party = (texts: string, time = now, previous: string | null = null): Party => ({
  trusted: texts.split(' ').map(idOf),
  previous,
  claimed: [],
  time,
  cause: `test/${texts}`,
})

forEachEngine((engine, open) => {
  const makeHandlers = () => {
    const handlers: Handlers = { resolve: createResolver(simulatedWorld(5)), undo: (tx, id) => undoMerge(tx, id, now) }
    return handlers
  }
  const take = (db: Database, ...parties: readonly Party[]) => db.write<Resolution>('resolve', parties)
  const customerOf = async (db: Database, text: string) => (await resolve(db, idOf(text)))?.customer ?? null
  const together = async (db: Database, ...texts: readonly string[]) => {
    const customers = await Promise.all(texts.map((text) => customerOf(db, text)))
    return new Set(customers).size === 1 && customers[0] !== null
  }
  /** The groups of identifiers, sorted. */
  const partition = async (db: Database) => {
    const rows = await db.k.selectFrom('identifiers').select(['customer', 'kind', 'value']).execute()
    const groups = Map.groupBy(rows, ({ customer }) => customer)
    return [...groups.values()].map((group) => group.map(({ kind, value }) => `${kind} ${value}`).sort()).sort()
  }

  describe('identifiers', () => {
    it('follow a visitor into his customer when he says who he is', async () => {
      const db = await open(makeHandlers())
      const [visit] = (await take(db, party('a:1'))).parties
      const [login] = (await take(db, party('u:1 a:1'))).parties
      expect(login.customer).toBe(visit.customer)
      expect(login.identifier).not.toBe(visit.identifier)
      const both = [visit.identifier, login.identifier].sort((a, b) => a - b)
      expect(await resolve(db, idOf('u:1'))).toMatchObject({ customer: visit.customer, identifiers: both })
      expect((await resolveAlone(db, idOf('a:1')))?.identifiers).toEqual([visit.identifier])
      expect((await mergesOf(db, visit)).length).toBe(0)
    })

    it('join two customers of whom one is known, and say so', async () => {
      const db = await open(makeHandlers())
      const { parties } = await take(db, party('u:1'), party('a:1'), party('a:1 e:1'))
      const { touched } = await take(db, party('u:1 a:1'))
      expect(await together(db, 'u:1', 'a:1', 'e:1')).toBe(true)
      expect([...touched].sort()).toEqual([parties[0].customer, parties[1].customer].sort())
      expect(await mergesOf(db, parties[0])).toMatchObject([
        {
          kept: parties[0].customer,
          merged: parties[1].customer,
          identifiers: [idOf('a:1'), idOf('e:1')],
          cause: 'test/u:1 a:1',
          undone: null,
        },
      ])
    })

    it('never join two known users; a shared device stays with the first', async () => {
      const db = await open(makeHandlers())
      await take(db, party('u:1 a:1'), party('u:2 e:2'))
      const { parties } = await take(db, party('u:2 a:1'), party('a:1'), party('u:2 a:1 e:2 a:2'))
      const [first, second] = [await customerOf(db, 'u:1'), await customerOf(db, 'u:2')]
      expect(first).not.toBe(second)
      expect(parties.map(({ customer }) => customer)).toEqual([second, first, second])
      expect(await customerOf(db, 'a:1')).toBe(first)
      expect(await customerOf(db, 'a:2')).toBe(second)
    })

    it('keep within limits of their kind: five e-mails for ever, five visitors a week', async () => {
      const db = await open(makeHandlers())
      for (let i = 0; i < 7; i++) await take(db, party(`u:1 e:${i} a:${i}`, now + i))
      const linked = (await identifiersOf(db, (await resolve(db, idOf('u:1')))!)).map(({ kind }) => kind)
      expect(linked.filter((kind) => kind === 'email')).toHaveLength(5)
      expect(linked.filter((kind) => kind === 'anonymous')).toHaveLength(5)
      await take(db, party('u:1 e:later a:later', now + 8 * day))
      expect(await together(db, 'u:1', 'a:later')).toBe(true)
      expect(await together(db, 'u:1', 'e:later')).toBe(false)
    })

    it('follow an alias, before or after its visitor was seen; a known user is no former id', async () => {
      const db = await open(makeHandlers())
      await take(db, party('a:before'))
      await take(db, party('u:1', now, 'a:before'), party('u:1', now, 'a:after'), party('a:after'))
      expect(await together(db, 'u:1', 'a:before', 'a:after')).toBe(true)
      await take(db, party('u:2'))
      await take(db, party('u:1', now, 'u:2'))
      expect(await together(db, 'u:1', 'u:2')).toBe(false)
      expect(await resolve(db, { kind: 'anonymous', value: 'u:2' })).toBeNull()
    })

    it('stay apart once a person parted them, and nothing else is undone', async () => {
      const db = await open(makeHandlers())
      await take(db, party('u:1'), party('e:1 a:1'), party('u:1 e:1'), party('a:2'), party('u:1 a:2'))
      const merges = await mergesOf(db, (await resolve(db, idOf('u:1')))!)
      expect(merges).toHaveLength(2)
      await db.write('undo', merges.find(({ identifiers }) => identifiers.length === 2)!.id)
      expect(await together(db, 'u:1', 'a:2')).toBe(true)
      expect(await together(db, 'e:1', 'a:1')).toBe(true)
      expect(await together(db, 'u:1', 'e:1')).toBe(false)
      await take(db, party('u:1 e:1'), party('u:1 a:1'))
      expect(await together(db, 'u:1', 'a:1')).toBe(false)
      expect(await together(db, 'e:1', 'a:1')).toBe(true)
      await expect(db.write('undo', merges[0].id + merges[1].id)).rejects.toMatchObject({ code: 'not_found' })
      const parted = merges.find(({ identifiers }) => identifiers.length === 2)!
      await expect(db.write('undo', parted.id)).rejects.toMatchObject({ code: 'conflict' })
    })

    it('come back from where a later merge took them', async () => {
      const db = await open(makeHandlers())
      await take(db, party('a:1'), party('a:2'), party('e:1'), party('a:2 e:1'), party('u:1'), party('u:1 e:1'))
      await take(db, party('a:1 e:1'))
      expect(await together(db, 'u:1', 'a:1', 'a:2', 'e:1')).toBe(true)
      const merges = await mergesOf(db, (await resolve(db, idOf('u:1')))!)
      const first = merges.find(({ cause }) => cause === 'test/a:2 e:1')!
      await db.write('undo', first.id)
      expect(first.identifiers).toHaveLength(1)
      const parted = first.identifiers[0].kind === 'email' ? 'e:1' : 'a:2'
      expect(await together(db, 'u:1', parted)).toBe(false)
      for (const { id } of merges.filter(({ id }) => id !== first.id)) await db.write('undo', id)
      expect((await partition(db)).every((group) => group.length === 1)).toBe(true)
    })

    it('are found by their value, whatever their kind', async () => {
      const db = await open(makeHandlers())
      const { parties } = await take(db, party('u:1 e:una'), party('c:7'))
      expect(await customersNamed(db, ' UNA@x.y', 10)).toEqual([parties[0].customer])
      expect(await customersNamed(db, 'c:7', 10)).toEqual([parties[1].customer])
      expect(await customersNamed(db, 'nobody', 10)).toEqual([])
      expect(await resolve(db, { kind: 'user', value: 'null' })).toBeNull()
      expect(await customerRow(db, parties[0].customer)).toEqual({ created: now, version: 0 })
      expect(await customerRow(db, 9999)).toBeNull()
    })
  })

  /** Events of four known people who share nothing: each names some of one person's identifiers. */
  const people = fc.array(
    fc.record({
      person: fc.nat(3),
      user: fc.boolean(),
      others: fc.subarray(['a', 'b', 'e', 'p', 'c'], { minLength: 1 }),
    }),
    { minLength: 1, maxLength: 24 },
  )
  type Named = { person: number; user: boolean; others: string[] }
  const partyOf = (run: number, { person, user, others }: Named): Party => {
    const name = `${run}-${person}`
    const texts = others.map((other) => (other === 'b' ? `a:second-${name}` : `${other}:${name}`))
    return party([...(user ? [`u:${name}`] : []), ...texts].join(' '))
  }

  it('become the same customers in whatever order and batches they arrive, at once too', {
    timeout: 60_000,
  }, async () => {
    const db = await open(makeHandlers())
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        people,
        fc.integer({ min: 1, max: 9 }),
        fc.infiniteStream(fc.nat()),
        async (events, size, chance) => {
          const groups: string[][] = []
          for (const parallel of [false, true]) {
            run++
            const parties = events.map((event) => partyOf(run, event))
            const shuffled = parties.map((one) => [chance.next().value, one] as const).sort((a, b) => a[0] - b[0])
            const batches: Party[][] = []
            for (let i = 0; i < shuffled.length; i += size)
              batches.push(shuffled.slice(i, i + size).map(([, one]) => one))
            if (parallel) await Promise.all(batches.map((batch) => take(db, ...batch)))
            else for (const batch of batches) await take(db, ...batch)
            const mine = (await partition(db)).filter(([first]) => first.includes(`${run}-`))
            groups.push(mine.map((group) => group.join().replaceAll(`${run}-`, '')).sort())
          }
          expect(groups[1]).toEqual(groups[0])
          expect(groups[0]).toEqual(components(events))
        },
      ),
      { seed: 17, numRuns: engine === 'sqlite' ? 60 : 20 },
    )
  })

  /** What belongs together when everything that an event names does. */
  function components(events: readonly Named[]): string[] {
    const groups: Set<string>[] = []
    for (const event of events) {
      const names = partyOf(0, event).trusted.map(({ kind, value }) => `${kind} ${value.replaceAll('0-', '')}`)
      const touched = groups.filter((group) => names.some((name) => group.has(name)))
      for (const group of touched) groups.splice(groups.indexOf(group), 1)
      groups.push(new Set([...names, ...touched.flatMap((group) => [...group])]))
    }
    return groups.map((group) => [...group].sort().join()).sort()
  }

  it('never break a rule, whatever is named together', { timeout: 60_000 }, async () => {
    const db = await open(makeHandlers())
    const text = fc.tuple(fc.constantFrom('u', 'a', 'e', 'c'), fc.nat(7)).map(([kind, n]) => `${kind}:${n}`)
    const oneUser = (texts: string[]) => texts.filter((t) => t[0] === 'u').length < 2
    const named = fc.uniqueArray(text, { minLength: 1, maxLength: 4 }).filter(oneUser)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(named, { minLength: 1, maxLength: 6 }), { maxLength: 5 }), async (batches) => {
        await Promise.all(batches.map((batch) => take(db, ...batch.map((texts) => party(texts.join(' '))))))
        for (const group of await partition(db)) {
          const count = (kind: string) => group.filter((name) => name.startsWith(`${kind} `)).length
          expect(count('user')).toBeLessThanOrEqual(1)
          for (const kind of ['email', 'anonymous', 'card']) expect(count(kind)).toBeLessThanOrEqual(5)
        }
        const unlinked = await db.k.selectFrom('identifiers').selectAll().where('customer', '=', 0).execute()
        expect(unlinked).toEqual([])
      }),
      { seed: 23, numRuns: engine === 'sqlite' ? 40 : 15 },
    )
  })
})
