/** What every look at something due is given, and what it answers. */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import type { IncomingEvent } from '../events/event.ts'

export interface Looking {
  readonly catalogue: Catalogue
  readonly config: Pick<Config, 'moments' | 'currency' | 'timeZone' | 'consent'>
  readonly now: number
}

export interface Look {
  /** What has come about. */
  readonly events: readonly IncomingEvent[]
  /** When to look again; null = only when something happens. */
  readonly next: number | null
}
