/** The training thread: reads memory, fits, sends each part back as soon as it is made. */
import { parentPort, workerData } from 'node:worker_threads'
import { openReader } from '../db/open.ts'
import { HabitueError } from '../errors.ts'
import { type FromTraining, type TrainingOrder, trainParts } from './train.ts'

const port = parentPort
if (!port) throw new Error('train-worker.ts runs as a worker thread')
const order = workerData as TrainingOrder
const send = (message: FromTraining, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)
const abort = new AbortController()
port.on('message', (message) => {
  if (message === 'cancel') abort.abort(new Error('The training was cancelled.'))
})

try {
  const reader = await openReader(order.config)
  try {
    const progress = {
      step: (done: number, total: number, note: string) => send({ type: 'step', done, total, note }),
      signal: abort.signal,
    }
    await trainParts(reader, order, progress, (part) =>
      send({ type: 'part', ...part }, part.bytes.length > 0 ? [part.bytes.buffer as ArrayBuffer] : []),
    )
    send({ type: 'done' })
  } finally {
    await reader.close()
  }
} catch (error) {
  const code = error instanceof HabitueError ? error.code : 'training_failed'
  send({ type: 'failed', code, message: error instanceof Error ? error.message : String(error) })
}
port.close()
