/**
 * Training beside serving: a worker thread reads memory and fits; this side holds the lease, stores the bytes and
 * schedules. A failed or cancelled training leaves the old model serving.
 */
import { Worker } from 'node:worker_threads'
import type { Config } from '../config.ts'
import { firstErasureSince } from '../consent/erasure.ts'
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
  /** Begins a training and resolves when it has ended. @throws training_running, training_failed (when cancelled too) */
  train(onStep?: (status: TrainingStatus) => void): Promise<ModelInfo>
  /** Begins a training and resolves when it has begun. @throws training_running */
  begin(): Promise<void>
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
  /** Runs out when a cancelled worker does not end by itself. */
  patience: NodeJS.Timeout | undefined
}

const checkMs = 30_000
/** Half of what the receipt of an erasure promises; several erasures are one training. */
const refitAfterMs = 12 * 60 * 60_000
/** How long a cancelled worker may take to come to its next step. */
const patienceMs = 2_000
/** Codes with which a training ends that is told elsewhere. */
const toldOf: readonly string[] = ['training_running', 'training_failed', 'consent_refused', 'conflict']
/** Fewer events than this teach nothing worth a training. */
const fewestEvents = 50

export interface TrainerNeeds {
  readonly db: Database
  readonly config: Config
  readonly world: World
  /** The newest sequence number of the stored events. */
  readonly newestEvent: () => Promise<number>
  /** Told of each training that failed, whoever began it; not of one that was cancelled. */
  readonly onFailure: (error: unknown) => void
  readonly onError: (error: unknown) => void
}

export function createTrainer(needs: TrainerNeeds): Trainer {
  const { db, config, world, newestEvent, onFailure, onError } = needs
  let running: Running | null = null
  let closed = false
  /** What `close` waits for: trainings, and those just being opened. */
  const pending = new Set<Promise<unknown>>()
  let timer: NodeJS.Timeout | null = null

  const under = <T>(work: Promise<T>): Promise<T> => {
    pending.add(work)
    const settled = () => pending.delete(work)
    work.then(settled, settled)
    return work
  }
  const open = async (onStep?: (status: TrainingStatus) => void): Promise<{ work: Promise<ModelInfo> }> => {
    if (running) throw new HabitueError('training_running', 'A training is under way; wait for it or cancel it.')
    const events = await newestEvent()
    const now = world.now()
    const { id, version } = await db.write<{ id: number; version: number }>('models.begin', { name: bundleName, now })
    const begun: Running = start(version)
    running = begun
    if (closed) stop(begun)
    const work = follow(needs, begun, id, events, onStep).finally(() => {
      running = null
    })
    under(work).catch((error) => {
      if (!begun.cancelled) onFailure(error)
    })
    return { work }
  }
  const train = async (onStep?: (status: TrainingStatus) => void) => (await under(open(onStep))).work

  const start = (version: number): Running => ({
    version,
    started: world.now(),
    worker: startWorker(config, world, version),
    step: { done: 0, total: 1, note: 'starting' },
    cancelled: false,
    patience: undefined,
  })

  const due = async (): Promise<boolean> => {
    if (running) return false
    const models = await listModels(db, bundleName)
    const last = models[0]
    if (last && world.now() - (last.finished ?? last.started) < config.training.minutes * 60_000) return false
    if (await erasedLongAgo(models.find((model) => model.state === 'ready')?.started ?? null)) return true
    const events = await newestEvent()
    const trainedOn = Number(models.find((model) => model.state === 'ready')?.report.events ?? 0)
    return events >= fewestEvents && events - trainedOn > config.training.changedShare * trainedOn
  }

  /** Was a customer erased since the model was begun, and is it time to refit without him? */
  const erasedLongAgo = async (trained: number | null): Promise<boolean> => {
    const erased = trained === null ? null : await firstErasureSince(db, trained)
    return erased !== null && world.now() - erased > refitAfterMs
  }

  const cancel = (): boolean => {
    if (running) stop(running)
    return running !== null
  }

  return {
    train,
    begin: async () => {
      const { work } = await under(open())
      work.catch(() => {})
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
          // A training that another process runs is as good; one that failed has been told.
          if (!(error instanceof HabitueError && toldOf.includes(error.code))) onError(error)
        }
      }
      timer ??= setInterval(tick, checkMs)
      timer.unref()
    },
    close: async () => {
      closed = true
      if (timer) clearInterval(timer)
      cancel()
      while (pending.size > 0) await Promise.allSettled(pending)
    },
  }
}

/** Asks the worker to end; one that is deep in a computation is ended. */
function stop(training: Running): void {
  if (training.cancelled) return
  training.cancelled = true
  training.worker.postMessage('cancel')
  training.patience = setTimeout(() => training.worker.terminate(), patienceMs)
}

/** Waits for the worker, stores what it made, and closes the books on it, however it ends. @throws training_failed */
async function follow(
  { db, world, onError }: TrainerNeeds,
  training: Running,
  id: number,
  events: number,
  onStep?: (status: TrainingStatus) => void,
): Promise<ModelInfo> {
  const { worker, version, started } = training
  const renew = async (): Promise<void> => {
    // Another process has taken over: what is made here would be thrown away.
    if (!(await db.write<boolean>('models.renew', { id, now: world.now() }))) await worker.terminate()
  }
  const renewing = setInterval(() => renew().catch(onError), leaseMs / 4)
  const finish = (state: 'ready' | 'failed' | 'cancelled', report: object, bytes: number) =>
    db.write('models.finish', { id, state, report: JSON.stringify(report), bytes, now: world.now() })
  try {
    const { bytes, report } = await result(worker, (step) => {
      training.step = step
      onStep?.({ running: true, version, started, ...step })
    })
    let n = 0
    for (const chunk of chunks(bytes)) {
      if (training.cancelled) break
      await db.write('models.chunk', { id, n: n++, bytes: chunk, now: world.now() })
    }
    if (training.cancelled) throw new HabitueError('training_failed', 'The training was cancelled.')
    await finish('ready', { ...report, events }, bytes.length)
  } catch (error) {
    const failure = training.cancelled
      ? new HabitueError('training_failed', 'The training was cancelled.')
      : asFailure(error)
    const report = { error: { code: failure.code, message: failure.message }, events }
    await finish(training.cancelled ? 'cancelled' : 'failed', report, 0).catch(onError)
    throw failure
  } finally {
    clearInterval(renewing)
    clearTimeout(training.patience)
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
      else reject(new HabitueError(message.code, message.message))
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
