/** What runners of journeys are given. */
import type { Config } from '../config.ts'
import type { Policy } from '../consent/policy.ts'
import type { Database } from '../db/database.ts'
import type { World } from '../world.ts'
import type { Actions } from './actions.ts'
import type { JourneyShelf } from './shelf.ts'

export interface RunnerNeeds {
  readonly db: Database
  readonly world: World
  readonly policy: Policy
  readonly config: Pick<Config, 'timeZone' | 'currency' | 'messages'>
  readonly shelf: JourneyShelf
  /** Of this process. */
  readonly runner: string
}

export interface TurnNeeds extends RunnerNeeds {
  readonly actions: Actions
  readonly onError: (error: unknown) => void
}
