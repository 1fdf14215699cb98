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
  stop(): Promise<void>
}

export interface UpkeepNeeds {
  readonly db: Database
  readonly config: Config
  readonly world: World
  readonly keys: KeyRing
  readonly onError: (error: unknown) => void
}

export function upkeep({ db, config, world, keys, onError }: UpkeepNeeds): Upkeep {
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
    const { viewDays, decisionDays, auditDays, keptOrderDays } = config.retention
    await drain('memory.retain', world.now() - viewDays * day).catch(onError)
    await drain('decisions.retain', world.now() - decisionDays * day).catch(onError)
    await drain('memory.retainKept', world.now() - keptOrderDays * day).catch(onError)
    await drain('access.auditRetain', world.now() - auditDays * day).catch(onError)
    await keys.noteUse().catch(onError)
  }
  const tick = () => {
    running = running.then(once)
  }
  return {
    start: () => {
      tick()
      timer = setInterval(tick, everyMs)
      timer.unref()
    },
    stop: async () => {
      stopped = true
      if (timer) clearInterval(timer)
      await running
    },
  }
}
