/** What the engine does by itself, in small pieces: retention, the use of keys. A failure is told and tried again. */
import type { KeyRing } from '../access/key-ring.ts'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import type { World } from '../world.ts'

const hour = 3_600_000
const day = 24 * hour
/** Rows a call of a retention handler takes: some tens of milliseconds of the writer. */
const piece = 2_000
const everyMs = hour

export interface Upkeep {
  start(): void
  /** All of it once, now. */
  run(): Promise<void>
  stop(): Promise<void>
}

export interface UpkeepNeeds {
  readonly db: Database
  readonly config: Config
  readonly world: World
  readonly keys: KeyRing
  /** Makes storage's files forget who was erased, where that is due. */
  readonly clean: () => Promise<void>
  readonly onError: (error: unknown) => void
}

/** What ends when its days are over, and the handler that ends it, a piece at a call. What is not here stays as long as the customer. */
export function retentions({
  retention,
  moments,
}: Pick<Config, 'retention' | 'moments'>): { handler: string; days: number }[] {
  return [
    { handler: 'memory.retain', days: retention.viewDays },
    { handler: 'decisions.retain', days: retention.decisionDays },
    // A fact says itself when its time is over.
    { handler: 'memory.expireFacts', days: 0 },
    { handler: 'memory.retainKept', days: retention.keptOrderDays },
    { handler: 'messages.retain', days: retention.messageDays },
    { handler: 'journeys.retain', days: retention.journeyDays },
    { handler: 'moments.retainWaits', days: moments.waitDays },
    { handler: 'catalog.retainPrices', days: moments.priceDays },
    // The event tells what was ordered.
    { handler: 'reorders.retain', days: 30 },
    { handler: 'access.auditRetain', days: retention.auditDays },
  ]
}

export function upkeep({ db, config, world, keys, clean, onError }: UpkeepNeeds): Upkeep {
  let timer: NodeJS.Timeout | null = null
  let running: Promise<void> = Promise.resolve()
  let stopped = false

  /** Calls a handler until it has less than a piece left. */
  const drain = async (handler: string, before: number): Promise<void> => {
    for (;;) {
      const done = await db.write<number>(handler, { before, limit: piece })
      if (done < piece || stopped) return
    }
  }
  /** One that fails holds no other up. */
  const once = async (): Promise<void> => {
    for (const { handler, days } of retentions(config)) await drain(handler, world.now() - days * day).catch(onError)
    await clean().catch(onError)
    await keys.noteUse().catch(onError)
  }
  const tick = () => {
    running = running.then(once)
    return running
  }
  return {
    start: () => {
      tick()
      timer = setInterval(tick, everyMs)
      timer.unref()
    },
    run: tick,
    stop: async () => {
      stopped = true
      if (timer) clearInterval(timer)
      await running
    },
  }
}
