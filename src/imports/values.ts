/** Numbers, prices and times as files write them. Each reader answers null for what it cannot read. */

import { currencyExponent, isCurrency } from '../catalog/money.ts'
import { parseTime } from '../catalog/time.ts'

const plainNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i

/** A decimal number; with `comma` written as 12,50. Words (NaN, Infinity) are none. */
export function parseDecimal(text: string, comma = false): number | null {
  const trimmed = text.trim()
  const written = comma ? trimmed.replace(',', '.') : trimmed
  if (!plainNumber.test(written)) return null
  const value = Number(written)
  return Number.isFinite(value) ? value : null
}

export interface Price {
  readonly amount: number
  /** Null where the text names none. */
  readonly currency: string | null
}

const symbols: Readonly<Record<string, string>> = { '€': 'EUR', '£': 'GBP', '¥': 'JPY', $: 'USD' }

/** `12.99 USD`, `EUR 1.299,00`, `£5`, `1,299.00`. A single comma before three digits groups thousands. */
export function parsePrice(text: string): Price | null {
  const match = /^([A-Za-z]{3}|[€£¥$])?\s*([+-]?[\d.,\u00a0' ]*\d)\s*([A-Za-z]{3}|[€£¥$])?$/.exec(text.trim())
  if (!match || (match[1] && match[3])) return null
  const sign = match[1] ?? match[3]
  const currency = sign === undefined ? null : (symbols[sign] ?? sign.toUpperCase())
  if (currency !== null && !isCurrency(currency)) return null
  const digits = match[2].replace(/[\u00a0' ]/g, '')
  const last = Math.max(digits.lastIndexOf('.'), digits.lastIndexOf(','))
  const amount = Number(last < 0 ? digits : withPoint(digits, last, currency))
  return Number.isFinite(amount) ? { amount, currency } : null
}

/** The last of `.` and `,` is the decimal one, unless it groups thousands. */
function withPoint(digits: string, last: number, currency: string | null): string {
  const mark = digits[last]
  const whole = digits.slice(0, last)
  const rest = digits.slice(last + 1)
  const repeated = whole.includes(mark)
  const groups = repeated || (mark === ',' && rest.length === 3 && currencyExponent(currency) !== 3)
  const point = groups && !whole.includes(mark === ',' ? '.' : ',') ? '' : '.'
  return whole.replaceAll(/[.,]/g, '') + point + rest
}

/** How a column writes times. `day-first` is 31/12/2010 8:26, `month-first` 12/31/2010 8:26, `compact` 20101231. */
export type TimeFormat = 'seconds' | 'milliseconds' | 'microseconds' | 'iso' | 'day-first' | 'month-first' | 'compact'

/** A reader of times of one format: milliseconds since 1970 (UTC where no zone is named), or null. */
export function timeReader(format: TimeFormat): (text: string) => number | null {
  const read = readers[format]
  // Lines of one order, and events of one session, repeat the time of the line before.
  let lastText = ''
  let last: number | null = null
  return (text) => {
    if (text === lastText && last !== null) return last
    lastText = text
    last = read(text.trim())
    return last
  }
}

const readers: Readonly<Record<TimeFormat, (text: string) => number | null>> = {
  seconds: (text) => scaled(text, 1000),
  milliseconds: (text) => scaled(text, 1),
  microseconds: (text) => scaled(text, 0.001),
  iso: parseTime,
  'day-first': (text) => slashed(text, 1, 2),
  'month-first': (text) => slashed(text, 2, 1),
  compact: (text) =>
    /^\d{8}$/.test(text) ? parseTime(`${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`) : null,
}

/** The years that are believed; what a tracking event may say is narrower still. */
const earliest = Date.UTC(1970, 0, 2)
const latest = Date.UTC(2200, 0, 1)

function scaled(text: string, factor: number): number | null {
  const value = parseDecimal(text)
  if (value === null) return null
  const time = Math.round(value * factor)
  return time >= earliest && time < latest ? time : null
}

const slashedTime = /^(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:[ T](\d{1,2}):(\d\d)(?::(\d\d))?)?$/

function slashed(text: string, dayAt: 1 | 2, monthAt: 1 | 2): number | null {
  const match = slashedTime.exec(text)
  if (!match) return null
  const [, , , year, hour = '0', minute = '0', second = '0'] = match
  const two = (part: string) => part.padStart(2, '0')
  return parseTime(`${year}-${two(match[monthAt])}-${two(match[dayAt])}T${two(hour)}:${two(minute)}:${two(second)}Z`)
}

/** The format that reads all of `texts` (none empty); null = no format does. `ambiguous`: another date order does too. */
export function guessTimeFormat(texts: readonly string[]): { format: TimeFormat; ambiguous: boolean } | null {
  if (texts.length === 0) return null
  const fits = (format: TimeFormat) => texts.every((text) => readers[format](text.trim()) !== null)
  if (texts.every((text) => plainNumber.test(text.trim()))) {
    if (texts.every((text) => /^(19|20)\d{6}$/.test(text.trim())) && fits('compact')) {
      return { format: 'compact', ambiguous: false }
    }
    const largest = Math.max(...texts.map(Number))
    const format = largest < 1e11 ? 'seconds' : largest < 1e14 ? 'milliseconds' : 'microseconds'
    return fits(format) ? { format, ambiguous: false } : null
  }
  if (fits('iso')) return { format: 'iso', ambiguous: false }
  const monthFirst = fits('month-first')
  const dayFirst = fits('day-first')
  if (!monthFirst && !dayFirst) return null
  // 12/1/2010 is both; a point between the parts is how day-first countries write.
  const format = monthFirst && !(dayFirst && texts[0].includes('.')) ? 'month-first' : 'day-first'
  return { format, ambiguous: monthFirst && dayFirst }
}
