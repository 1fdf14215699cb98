/** `kill -9` of a process that writes: what it acknowledged is there, once, and the counts agree with the messages. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { expect } from 'vitest'
import type { StorageConfig } from '../../src/config.ts'
import { selectByKeys } from '../../src/db/batch.ts'
import type { Reader } from '../../src/db/database.ts'
import type { Open } from '../../src/db/testing.ts'
import { seededRandom } from '../../src/world.ts'
import { storageHandlers } from './storage-handlers.ts'

/**
 * Writes from another process and kills it, `rounds` times, after 50 to 400 ms of writing each. The database is opened
 * anew after each kill, so that what the dead process left is recovered from the files alone.
 */
export async function killRounds(open: Open, rounds: number, seed: number): Promise<void> {
  const empty = await open(storageHandlers)
  const { config } = empty
  await empty.close()
  const random = seededRandom(seed)
  const acknowledged: string[] = []
  for (let round = 0; round < rounds; round++) {
    const lines = await killedWriter(config, `${seed}-${round}`, 50 + 350 * random())
    for (const line of lines) acknowledged.push(line)
    const db = await open(storageHandlers, { config })
    await verify(db, round === rounds - 1 ? acknowledged : lines)
    await db.close()
  }
  expect(acknowledged.length).toBeGreaterThan(rounds)
}

async function killedWriter(config: StorageConfig, seed: string, ms: number): Promise<string[]> {
  const script = new URL('./storage-child.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, seed, config.dataFile, config.databaseUrl ?? ''], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.startsWith('ready')) resolve()
    })
  })
  const closed = once(child, 'close')
  await Promise.race([ready, closed])
  await setTimeout(ms)
  child.kill('SIGKILL')
  await closed
  // The last line may have been cut off in the middle.
  return said.split('\n').slice(1, -1)
}

/** Every one of `lines` is stored, and nothing is stored that was not counted, nor counted twice. */
async function verify(db: Reader, lines: readonly string[]): Promise<void> {
  const keys = lines.map((line) => [Buffer.from(line)])
  const stored = await selectByKeys(db, 'seen', ['key'], keys, ['key'])
  expect(stored.length).toBe(lines.length)
  const { seen } = await db.k
    .selectFrom('seen')
    .select(({ fn }) => fn.countAll<number>().as('seen'))
    .executeTakeFirstOrThrow()
  const rows = await db.k.selectFrom('item_days').select('views').execute()
  expect(rows.reduce((sum, { views }) => sum + views, 0)).toBe(seen)
}
