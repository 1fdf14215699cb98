/**
 * What the migrations build, as Kysely sees it. Each table is read and written only by the folder named above it.
 * Times are integer milliseconds since 1970, money is integer minor units, flags are 0 or 1, JSON is text.
 *
 * A row of memory belongs to an *identifier*: the one that the event came with. A customer is the set of identifiers
 * that are linked to it, so merging two customers changes links only, and can be undone.
 */
import type { Generated } from 'kysely'
import type { MessageRow } from './message-row.ts'
import type { AccessTables } from './tables-access.ts'
import type { ActingTables } from './tables-acting.ts'
import type { ReviewTables } from './tables-reviews.ts'

export interface Tables extends AccessTables, ActingTables, ReviewTables {
  // db
  meta: { key: string; value: string }
  /** One row a topic; `version` rises with every committed change, so that another process sees that its cache is old. */
  changes: { topic: string; version: number }
  /** PostgreSQL: which keys the commit that made this version changed (JSON list), for the latest commits of each topic. */
  change_log: { topic: string; version: number; keys: string }

  // consent
  /** Erasures that were carried out. `names` = JSON list of keyed hashes; `receipt` = JSON, no personal data. */
  erasures: {
    id: string
    time: number
    names: string
    receipt: string
    /** When the files of storage were made to forget too; null = not yet. */
    cleaned: number | null
  }
  /** Programs that are to hear of an erasure (consent/erasure-notices.ts). `sealed` = what they are told, for nobody else to read. */
  erasure_notices: { id: string; url: string; sealed: string; created: number; due: number; tries: number }
  /** Keyed hashes of identifiers that were erased and are to be refused from then on. */
  refused_names: { name: string }

  // identity
  customers: {
    id: Generated<number>
    created: number
    version: Generated<number>
    /** Drawn anew whenever an identifier joins or leaves him, so that two states of his links never have the same. */
    links: Generated<number>
  }
  identifiers: {
    id: Generated<number>
    /** `user`, `email`, `phone`, `anonymous`, or a custom kind. */
    kind: string
    value: string
    customer: number
    first_seen: number
    last_seen: number
  }
  merges: {
    id: Generated<number>
    kept: number
    merged: number
    /** The strongest identifier of `kept` at that time. */
    anchor: number
    /** JSON list of the identifier ids that moved from `merged` to `kept`. */
    identifiers: string
    /** `source/message` of the event that caused it. */
    cause: string
    time: number
    undone: number | null
  }
  /** What a page asserted without proof: this identifier claims to be `kind`:`value`; `confirmed` = when it was proved. */
  claims: { identifier: number; kind: string; value: string; time: number; confirmed: number | null }

  // consent
  /** What customers answered, and what was told of their age (consent/answers.ts); appended only. */
  consents: {
    identifier: number
    /** A purpose, or `audience`. */
    purpose: string
    /** Of marketing; '' = every one. */
    channel: string
    /** `granted`, `denied`, `unset`; `told` of an age. */
    answer: string
    basis: string
    time: number
    received: number
    position: number
    message: string
    source: string
    wording: string | null
    proof: string | null
    expires: number | null
    born: number | null
    /** 1 = a state that was brought along, not an act: it ends no refusal. */
    weak: number
    verified: number
    /** JSON list of the identifiers that were linked when it was given. */
    covers: string
  }

  // catalog
  items: ItemRow
  /** Further identifiers (sku, variant id, barcode) by which events may name an item. */
  item_names: { name: string; item: number }
  /** What an item cost from `time` on, as long as its retention is; `currency` '' = none stated. */
  item_prices: { item: number; time: number; price: number; currency: string }
  /** What the shop states for whole categories. */
  category_audiences: { category: string; audience: string }
  /** Never a reason, a guess, or a seed for other items. */
  sensitive_categories: { category: string }

  // events
  events: {
    seq: Generated<number>
    source: string
    message: string
    /** `track`, `identify`, `page`, `screen`, `group`, `alias`. */
    type: string
    /** Canonical event name of a track, else ''. */
    name: string
    time: number
    received: number
    /** Null for an event of nobody (an order line without a customer): it feeds aggregates only. */
    identifier: number | null
    /** The consent decision of its arrival: `purpose:basis`. */
    basis: string
    body: string
  }
  /** Keyed hash of (source, message) of every event ever accepted; names nobody and outlives the event. */
  seen: { key: Uint8Array }

  // imports
  /** How far a file has been imported. */
  imports: {
    id: string
    kind: string
    name: string
    line: number
    bytes: number
    refused: number
    done: number
    updated: number
  }

  // memory
  interactions: InteractionRow
  /** What the views that retention dropped had left in `interactions`. */
  interactions_checkpoint: Pick<InteractionRow, 'identifier' | 'recipient' | 'item' | 'views' | 'view_last'>
  item_days: ItemDayRow
  /** What the views that retention dropped, and all that erasures took, had left in `item_days`. */
  item_days_checkpoint: ItemDayRow
  /** `message` breaks ties of `time`: the latest by (time, message) holds. `search` = lower-case name, or null. */
  traits: { identifier: number; name: string; value: string; time: number; message: string; search: string | null }
  orders: OrderRow
  order_lines: OrderLineRow
  facts: FactRow
  /** What was deleted or corrected: it does not come back, and its evidence teaches no more. Digests, no content. */
  fact_tombstones: TombstoneRow
  /** `state` = JSON of the open cart (memory/carts.ts); `updated` = time of its latest event. */
  carts: { identifier: number; state: string; updated: number }
  /** What the events that retention dropped had said of open carts. */
  carts_checkpoint: { identifier: number; state: string; updated: number }
  /** Orders of customers who were erased, without number, person, words and time of day. `lines`: memory/personal.ts. */
  kept_orders: {
    id: Generated<number>
    /** Its midnight (UTC), milliseconds. */
    day: number
    state: string
    total: number | null
    currency: string | null
    lines: string
  }
  /** How far the retention of events is: the last `seq` looked at, -1 = all; `before` = what is older goes. One row. */
  retention: { id: number; seq: number; before: number }

  // segments
  segments: { name: string; title: string; description: string; condition: string; updated: number }
  /** Who is in: an identifier of the customer, and since when. */
  segment_members: { segment: string; identifier: number; since: number }
  /** Whose customer is to be looked at again, when, and why (segments/fold.ts). */
  segment_due: { identifier: number; due: number; cause: number }
  /** `day` = days since 1970; `size` = as it was counted on that day, null = it was not. */
  segment_days: { segment: string; day: number; entered: number; gone: number; size: number | null }
  /** One row. `watch`, `levels` = JSON (segments/watch.ts, levels.ts); `sweep` = all customers above this id are due; null = none. */
  segment_state: {
    id: number
    watch: string | null
    levels: string | null
    computed: number
    surveying: number
    sweep: number | null
    quiet: number
  }
  // decisions
  /** One row for each placement of a decision; an item stands in at most one of them. */
  decisions: {
    id: string
    time: number
    placement: string
    identifier: number | null
    model: string
    /** JSON: item ids with score and reason kind, in order. */
    items: string
    /** JSON: what else was decided upon (seed item, context, rules that fired). */
    detail: string
  }
  outcomes: { decision: string; item: number; kind: string; time: number; value: number; message: string }
  decision_days: { day: number; placement: string; model: string; kind: string; count: number; value: number }
  rules: { id: string; doc: string; updated: number }
  models: {
    id: Generated<number>
    name: string
    version: number
    /** `training`, `ready`, `failed`, `cancelled`. */
    state: string
    started: number
    finished: number | null
    /** JSON: admitted members, weights, held-out quality; or the error. */
    report: string
    bytes: number
    /** When the training last gave a sign of life. */
    lease: number
  }
  model_chunks: { model: number; n: number; bytes: Uint8Array }

  // tasks
  /** What a person of the shop is to do for a customer (tasks/task.ts). */
  tasks: {
    id: Generated<number>
    /** Who opens it again with the same key opens nothing. */
    key: string
    identifier: number
    queue: string
    reason: string
    priority: number
    note: string
    /** `journey:<name>`, `trigger:<rule>`, `person:<id>`, `key:<id>`. */
    origin: string
    /** For which purpose what led to it was kept. */
    purpose: string
    /** JSON: what it is about (complaint, order). */
    data: string
    due: number | null
    created: number
    /** `open`, `claimed`, `resolved`. */
    state: string
    /** Who is to have it: `person:<id>`, the owner of the customer. */
    meant: string | null
    /** When that was looked up, and he was told. */
    told: number | null
    /** Who took it: `person:<id>`. */
    owner: string | null
    claimed: number | null
    resolved: number | null
    outcome: string | null
    /** When its time had come, and whoever has it was reminded. */
    reminded: number | null
  }
  task_notes: { id: Generated<number>; task: number; identifier: number; author: string; time: number; text: string }

  // surveys
  /** Definitions, every version; `closed` = when it ended: nobody is invited, and no link opens it. */
  surveys: { name: string; version: number; doc: string; created: number; closed: number | null }
  /** `id` = random; the link is made of it and a keyed hash. `page` = where the customer goes on. */
  survey_invitations: {
    id: string
    key: string
    identifier: number
    survey: string
    version: number
    language: string | null
    /** JSON: what the journey knows of it. */
    data: string
    created: number
    expires: number
    page: number
    finished: number | null
    revoked: number | null
  }
  /** `answer` = JSON; `revision` rises when the answer is changed. */
  survey_answers: {
    invitation: string
    question: string
    identifier: number
    answer: string
    revision: number
    time: number
  }
  // messages
  messages: MessageRow
  /** `state`: `new` (not yet looked at), `program` (a scanner that says so), `counted`, `robot`, `quiet` (he allows no counting). */
  message_clicks: {
    id: Generated<number>
    message: number
    identifier: number
    /** Its place among the links of the message. */
    link: number
    time: number
    state: string
  }
  /** E-mail addresses that are not written to: `bounced`, `complained`. */
  mail_addresses: { identifier: number; state: string; reason: string; time: number }
  /** Other programs that a webhook told of a customer. */
  webhook_receivers: { identifier: number; url: string; first: number }
  /** Every version that was ever stored; `doc` = JSON (messages/template.ts). */
  templates: { name: string; version: number; doc: string; created: number }
  /** What a person of the shop is as a sender; `doc` = JSON (messages/owners.ts). */
  senders: { person: string; doc: string; updated: number }
  /** Which customers belong to whom, in order of `position`; `doc` = JSON (messages/owners.ts). */
  sender_rules: { id: string; position: number; doc: string }
  /** To whom a customer was given by hand. */
  owners: { identifier: number; person: string; assigned: number }
  /** Troubles that the operator is told of once; `ended` null = it goes on. */
  alarms: { name: string; since: number; told: number | null; ended: number | null; detail: string }
}

export interface ItemRow {
  id: Generated<number>
  /** The shop's own id. */
  item: string
  title: string | null
  text: string | null
  /** JSON list of strings. */
  categories: string
  /** JSON object of name -> string | number | boolean | list of strings. */
  attributes: string
  price: number | null
  currency: string | null
  cost: number | null
  /** Null = sellable. */
  stock: number | null
  audience: string | null
  image: string | null
  url: string | null
  available_from: number | null
  available_until: number | null
  delivery_days: number | null
  /** The product of which this is a variant. */
  grouping: string | null
  hidden: number
  /** 1 = seen in events only, not yet described. */
  provisional: number
  /** Internal id of the item that this turned out to be another name of; its rows of memory keep their id. */
  same_as: number | null
  created: number
  updated: number
}

// Types and not interfaces: a type may be handed on as a record of columns.

/** One row for an identifier, a recipient ('' = the customer himself) and an item. Kinds are kept apart. */
export type InteractionRow = {
  identifier: number
  recipient: string
  item: number
  views: number
  view_last: number
  carts: number
  cart_last: number
  /** Quantity bought and not cancelled; `orders` = in how many orders. */
  bought: number
  orders: number
  /** 9007199254740991 = never. */
  bought_first: number
  bought_last: number
  returned: number
  return_last: number
  /** Of `returned`: sent back for a reason that says nothing against the item (memory/return-reasons.ts). */
  excused: number
  /** Times wished less times taken back. */
  wished: number
  wish_last: number
  /** Times refused less times taken back. */
  refused: number
  refused_last: number
  /** The latest rating by (time, message); null = none. */
  rating: number | null
  rating_time: number
  rating_message: string
}

/** Counts over all customers, and over events of nobody. `day` = days since 1970; `revenue` in minor units. */
export type ItemDayRow = {
  item: number
  day: number
  views: number
  carts: number
  bought: number
  revenue: number
  returned: number
}

/** What one identifier said of one order; an order that several identifiers speak of is combined when it is read. */
export type OrderRow = {
  /** 0 = nobody. */
  identifier: number
  number: string
  time: number
  /** `placed`, `cancelled`, `refunded` (in whole), `unknown` (returned before it was heard of). */
  state: string
  total: number | null
  currency: string | null
  /** Sorts the rows of one number: who completed the order first. */
  rank: string
  /** JSON: the digests of its events, sorted by (time, message); the rest of the row is a pure function of it. */
  parts: string
}

/** An order's items by item, for exact recounting; nobody's orders have none. A pure function of the order's parts. */
export type OrderLineRow = {
  identifier: number
  item: number
  number: string
  recipient: string
  quantity: number
  /** Price paid for one, minor units. */
  price: number | null
  returned: number
  return_last: number
  excused: number
  /** `bought`, `cancelled`, `returned`. */
  state: string
  time: number
}

/** One statement: what one event told (or what was posted as observed or inferred). Never changed, only told anew. */
export type FactRow = {
  identifier: number
  /** A kind of memory/fact-kinds.ts; or `forgotten`: an item that is not to count as taste. */
  kind: string
  /** A digest of (source, message); of a forgotten item its internal id. */
  fact: string
  subject: string
  /** '' = the customer himself. */
  recipient: string
  /** JSON (memory/fact.ts). */
  doc: string
  /** When it is to be deleted; null = it stays. */
  expires: number | null
  time: number
  message: string
}

export type TombstoneRow = {
  identifier: number
  fact: string
  /** Digests of what it was about, and of what it said. */
  slot: string
  value: string
  /** `deleted`, `corrected`. */
  cause: string
  /** JSON list of message ids that teach no more of this kind. */
  evidence: string
  time: number
  message: string
}
