/** What the storage benchmark writes: the statements of an ingest without its thinking. Shared with its writer thread. */
import { createHash } from 'node:crypto'
import { insertNew, insertRows, upsertFold } from '../src/db/batch.ts'
import type { Handlers, Tx } from '../src/db/database.ts'

/** Message, identifier, item, time, body. */
export type BenchEvent = readonly [string, number, number, number, string]

const eventColumns = ['source', 'message', 'type', 'name', 'time', 'received', 'identifier', 'basis', 'body']
const views = { key: ['identifier', 'recipient', 'item'], add: ['views'], max: ['view_last'] }

async function ingest(tx: Tx, events: readonly BenchEvent[]): Promise<number> {
  const keys = events.map(([message]) => createHash('sha256').update(message).digest().subarray(0, 16))
  const isNew = await insertNew(tx, 'seen', 'key', keys)
  const fresh = events.filter((_, i) => isNew[i])
  const rows = fresh.map(([message, identifier, , time, body]) => {
    return ['bench', message, 'track', 'Product Viewed', time, time, identifier, 'personalisation:consent', body]
  })
  await insertRows(tx, 'events', eventColumns, rows)
  const folded = fresh.map(([, identifier, item, time]) => ({
    identifier,
    recipient: '',
    item,
    views: 1,
    view_last: time,
  }))
  await upsertFold(tx, 'interactions', views, folded)
  return fresh.length
}

export const benchHandlers: Handlers = { ingest }
