/** After a restore: what acts by itself waits until somebody says whether what is overdue is to be done or passed over. */
import type { Database } from '../db/database.ts'
import { heldSince } from '../db/hold.ts'
import type { HoldApi } from '../engine-api/hold.ts'
import { HabitueError } from '../errors.ts'
import type { World } from '../world.ts'
import type { Loop, Work } from './loop.ts'

/** The same work, that finds nothing to do while the engine is held. */
export function unlessHeld(held: () => Promise<number | null>, work: Work): Work {
  return {
    ...work,
    settle: async (now) => ((await held()) === null ? work.settle(now) : { done: 0, next: null }),
  }
}

export function holdApi(db: Database, world: World, loop: Pick<Loop, 'wake'>): HoldApi {
  return {
    since: () => heldSince(db),
    hold: () => db.write('engine.hold', { now: world.now() }),
    async resume(overdue) {
      if ((await heldSince(db)) === null)
        throw new HabitueError('conflict', 'Nothing waits: the engine acts by itself already.')
      const skipped = await db.write<Record<string, number>>('engine.resume', { overdue, now: world.now() })
      loop.wake()
      return skipped
    },
  }
}
