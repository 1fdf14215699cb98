/** The catalogue as HTTP and the command line change and read it. */
import type { Catalogue } from '../catalog/catalogue.ts'
import { type Item, parseItem, parsePatch } from '../catalog/item.ts'
import { listItems, readCategoryAudiences, readItem } from '../catalog/read.ts'
import { readSensitive } from '../catalog/snapshot-read.ts'
import type { UpsertAnswer } from '../catalog/store.ts'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import type { BulkRefusal, CatalogueApi } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'

import { readFeed } from '../imports/feed.ts'

import type { World } from '../world.ts'

interface Needs {
  readonly db: Database
  readonly catalogue: Catalogue
  readonly config: Config
  readonly world: World
}

/** Items a transaction: a feed of 100,000 holds the writer up a hundred times briefly. */
const itemsAWrite = 1000

export function catalogueApi({ db, world }: Needs): CatalogueApi {
  const write = async (items: readonly Item[], at: readonly number[], mode: 'merge' | 'replace' = 'merge') => {
    const refused: BulkRefusal[] = []
    for (let start = 0; start < items.length; start += itemsAWrite) {
      const part = items.slice(start, start + itemsAWrite)
      const { conflicts } = await db.write<UpsertAnswer>('catalog.upsert', { items: part, mode, now: world.now() })
      refused.push(...conflicts.map(({ index, code, message }) => ({ index: at[start + index], code, message })))
    }
    return refused
  }
  const upsert: CatalogueApi['upsert'] = async (inputs, mode) => {
    const { items, at, refused } = checked(inputs)
    return { accepted: items.length, refused: [...refused, ...(await write(items, at, mode))] }
  }

  return {
    get: (id) => readItem(db, id),
    list: async ({ after, limit, provisional }) => {
      const status = provisional ? 'provisional' : undefined
      return (await listItems(db, { after, limit, status }, world.now())).items
    },
    upsert,
    patch: async (id, fields) => {
      await db.write('catalog.patch', { id, patch: parsePatch(fields, id), now: world.now() })
    },
    remove: async (id) => {
      const { unknown } = await db.write<{ unknown: string[] }>('catalog.remove', { ids: [id], mode: 'delete' })
      if (unknown.length > 0)
        throw new HabitueError('unknown_item', `No item is called ${JSON.stringify(id)}.`, { item: id })
    },
    audiences: () => readCategoryAudiences(db),
    rateCategories: (stated) => db.write('catalog.audiences', stated),
    sensitiveCategories: () => readSensitive(db),
    markCategories: (stated) => db.write('catalog.sensitive', stated),
    load: async (bytes, format) => {
      const answer = { accepted: 0, refused: [] as BulkRefusal[] }
      for await (const { items, lines, bad } of readFeed([bytes], format, { now: world.now() })) {
        answer.refused.push(...bad.map(({ line, code, message }) => ({ index: line, code, message })))
        answer.accepted += items.length
        answer.refused.push(...(await write(items, lines)))
      }
      return answer
    },
  }
}

function checked(inputs: readonly unknown[]): { items: Item[]; at: number[]; refused: BulkRefusal[] } {
  const items: Item[] = []
  const at: number[] = []
  const refused: BulkRefusal[] = []
  inputs.forEach((input, index) => {
    try {
      items.push(parseItem(input))
      at.push(index)
    } catch (error) {
      if (!(error instanceof HabitueError)) throw error
      refused.push({ index, code: error.code, message: error.message })
    }
  })
  return { items, at, refused }
}
