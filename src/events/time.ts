/** When an event happened, by the clock of this server. */
import { HabitueError } from '../errors.ts'

/** Nothing before 1990 is believed: seconds that were taken for milliseconds land in 1970. */
export const earliest = Date.UTC(1990, 0, 1)
/** How far a clock may run ahead, in milliseconds. */
export const ahead = 24 * 60 * 60 * 1000

const iso = /^\d{4}-\d\d-\d\d(?:([T ])\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/i

/**
 * Milliseconds since 1970 of an ISO 8601 text (UTC where it names no zone) or of a number of milliseconds.
 * NaN where it is neither; null where it is absent.
 */
export function timeOf(given: unknown): number | null {
  if (given === undefined || given === null || given === '') return null
  if (typeof given === 'number') return Number.isFinite(given) ? Math.round(given) : Number.NaN
  if (typeof given !== 'string' || given.length > 40) return Number.NaN
  const match = iso.exec(given)
  if (match === null) return Number.NaN
  // A time of day without a zone would be read in the zone of this machine.
  return Date.parse(match[1] !== undefined && match[2] === undefined ? `${given}Z` : given)
}

/** `sentAt` of a message or its batch where it is a time that can be, else null: it serves to correct clocks only. */
export function sentTime(given: unknown): number | null {
  const time = timeOf(given)
  return time === null || Number.isNaN(time) || time < earliest ? null : time
}

/**
 * `receivedAt - (sentAt - originalTimestamp)`: the distance between two readings of the sender's clock, laid before our
 * own. Without `sentAt` the time as given; without any, the arrival. A message with both `timestamp` and
 * `originalTimestamp` (the moment of the call) tells by the first when something happened: it counts as it is.
 * @throws HabitueError invalid_time
 */
export function eventTime(message: Readonly<Record<string, unknown>>, sent: number | null, received: number): number {
  const called = timeOf(message.originalTimestamp)
  const told = timeOf(message.timestamp)
  const original = told ?? called
  if (original === null) return received
  if (Number.isNaN(original)) throw invalid(message, 'expected ISO 8601, such as 2025-01-31T12:00:00.000Z')
  const time = sent === null || (called !== null && told !== null) ? original : received - (sent - original)
  if (time < earliest || original < earliest) throw invalid(message, 'expected a time since 1990, in milliseconds')
  if (time > received + ahead) throw invalid(message, 'which is more than a day ahead of this server')
  return time
}

function invalid(message: Readonly<Record<string, unknown>>, expected: string): HabitueError {
  const got = JSON.stringify(message.timestamp ?? message.originalTimestamp) ?? 'nothing'
  return new HabitueError('invalid_time', `The time of the event is ${got.slice(0, 60)}; ${expected}.`)
}
