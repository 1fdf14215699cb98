/**
 * Training beside serving: a worker thread reads memory and fits; this side holds the lease, stores the bytes and
 * schedules. A failed or cancelled training leaves the old model serving.
 */
import { Worker } from 'node:worker_threads'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import type { World } from '../world.ts'
import { chunks, leaseMs, listModels, type ModelInfo } from './models-store.ts'
import { bundleName } from './serving.ts'
import type { FromTraining, TrainingOrder } from './train.ts'

export interface TrainingStatus {
  readonly running: boolean
  /** Of the running training. */
  readonly done?: number
  readonly total?: number
  readonly note?: string
  readonly version?: number
  readonly started?: number
  /** Of the last one that ended. */
  readonly last?: ModelInfo
}

export interface Trainer {
  /** Begins a training and resolves when it has ended. @throws training_running, training_failed; the reason of a cancel */
  train(onStep?: (status: TrainingStatus) => void): Promise<ModelInfo>
  /** Begins a training and resolves when it has begun; `onFailure` is told if it ends badly. @throws training_running */
  begin(onFailure: (error: unknown) => void): Promise<void>
  /** Stops the running training of this process; answers whether there was one. */
  cancel(): boolean
  status(): Promise<TrainingStatus>
  /** Trains by itself when enough has changed. */
  schedule(): void
  close(): Promise<void>
}

interface Running {
  readonly version: number
  readonly started: number
  readonly worker: Worker
  step: { done: number; total: number; note: string }
  cancelled: boolean
}

const checkMs = 30_000
/** Fewer events than this teach nothing worth a training. */
const fewestEvents = 50

export interface TrainerNeeds {
  readonly db: Database
  readonly config: Config
  readonly world: World
  /** The newest sequence number of the stored events. */
  readonly newestEvent: () => Promise<number>
  readonly onError: (error: unknown) => void
}

export function createTrainer(needs: TrainerNeeds): Trainer {
  const { db, config, world, newestEvent, onError } = needs
  let running: Running | null = null
  let ended: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | null = null

  const open = async (onStep?: (status: TrainingStatus) => void): Promise<{ work: Promise<ModelInfo> }> => {
    if (running) throw new HabitueError('training_running', 'A training is under way; wait for it or cancel it.')
    const events = await newestEvent()
    const begun = await db.write<{ id: number; version: number }>('models.begin', {
      name: bundleName,
      now: world.now(),
    })
    running = start(begun.version)
    const work = follow(needs, running, begun.id, events, onStep).finally(() => {
      running = null
    })
    ended = work.catch(() => {})
    return { work }
  }
  const train = async (onStep?: (status: TrainingStatus) => void) => (await open(onStep)).work

  const start = (version: number): Running => ({
    version,
    started: world.now(),
    worker: startWorker(config, world, version),
    step: { done: 0, total: 1, note: 'starting' },
    cancelled: false,
  })

  const due = async (): Promise<boolean> => {
    if (running) return false
    const models = await listModels(db, bundleName)
    const last = models[0]
    if (last && world.now() - (last.finished ?? last.started) < config.training.minutes * 60_000) return false
    const events = await newestEvent()
    const trainedOn = Number(models.find((model) => model.state === 'ready')?.report.events ?? 0)
    return events >= fewestEvents && events - trainedOn > config.training.changedShare * trainedOn
  }

  const cancel = (): boolean => {
    if (!running) return false
    running.cancelled = true
    running.worker.postMessage('cancel')
    return true
  }

  return {
    train,
    begin: async (onFailure) => {
      const { work } = await open()
      work.catch(onFailure)
    },
    cancel,
    status: async () => {
      const last = (await listModels(db, bundleName)).find((model) => model.state !== 'training')
      return running
        ? { running: true, version: running.version, started: running.started, ...running.step, last }
        : { running: false, last }
    },
    schedule: () => {
      const tick = async () => {
        try {
          if (await due()) await train()
        } catch (error) {
          if (!(error instanceof HabitueError && error.code === 'training_running')) onError(error)
        }
      }
      timer ??= setInterval(tick, checkMs)
      timer.unref()
    },
    close: async () => {
      if (timer) clearInterval(timer)
      cancel()
      await ended
    },
  }
}

/** Waits for the worker, stores what it made, and closes the books on it, however it ends. @throws training_failed */
async function follow(
  { db, world, onError }: TrainerNeeds,
  now: Running,
  id: number,
  events: number,
  onStep?: (status: TrainingStatus) => void,
): Promise<ModelInfo> {
  const { worker, version, started } = now
  const renew = setInterval(() => db.write('models.renew', { id, now: world.now() }).catch(onError), leaseMs / 4)
  const finish = (state: 'ready' | 'failed' | 'cancelled', report: object, bytes: number) =>
    db.write('models.finish', { id, state, report: JSON.stringify(report), bytes, now: world.now() })
  try {
    const { bytes, report } = await result(worker, (step) => {
      now.step = step
      onStep?.({ running: true, version, started, ...step })
    })
    let n = 0
    for (const chunk of chunks(bytes)) await db.write('models.chunk', { id, n: n++, bytes: chunk })
    await finish('ready', { ...report, events }, bytes.length)
  } catch (error) {
    const failure = now.cancelled
      ? new HabitueError('training_failed', 'The training was cancelled.')
      : asFailure(error)
    const report = { error: { code: failure.code, message: failure.message }, events }
    await finish(now.cancelled ? 'cancelled' : 'failed', report, 0).catch(onError)
    throw failure
  } finally {
    clearInterval(renew)
    await worker.terminate()
  }
  const [info] = (await listModels(db, bundleName)).filter((model) => model.id === id)
  return info
}

function startWorker(config: Config, world: World, version: number): Worker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const order: TrainingOrder = { config, now: world.now(), seed: version }
  return new Worker(new URL(`./train-worker.${extension}`, import.meta.url), { workerData: order })
}

/** Resolves with what the worker made. @throws what it threw, or that it died */
function result(
  worker: Worker,
  onStep: (step: { done: number; total: number; note: string }) => void,
): Promise<{ bytes: Uint8Array; report: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: FromTraining) => {
      if (message.type === 'step') onStep(message)
      else if (message.type === 'done') resolve(message)
      else reject(new HabitueError('training_failed', message.message))
    })
    worker.on('error', reject)
    worker.on('exit', (code) =>
      reject(new HabitueError('training_failed', `The training thread ended with code ${code}.`)),
    )
  })
}

function asFailure(error: unknown): HabitueError {
  if (error instanceof HabitueError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new HabitueError('training_failed', `The training failed: ${message}`, {}, { cause: error })
}
