/** The board that answers now: read anew when somebody asks after events came in, as often as its reading allows. */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import type { Policy } from '../consent/policy.ts'
import { populationPermit } from '../consent/store.ts'
import type { Database } from '../db/database.ts'
import type { World } from '../world.ts'
import { type Board, emptyBoard, readBoard } from './board.ts'

/** What other processes took in is read after so long. */
const everyMs = 15_000
/** A board that is read in less is read before the answer; a slower one after it, in twenty times what reading took. */
const quickMs = 100

export interface CurrentBoard {
  /** As it is known now, for whoever cannot wait. */
  current(): Board
  /** With the last acknowledged event where reading is quick, else at most some seconds old. */
  fresh(): Promise<Board>
  /** Something was decided about a review. */
  changed(): void
}

export interface CurrentBoardNeeds {
  readonly db: Database
  readonly catalogue: Catalogue
  readonly config: Pick<Config, 'reviews'>
  readonly policy: Policy
  readonly world: World
  readonly onError: (error: unknown) => void
}

export function currentBoard({ db, catalogue, config, policy, world, onError }: CurrentBoardNeeds): CurrentBoard {
  let board = emptyBoard(0)
  let isOld = true
  let readAt = Number.NEGATIVE_INFINITY
  let took = 0
  let reading: Promise<void> | undefined

  const read = async (): Promise<void> => {
    isOld = false
    const begun = world.elapsed()
    try {
      await catalogue.upToDate(db)
      const now = world.now()
      const permit = await populationPermit(db, policy, 'personalisation', now)
      board = await readBoard({ reader: db, permit, catalogue, settings: config.reviews, now })
    } catch (error) {
      isOld = true
      throw error
    } finally {
      readAt = world.elapsed()
      took = readAt - begun
    }
  }
  const readOnce = (): Promise<void> => {
    reading ??= read().finally(() => {
      reading = undefined
    })
    return reading
  }

  // An erasure and a merge are told of as customers that changed; so is every event of a customer.
  db.onChange((changes) => {
    if (changes.has('customers') || changes.has('items') || changes.has('erasures')) isOld = true
  })

  return {
    current: () => board,
    changed: () => {
      isOld = true
    },
    async fresh() {
      const since = world.elapsed() - readAt
      const due = isOld || since >= everyMs
      if (!due) return board
      if (board.asOf === 0 || took < quickMs) {
        // What is being read may have begun before the last event.
        if (reading) await reading
        if (isOld || since >= everyMs) await readOnce()
      } else if (since >= 20 * took) readOnce().catch(onError)
      return board
    },
  }
}
