/** The writer thread of a SQLite file. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Config } from './config.ts'
import { runWriter, type WriterData } from './db/writer-thread.ts'
import { createHandlers } from './handlers.ts'
import { systemWorld } from './world.ts'

if (!parentPort) throw new Error('writer.ts runs as a worker thread')
const data = workerData as WriterData
await runWriter({
  port: parentPort,
  workerData: data,
  handlers: createHandlers(data.data as Config, systemWorld),
  world: systemWorld,
})
