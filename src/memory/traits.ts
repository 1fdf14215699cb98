/** What `identify` said of a customer: by name the latest by (time, message). A trait of null is one taken back. */
import type { Tables } from '../db/tables.ts'
import type { AdmittedEvent } from '../events/event.ts'
import { isLater } from './interactions.ts'

export type TraitRow = Tables['traits']
export type ToldTrait = Pick<TraitRow, 'name' | 'value' | 'time' | 'message'>

const nameTraits = new Set(['name', 'firstName', 'first_name', 'lastName', 'last_name', 'username'])
const MAX_NAME = 255
const MAX_SEARCH = 200

/** The rows of a batch, the latest of each (identifier, name). */
export function traitRows(events: readonly AdmittedEvent[]): TraitRow[] {
  const rows = new Map<string, TraitRow>()
  for (const event of events) {
    if (event.type !== 'identify' || event.identifier === null) continue
    const { identifier, time, messageId: message } = event
    for (const [name, value] of Object.entries(event.properties)) {
      if (value === undefined || name === '' || name.length > MAX_NAME) continue
      const key = `${identifier} ${name}`
      const old = rows.get(key)
      if (old && !isLater(time, message, old.time, old.message)) continue
      rows.set(key, { identifier, name, value: JSON.stringify(value), time, message, search: searchText(name, value) })
    }
  }
  return [...rows.values()]
}

/** By which a customer is found: the lower-case text of a trait that is a person's name, else null. */
function searchText(name: string, value: unknown): string | null {
  if (!nameTraits.has(name) || typeof value !== 'string' || value === '') return null
  return value.toLowerCase().slice(0, MAX_SEARCH)
}

/** The traits that hold over several identifiers: of each name the latest; those taken back are absent. */
export function combineTraits(rows: readonly ToldTrait[]): Record<string, unknown> {
  const latest = new Map<string, ToldTrait>()
  for (const row of rows) {
    const old = latest.get(row.name)
    if (!old || isLater(row.time, row.message, old.time, old.message)) latest.set(row.name, row)
  }
  const traits: [string, unknown][] = []
  for (const name of [...latest.keys()].sort()) {
    const value: unknown = JSON.parse((latest.get(name) as ToldTrait).value)
    if (value !== null) traits.push([name, value])
  }
  return Object.fromEntries(traits)
}
