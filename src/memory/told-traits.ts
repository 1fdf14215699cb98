/** What `identify` told of the customer himself, as statements. Pure. */
import type { AdmittedEvent } from '../events/event.ts'
import type { Statement } from './fact.ts'
import { sighted } from './sighted.ts'
import { type ToldTrait, traitRows } from './traits.ts'

/** Identifiers are shown as such; names stand above the document. */
const shownElsewhere = new Set(['email', 'phone', 'id', 'userId'])
const birthdays = /^(birth_?day|birth_?date|date_?of_?birth)$/i
const languages = /^(language|locale|lang)$/i
const day = /^(?:\d{4}-)?(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])/

/** Does a trait of this name tell when he was born? */
export const isBirthdayTrait = (name: string) => birthdays.test(name)

export const traitChannel = 'identify'

/** The latest of each name, whatever identifier it came with: it was said of one customer. */
export function toldTraits(events: readonly AdmittedEvent[]): Statement[] {
  return traitStatements(traitRows(events.map((event) => ({ ...asOne(event) }))))
}

/** A birthday is an occasion, a language a language, everything else an attribute; of one name the last row counts. */
export function traitStatements(rows: readonly ToldTrait[]): Statement[] {
  const latest = new Map(rows.map((row) => [row.name, row]))
  return [...latest.values()].flatMap(({ name, value: json, time, message }) => {
    const value: unknown = JSON.parse(json)
    if (value === null || value === '' || shownElsewhere.has(name)) return []
    const said = { evidence: [message], first: time, last: time, channel: traitChannel, provenance: 'told' as const }
    const date = birthdays.test(name) && typeof value === 'string' ? day.exec(value)?.[0] : undefined
    if (date) return [sighted({ kind: 'occasion', subject: 'birthday', value: { date }, ...said })]
    if (languages.test(name) && typeof value === 'string' && /^[A-Za-z]{2,3}\b/.test(value))
      return [sighted({ kind: 'language', subject: '', value, ...said })]
    const shown = typeof value === 'object' ? JSON.stringify(value).slice(0, 500) : value
    return [sighted({ kind: 'attribute', subject: name, value: shown, ...said })]
  })
}

function asOne({ type, time, messageId, properties, identifier }: AdmittedEvent) {
  return { type, time, messageId, properties, identifier: identifier === null ? null : 0 } as AdmittedEvent
}
