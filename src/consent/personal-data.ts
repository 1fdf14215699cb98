/**
 * Personal data: every table either has a holder, which can give and let go of all rows about somebody, or stands here
 * with the reason why its rows are about nobody. `uncovered` holds the two against the schema of a database, so that a
 * table that is added cannot be forgotten by export and erasure.
 */
import type { Tx } from '../db/database.ts'
import type { DataSubject, Holder } from '../db/personal.ts'
import type { Tables } from '../db/tables.ts'

/** Tables whose rows are about no customer, and why. */
export const impersonal: Readonly<Partial<Record<keyof Tables | 'sqlite_sequence', string>>> = {
  meta: 'version and secret of the database',
  changes: 'versions of topics',
  change_log: 'ids of items, models, rules and keys; customers are not told through it',
  sqlite_sequence: 'the highest ids in use',
  keys: 'what programs authenticate with',
  people: 'people of the shop, who are no customers',
  sessions: 'people of the shop, who are no customers',
  revoked_links: 'hashes of sealed links, of use to nobody',
  items: 'the catalogue',
  item_names: 'the catalogue',
  category_audiences: 'the catalogue',
  sensitive_categories: 'the catalogue',
  seen: 'keyed hashes of (source, message id): they name nobody, and keep what was erased from coming in again',
  imports: 'how far files were read; names of files, no rows of them',
  item_prices: 'the catalogue',
  item_news: 'what happened to an item, and how far a pass has come',
  item_days: 'sums over everybody',
  item_days_checkpoint: 'sums over everybody',
  kept_orders: 'goods and amounts of a day, without number and person',
  retention: 'how far a pass has come',
  decision_days: 'sums over everybody',
  rules: 'what the shop shows and hides',
  placement_settings: 'how the shop has its lists chosen',
  experiments: 'which settings are tried against each other',
  segments: 'what the shop calls a segment; who is in it stands in segment_members',
  segment_days: 'sums over everybody',
  segment_state: 'sums over everybody, and how far a pass has come',
  surveys: 'what the shop asks; who answered stands in survey_invitations and survey_answers',
  templates: 'texts of the shop, before anybody is put into them',
  senders: 'people of the shop, who are no customers',
  sender_rules: 'which customers belong to whom, by segment, trait and share; names nobody',
  alarms: 'troubles of this server',
  journeys: 'standing processes as the shop defined them',
  journey_versions: 'standing processes as the shop defined them',
  journey_names: 'names of events',
  journey_counts: 'sums over everybody',
  journey_schedules: 'when a journey is next due, and how far it has come',
  models: 'items only; customers are folded in when they ask',
  model_chunks: 'items only; customers are folded in when they ask',
  audit: 'who read or changed what, under a random name; the link to it is in audit_subjects',
  erasures: 'receipts without personal data, and keyed hashes of what was erased',
  erasure_notices: 'who was erased, sealed, until the programs that knew him have heard of it, or a week is over',
  refused_names: 'keyed hashes of identifiers that asked to be refused',
}

/** Names of columns that are about somebody, whatever the table. */
const telling = /customer|identifier|anonymous|visitor|person|recipient|subject|e?mail|phone|address|birth/

export interface SchemaTable {
  readonly name: string
  readonly columns: readonly string[]
}

/** What is wrong with the holders as measured by a schema, in sentences; empty = every table is accounted for. */
export function uncovered(schema: readonly SchemaTable[], holders: readonly Holder[]): string[] {
  const held = Map.groupBy(holders, ({ table }) => table as string)
  const reasons: Readonly<Record<string, string>> = impersonal
  const tables = schema.flatMap(({ name, columns }) => {
    const [holder, ...more] = held.get(name) ?? []
    if (!holder && !Object.hasOwn(reasons, name))
      return [`${name} has no holder (db/personal.ts) and no reason in consent/personal-data.ts why it needs none`]
    if (!holder) return columns.filter((column) => telling.test(column) && !excused(name, column)).map(unheld(name))
    if (more.length > 0) return [`${name} has ${more.length + 1} holders`]
    return holder.about.filter((column) => !columns.includes(column)).map((column) => `${name} has no column ${column}`)
  })
  const known = new Set(schema.map(({ name }) => name))
  return [...tables, ...[...held.keys()].filter((name) => !known.has(name)).map((name) => `there is no table ${name}`)]
}

const unheld = (table: string) => (column: string) =>
  `${table}.${column} sounds like somebody, and the table has no holder`

/** Columns that sound like a customer and are none, and why. */
const excuses: Readonly<Record<string, string>> = {
  'audit.subject': 'random; the table that links it is held',
  'people.email': 'of people of the shop',
  'sessions.person': 'a person of the shop',
  'senders.person': 'a person of the shop',
}

function excused(table: string, column: string): boolean {
  return Object.hasOwn(excuses, `${table}.${column}`)
}

/** Lets go of everything about `person`; rows by table, in the order of the holders. */
export async function eraseAll(
  tx: Tx,
  holders: readonly Holder[],
  person: DataSubject,
): Promise<Readonly<Record<string, number>>> {
  const rows: Record<string, number> = {}
  for (const holder of holders) rows[holder.table] = await holder.erase(tx, person)
  return rows
}
