import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import type { StorageConfig } from '../config.ts'
import { simulatedWorld } from '../world.ts'
import { latestVersion, migrateSqlite, spell } from './migrate.ts'
import { type OpenOptions, openDatabase } from './open.ts'
import { secretKey } from './secret.ts'
import { forEachEngine, silentLog } from './testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-migrate-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const open = (config: StorageConfig, seed = 1) => {
  const options: OpenOptions = { handlers: {}, writerEntry: null, world: simulatedWorld(seed), log: silentLog }
  return openDatabase(config, options)
}
const sqlite = (dataFile: string): StorageConfig => ({ databaseUrl: null, dataFile })

forEachEngine(
  (engine, openNew) => {
    it('builds the schema once, and keeps the secret', async () => {
      const db = await openNew()
      const key = await secretKey(db, 'seen')
      expect(key.length).toBe(32)
      expect(await secretKey(db, 'tokens')).not.toEqual(key)
      const again = await open(db.config, 2)
      expect(await secretKey(again, 'seen')).toEqual(key)
      await again.close()
      expect(await secretKey(await openNew({}, { world: simulatedWorld(3) }), 'seen')).not.toEqual(key)
    })

    it('refuses a database newer than the code', async () => {
      const db = await openNew({
        age: async (tx) => {
          await tx.k.updateTable('meta').set({ value: '99' }).where('key', '=', 'schema_version').execute()
        },
      })
      await db.write('age', null)
      const refused = open(db.config)
      await expect(refused).rejects.toMatchObject({
        code: 'database_newer',
        details: { found: 99, known: latestVersion },
      })
    })

    it('may be opened by several at once: one migrates', async () => {
      const { config } = await openNew()
      const fresh = engine === 'sqlite' ? sqlite(join(folder, 'several.db')) : config
      const databases = await Promise.all([1, 2, 3, 4].map((seed) => open(fresh, seed)))
      const keys = await Promise.all(databases.map((db) => secretKey(db, 'seen')))
      for (const key of keys) expect(key).toEqual(keys[0])
      for (const db of databases) await db.close()
    })
  },
  { migrated: false },
)

describe('a SQLite file', () => {
  it('is readable by its owner alone', async () => {
    const file = join(folder, 'private.db')
    await (await open(sqlite(file))).close()
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('is copied before it is migrated', async () => {
    const file = join(folder, 'old.db')
    await migrateSqlite(file, simulatedWorld(1))
    const old = new DatabaseSync(file)
    old.exec("update meta set value = '0.5' where key = 'schema_version'")
    old.close()
    // Version 0.5 stands for an older one; its migration fails on what exists, and the file stays as it was.
    await expect(migrateSqlite(file, simulatedWorld(1))).rejects.toThrow('already exists')
    const copies = readdirSync(folder).filter((name) => name.startsWith('old.db.before'))
    expect(copies).toEqual([`old.db.before-${String(latestVersion).padStart(3, '0')}`])
    const copy = new DatabaseSync(join(folder, copies[0]), { readOnly: true })
    expect(copy.prepare("select value from meta where key = 'schema_version'").get()).toEqual({ value: '0.5' })
    copy.close()
  })

  it('of another program is refused', async () => {
    const file = join(folder, 'other.db')
    const other = new DatabaseSync(file)
    other.exec('create table invoices (n integer)')
    other.close()
    await expect(open(sqlite(file))).rejects.toMatchObject({ code: 'invalid_config' })
  })

  it('that is no database, or is damaged, is refused', async () => {
    const text = join(folder, 'text.db')
    writeFileSync(text, 'This is not a database. '.repeat(300))
    await expect(open(sqlite(text))).rejects.toMatchObject({ code: 'database_corrupt' })
    const whole = join(folder, 'whole.db')
    await (await open(sqlite(whole))).close()
    const damaged = join(folder, 'damaged.db')
    copyFileSync(whole, damaged)
    const handle = openSync(damaged, 'r+')
    writeSync(handle, Buffer.alloc(4096, 0xff), 0, 3996, 100)
    closeSync(handle)
    await expect(open(sqlite(damaged))).rejects.toMatchObject({ code: 'database_corrupt' })
  })

  it('that another program holds is refused with a reason', async () => {
    const file = join(folder, 'held.db')
    await migrateSqlite(file, simulatedWorld(1))
    const holder = new DatabaseSync(file)
    holder.exec('pragma locking_mode = exclusive; begin exclusive')
    const db = open(sqlite(file))
    await expect(db).rejects.toMatchObject({ code: 'database_locked' })
    holder.close()
  }, 30_000)

  it('that lies nowhere is refused', async () => {
    await expect(open(sqlite(join(folder, 'no', 'where.db')))).rejects.toMatchObject({ code: 'storage_unavailable' })
  })
})

describe('a server that is not there', () => {
  it('is refused with a reason', async () => {
    const config = { databaseUrl: 'postgres://nobody@127.0.0.1:1/none', dataFile: '' }
    await expect(open(config)).rejects.toMatchObject({ code: 'storage_unavailable', status: 503 })
  })
})

describe('a migration', () => {
  it('is spelled for each engine', () => {
    const statement = 'create table t (id {id}, text text not null, n {int}, primary key (text)) {norowid}'
    expect(spell('sqlite', statement)).toBe(
      'create table t (id integer primary key autoincrement, text text not null, n integer, primary key (text)) without rowid',
    )
    expect(spell('postgres', statement)).toBe(
      'create table t (id bigint generated by default as identity primary key, text text collate "C" not null, n bigint, primary key (text)) ',
    )
    expect(() => spell('sqlite', '{date}')).toThrow('{date}')
  })
})
