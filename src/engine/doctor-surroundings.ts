/** What doctor asks of the world around the engine: the database's own clock and version. */
import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import type { World } from '../world.ts'

/** `clockMs` = the database's clock less that of this process, null where they are one. */
export async function databaseClock(db: Database, world: World): Promise<{ version: string; clockMs: number | null }> {
  if (db.engine === 'sqlite') {
    const { rows } = await sql<{ version: string }>`select sqlite_version() as version`.execute(db.k)
    return { version: rows[0].version, clockMs: null }
  }
  const before = world.now()
  const { rows } = await sql<{ version: string; time: number }>`
    select current_setting('server_version') as version, extract(epoch from clock_timestamp()) * 1000 as time`.execute(
    db.k,
  )
  // The answer was made some time between the question and now.
  const clockMs = Number(rows[0].time) - (before + world.now()) / 2
  return { version: rows[0].version, clockMs: Math.round(clockMs) }
}
