/** A writer thread with the handlers of the storage tests. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { runWriter, type WriterData } from '../../src/db/writer-thread.ts'
import { systemWorld } from '../../src/world.ts'
import { storageHandlers } from './storage-handlers.ts'

await runWriter({
  port: parentPort as MessagePort,
  workerData: workerData as WriterData,
  handlers: storageHandlers,
  world: systemWorld,
})
