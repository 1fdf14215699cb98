/** The writer thread of the storage benchmark. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { runWriter, type WriterData } from '../src/db/writer-thread.ts'
import { systemWorld } from '../src/world.ts'
import { benchHandlers as handlers } from './db-ingest.ts'

await runWriter({
  port: parentPort as MessagePort,
  workerData: workerData as WriterData,
  handlers,
  world: systemWorld,
})
