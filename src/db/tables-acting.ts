/** The tables of what acts over time, in the manner of `tables.ts`, of which they are a part. */
import type { Generated } from 'kysely'

export interface ActingTables {
  // moments
  /** When the engine is to look whether something has come about (moments/due.ts). */
  moments: {
    /** `cart`, `unavailable`, `blocked` (at the checkout), `occasion`. */
    kind: string
    identifier: number
    /** 0 = about none. */
    item: number
    /** What came about before is not told. */
    since: number
    due: number
  }
  /** Who waits for an item; the latest word by (time, message) holds. */
  item_waits: {
    item: number
    identifier: number
    /** `asked`, `watch`, `wished`, `abandoned`, `unavailable`. */
    reason: string
    /** 0 = no longer. */
    waits: number
    /** Of a price watch: told when it costs less, minor units of `currency`; null = any fall that counts. */
    below: number | null
    currency: string | null
    time: number
    message: string
  }
  /** What happened to an item that those who wait for it are being told, a piece at a time. */
  item_news: {
    /** `stock`, `price`. */
    kind: string
    item: number
    time: number
    /** The identifier up to which it has been told. */
    told: number
    /** JSON (moments/item-watch.ts). */
    detail: string
  }

  // reorders
  /**
   * What may be ordered again by its link, which is made of `id`, random, and a keyed hash. `event` = the message id of the
   * `Occasion Due` that says what; `ordered` = the button was pressed; `due` = when it is handed to the shop (again).
   */
  reorders: {
    id: string
    key: string
    identifier: number
    event: string
    created: number
    expires: number
    ordered: number | null
    due: number | null
    attempts: number
    /** The shop took it. */
    handed: number | null
    /** Why it cannot be handed over. */
    failed: string | null
  }

  // journeys
  /** `state`: `draft`, `active`, `paused`, `stopped`; `version` = the one that who enters now is given. */
  journeys: { id: string; state: string; version: number; updated: number }
  /** `doc` = the definition as JSON, `source` = as it was written. `begins`, `hears`: JSON (journeys/names.ts). `live` = 1: instances may hear. */
  journey_versions: {
    journey: string
    version: number
    doc: string
    source: string
    purpose: string
    begins: string
    hears: string
    live: number
    created: number
  }
  /** Which events any journey wants, for the fold; one row, whose `token` is another after every change. */
  journey_names: { id: number; token: string; names: string }
  /** Events that a journey wants, until a runner has looked at them. `only_for` = JSON list of instances; null = everything. */
  journey_inbox: {
    id: Generated<number>
    due: number
    claim: string | null
    /** Null = an event about an item, of nobody. */
    identifier: number | null
    name: string
    historical: number
    body: string
    only_for: string | null
  }
  journey_instances: InstanceRow
  /** What came of steps, by day (days since 1970). */
  journey_counts: {
    journey: string
    version: number
    step: string
    outcome: string
    reason: string
    held: number
    day: number
    count: number
  }
  /** When a journey over a segment is next due; under way where `after_id` is not -1: the customer up to whom it has come. */
  journey_schedules: { journey: string; due: number; turn: number; after_id: number }
}

/** Somebody in a journey (journeys/step.ts). */
export type InstanceRow = {
  id: Generated<number>
  journey: string
  version: number
  identifier: number
  /** JSON `[customer at that time, key, n]`: unique in the journey, so that nobody enters twice. */
  entry: string
  /** 1 = held out for comparison. */
  held: number
  phase: string
  step: string
  /** Rises with every change: who read an older one loses. */
  turn: number
  /** When it goes on; while it is claimed, when the claim ends. */
  due: number | null
  claim: string | null
  item: string | null
  /** JSON: what else a `State` has. */
  state: string
  reason: string
  started: number
  ended: number | null
}
