import { describe, expect, it } from 'vitest'
import type { Handlers } from '../db/database.ts'
import { forEachEngine } from '../db/testing.ts'
import { ingestHandler } from '../events/ingest.ts'
import { exampleNow, sendTo, statedPolicy, track } from '../events/testing.ts'
import { simulatedWorld } from '../world.ts'
import { factId } from './fact.ts'
import { memoryFolds } from './fold.ts'
import { memoryHandlers, type RebuildReport } from './rebuild.ts'

const day = 86_400_000
const handlers: Handlers = {
  'events.ingest': ingestHandler(memoryFolds, { policy: statedPolicy, world: simulatedWorld(5, exampleNow) }),
  ...memoryHandlers(),
}
const who = { userId: 'zoe' }
const birthday = (name: string, expires?: number) => ({
  ...track('Fact Told', who, {
    kind: 'occasion',
    subject: 'birthday',
    recipient: name,
    value: { date: '03-01' },
    expires,
  }),
  messageId: `birthday of ${name.length}`,
})

forEachEngine((_engine, open) => {
  describe('facts in the database', () => {
    it('end with their time: the rows, and the words of the events that told them; a rebuild does not bring them back', async () => {
      const db = await open(handlers)
      await sendTo(db, [birthday('Adalbert', exampleNow + day), birthday('Bo')])
      const left = async () => {
        const rows = await db.k.selectFrom('facts').select(['recipient']).orderBy('recipient').execute()
        const events = await db.k.selectFrom('events').select('body').execute()
        return [rows.map(({ recipient }) => recipient), JSON.stringify(events).includes('Adalbert')]
      }
      expect(await db.write('memory.expireFacts', { before: exampleNow, limit: 10 })).toBe(0)
      expect(await left()).toEqual([['Adalbert', 'Bo'], true])
      expect(await db.write('memory.expireFacts', { before: exampleNow + day, limit: 10 })).toBe(1)
      expect(await left()).toEqual([['Bo'], false])
      expect(await db.write<RebuildReport>('memory.rebuild', {})).toMatchObject({ changed: [] })
      expect(await left()).toEqual([['Bo'], false])
    })

    it('are gone also where the deletion arrived before what it deletes', async () => {
      const db = await open(handlers)
      const told = birthday('Adalbert')
      const gone = track('Fact Deleted', who, { fact: factId('test', told.messageId) })
      await sendTo(db, [gone])
      await sendTo(db, [told])
      expect(await db.k.selectFrom('facts').selectAll().execute()).toEqual([])
      const bodies = JSON.stringify(await db.k.selectFrom('events').select('body').execute())
      expect(bodies).not.toContain('Adalbert')
      expect(await db.write<RebuildReport>('memory.rebuild', {})).toMatchObject({ changed: [] })
    })

    it('of one customer are not deleted by another', async () => {
      const db = await open(handlers)
      const told = birthday('Bo')
      await sendTo(db, [told])
      await sendTo(db, [track('Fact Deleted', { userId: 'eve' }, { fact: factId('test', told.messageId) })])
      expect(await db.k.selectFrom('facts').select('recipient').execute()).toEqual([{ recipient: 'Bo' }])
    })
  })
})
