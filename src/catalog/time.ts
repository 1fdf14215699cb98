/** Times as catalogues and imports write them. */

/** Milliseconds since 1970 of an ISO 8601 date or time (a date alone and a time without a zone are UTC), else null. */
export function parseTime(value: string): number | null {
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)\s*(Z|[+-]\d\d:?\d\d)?)?$/i.exec(value)
  if (!match) return null
  const [, day, clock, zone] = match
  const time = Date.parse(clock ? `${day}T${clock}${zone ? zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2') : 'Z'}` : day)
  if (!Number.isFinite(time)) return null
  // `Date.parse` rolls 31 June over to July; a date that does not exist is refused instead.
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day) ? time : null
}
