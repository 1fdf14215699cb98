/**
 * The log, with whatever could be somebody's taken out of its lines: addresses of e-mail, numbers of cards, keys and tokens,
 * and what a database says of the row that it refused. A safety net: nothing is meant to put them there (no bodies, no
 * addresses of requests are logged), but a fault may quote anything.
 */
import { type DestinationStream, type Logger, pino } from 'pino'
import type { Config } from '../config.ts'
import { hasCardNumber } from '../events/card-number.ts'

/** Fields of errors in which PostgreSQL quotes rows and statements their parameters. */
const quoting: ReadonlySet<string> = new Set([
  'detail',
  'where',
  'parameters',
  'query',
  'sql',
  'key',
  'token',
  'authorization',
  'writeKey',
])

const patterns: readonly (readonly [RegExp, string])[] = [
  [/\bhb[psa]_[0-9a-f]{12}_[\w-]+/g, '[key]'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[token]'],
  [/[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu, '[e-mail]'],
]
const longNumber = /\d(?:[ -]?\d){12,18}/g

/** A text without what could be somebody's. */
export function redacted(text: string): string {
  const plain = patterns.reduce((rest, [pattern, instead]) => rest.replace(pattern, instead), text)
  return plain.replace(longNumber, (digits) => (hasCardNumber(digits) ? '[card]' : digits))
}

/** To standard output, or to `destination`. */
export function redactingLog(level: Config['logLevel'], destination?: DestinationStream): Logger {
  const options = { level, hooks: { streamWrite: redactedLine } }
  return destination ? pino(options, destination) : pino(options)
}

/** One line of pino's JSON. There are few, so it is read and written again: numbers, times among them, stay as they are. */
function redactedLine(line: string): string {
  try {
    return `${JSON.stringify(clean(JSON.parse(line), ''))}\n`
  } catch {
    return redacted(line)
  }
}

function clean(value: unknown, name: string): unknown {
  if (typeof value === 'string') return quoting.has(name) ? '[redacted]' : redacted(value)
  if (value === null || typeof value !== 'object') return value
  if (quoting.has(name)) return '[redacted]'
  if (Array.isArray(value)) return value.map((one) => clean(one, ''))
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clean(inner, key)]))
}
