/**
 * Writes without end and prints each message that was acknowledged, until it is killed.
 * Arguments: seed, data file, database URL or ''.
 */
import { openDatabase } from '../../src/db/open.ts'
import { silentLog } from '../../src/db/silent-log.ts'
import { seededRandom, systemWorld as world } from '../../src/world.ts'
import { storageHandlers as handlers } from './storage-handlers.ts'

const [seed, dataFile, databaseUrl] = process.argv.slice(2)
const random = seededRandom(Number(seed))
const writerEntry = new URL('./storage-writer.ts', import.meta.url)
const db = await openDatabase(
  { dataFile, databaseUrl: databaseUrl || null },
  { handlers, writerEntry, world, log: silentLog },
)
let n = 0

async function writer(): Promise<never> {
  for (;;) {
    const messages = Array.from({ length: 1 + Math.floor(random() * 40) }, () => `${seed} ${n++}`)
    await db.write('add', { messages, item: 1 + Math.floor(random() * 3) })
    process.stdout.write(`${messages.join('\n')}\n`)
  }
}

process.stdout.write('ready\n')
await Promise.all(Array.from({ length: 6 }, writer))
