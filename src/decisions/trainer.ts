/**
 * Training beside serving: a worker thread reads memory and fits; this side holds the lease, stores each part as soon as it
 * is made, and schedules. What a failed or cancelled training did not make stays as it was. Where nobody may be learned from
 * any longer, what was learned stops serving.
 */
import { Worker } from 'node:worker_threads'
import type { Config } from '../config.ts'
import { firstErasureSince } from '../consent/erasure.ts'
import { firstRefusalSince } from '../consent/reach.ts'
import type { Database } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import type { World } from '../world.ts'
import { type Begun, chunks, leaseMs, listModels, type ModelInfo } from './models-store.ts'
import { type PartName, partNames } from './serving.ts'
import type { FromTraining, TrainedPart, TrainingOrder } from './train.ts'
import { trainingBasis } from './training-basis.ts'

export interface TrainingStatus {
  readonly running: boolean
  /** Of the running training. */
  readonly done?: number
  readonly total?: number
  readonly note?: string
  readonly version?: number
  readonly started?: number
  /** Parts of it that serve already. */
  readonly ready?: readonly string[]
  /** The shop's own models as they ended last. */
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
  /** Trains by itself when enough has changed (`automatic`), and withdraws what may not serve any longer. */
  schedule(automatic: boolean): void
  close(): Promise<void>
}

interface Running extends Begun {
  readonly started: number
  /** Parts that are made. */
  readonly ready: PartName[]
  readonly worker: Worker
  step: { done: number; total: number; note: string }
  cancelled: boolean
  /** Runs out when a cancelled worker does not end by itself. */
  patience: NodeJS.Timeout | undefined
}

const checkMs = 30_000
/** Half of what the receipt of an erasure promises; several erasures and refusals are one training. */
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
  const basis = trainingBasis(needs)

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
    const begun = start(await db.write<Begun>('models.begin', { names: partNames, now }))
    running = begun
    if (closed) stop(begun)
    const work = follow(needs, begun, events, onStep).finally(() => {
      running = null
    })
    under(work).catch((error) => {
      if (!begun.cancelled) onFailure(error)
    })
    return { work }
  }
  const train = async (onStep?: (status: TrainingStatus) => void) => (await under(open(onStep))).work

  const start = (begun: Begun): Running => ({
    ...begun,
    started: world.now(),
    ready: [],
    worker: startWorker(config, world, begun.version),
    step: { done: 0, total: 1, note: 'starting' },
    cancelled: false,
    patience: undefined,
  })

  const due = async (): Promise<boolean> => {
    if (running) return false
    const models = await listModels(db, 'shop')
    const last = models[0]
    if (last && world.now() - (last.finished ?? last.started) < config.training.minutes * 60_000) return false
    const ready = models.find((model) => model.state === 'ready')
    if (ready && (await goneLongAgo(ready.started))) return true
    const events = await newestEvent()
    const trainedOn = Number(ready?.report.events ?? 0)
    return events >= fewestEvents && events - trainedOn > config.training.changedShare * trainedOn
  }

  /** Was a customer erased, or did one withdraw himself from training, since the model was begun, and is it time to refit without him? */
  const goneLongAgo = async (trained: number): Promise<boolean> => {
    const times = await Promise.all([firstErasureSince(db, trained), firstRefusalSince(db, 'training', trained)])
    return times.some((time) => time !== null && world.now() - time > refitAfterMs)
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
      const last = (await listModels(db, 'shop')).find((model) => model.state !== 'training')
      if (!running) return { running: false, last }
      const { version, started, ready, step } = running
      return { running: true, version, started, ready, ...step, last }
    },
    schedule: (automatic) => {
      const tick = async (trains: boolean) => {
        try {
          if (!running) await basis.check()
          if (trains && (await due())) await train()
        } catch (error) {
          // A training that another process runs is as good; one that failed has been told.
          if (!(error instanceof HabitueError && toldOf.includes(error.code))) onError(error)
        }
      }
      if (timer) return
      timer = setInterval(() => tick(automatic), checkMs)
      timer.unref()
      under(tick(false))
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

/** Waits for the worker, stores what it makes, and closes the books on it, however it ends. @throws training_failed, consent_refused */
async function follow(
  { db, world, onError }: TrainerNeeds,
  training: Running,
  events: number,
  onStep?: (status: TrainingStatus) => void,
): Promise<ModelInfo> {
  const { worker, version, started, ids, ready } = training
  const renew = async (): Promise<void> => {
    // Another process has taken over: what is made here would be thrown away.
    if (!(await db.write<boolean>('models.renew', { version, now: world.now() }))) await worker.terminate()
  }
  const renewing = setInterval(() => renew().catch(onError), leaseMs / 4)
  const finish = (name: PartName, state: 'ready' | 'failed' | 'cancelled', report: object, bytes: number) =>
    db.write('models.finish', {
      ...{ id: ids[name], state, bytes, now: world.now() },
      report: JSON.stringify({ ...report, events }),
    })
  const store = async ({ name, bytes, report }: TrainedPart): Promise<void> => {
    let n = 0
    for (const chunk of chunks(bytes)) {
      if (training.cancelled) throw cancelledTraining()
      await db.write('models.chunk', { id: ids[name], n: n++, bytes: chunk })
    }
    if (training.cancelled) throw cancelledTraining()
    await finish(name, 'ready', report, bytes.length)
    ready.push(name)
  }
  const onMessage = (step: Running['step']) => {
    training.step = step
    onStep?.({ running: true, version, started, ready, ...step })
  }
  try {
    await ended(worker, onMessage, store)
  } catch (error) {
    const failure = training.cancelled ? cancelledTraining() : asFailure(error)
    const report = { error: { code: failure.code, message: failure.message } }
    for (const name of partNames.filter((part) => !ready.includes(part)))
      await finish(name, training.cancelled ? 'cancelled' : 'failed', report, 0).catch(onError)
    if (failure.code === 'consent_refused') await db.write('models.withdraw', { why: failure.message }).catch(onError)
    throw failure
  } finally {
    clearInterval(renewing)
    clearTimeout(training.patience)
    await worker.terminate()
  }
  const [info] = (await listModels(db, 'shop')).filter((model) => model.version === version)
  return info
}

function cancelledTraining(): HabitueError {
  return new HabitueError('training_failed', 'The training was cancelled.')
}

function startWorker(config: Config, world: World, version: number): Worker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const order: TrainingOrder = { config, now: world.now(), seed: version }
  return new Worker(new URL(`./train-worker.${extension}`, import.meta.url), { workerData: order })
}

/** Resolves when the worker has made everything and all of it is stored. @throws what it threw, or that it died; what `store` threw */
function ended(
  worker: Worker,
  onStep: (step: Running['step']) => void,
  store: (part: TrainedPart) => Promise<void>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let stored: Promise<void> = Promise.resolve()
    worker.on('message', (message: FromTraining) => {
      if (message.type === 'step') onStep(message)
      else if (message.type === 'part') {
        stored = stored.then(() => store(message))
        // Told at once: what is still being fitted could not be stored either.
        stored.catch(reject)
      } else if (message.type === 'done') stored.then(resolve, reject)
      else stored.then(() => reject(new HabitueError(message.code, message.message)), reject)
    })
    worker.on('error', reject)
    worker.on('exit', (code) =>
      stored.then(
        () => reject(new HabitueError('training_failed', `The training thread ended with code ${code}.`)),
        reject,
      ),
    )
  })
}

function asFailure(error: unknown): HabitueError {
  if (error instanceof HabitueError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new HabitueError('training_failed', `The training failed: ${message}`, {}, { cause: error })
}
