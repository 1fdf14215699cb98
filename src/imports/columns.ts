/** The values of one row by field: who, what, when, in the forms that messages take. */
import type { Mapping } from './mapping.ts'
import type { Sink, TrackingMessage } from './messages.ts'
import { parseDecimal, timeReader } from './values.ts'

/** Longest id that the tracking API takes. */
const longestId = 512
const DAY = 86_400_000

export interface ConvertContext {
  readonly mapping: Mapping
  readonly sink: Sink<TrackingMessage>
  readonly hash: string
  /** Milliseconds: what is known to be later than anything in the file. */
  readonly modified: number
  /** Currency of prices where no column says it; null = the shop's. */
  readonly currency: string | null
  /** `keep`: postage and fees are items like any other. */
  readonly charges: 'skip' | 'keep'
  /** What the operator states of all that the file holds. */
  readonly stated?: Stated
}

/** A legal basis, and how it can be shown. */
export interface Stated {
  readonly basis?: string
  readonly source?: string
  readonly wording?: string
}

/** Index of the column of a field; -1 = there is none. */
export function indexOfField({ columns }: Mapping, field: string): number {
  return columns.find((column) => column.field === field)?.index ?? -1
}

/** Columns whose field begins with `space.`: the name behind it, and the index. */
export function fieldsIn({ columns }: Mapping, space: string): { name: string; index: number }[] {
  return columns.flatMap(({ field, index }) =>
    field?.startsWith(`${space}.`) ? [{ name: field.slice(space.length + 1), index }] : [],
  )
}

/** Reads an id, or reports the line and answers null. `''` where it may be absent and is. */
export function readId(
  sink: Sink<unknown>,
  line: number,
  what: string,
  text: string,
  required: boolean,
): string | null {
  const id = text.trim()
  if (id === '' && required) {
    sink.refuse(line, `the ${what} is empty`)
    return null
  }
  if (id.length > longestId) {
    sink.refuse(line, `the ${what} is ${id.length} characters long; expected at most ${longestId}`)
    return null
  }
  return id
}

/** Reads a number, or reports the line and answers null; `absent` where the text is empty. */
export function readNumber(
  { sink, mapping }: Pick<ConvertContext, 'sink' | 'mapping'>,
  line: number,
  what: string,
  text: string | undefined,
  absent: number,
): number | null {
  if (text === undefined || text === '') return absent
  const value = parseDecimal(text, mapping.decimalComma)
  if (value === null) sink.refuse(line, `the ${what} is ${quote(text)}; expected a number`)
  return value
}

export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text)
}

/**
 * Times of a file. Where a line has none, all that is known is that it was before the file was written, and after the
 * customer's lines above it: it is put on the day before the file was written, each further line of a customer a second
 * later. So a split of each customer's history by time is the split by order, no line lies in the future, and nothing is
 * as old as 1970, where decay and retention would make it worth nothing.
 */
export class Times {
  readonly #read: (text: string) => number | null
  readonly #start: number
  readonly #count = new Map<string, number>()

  constructor(mapping: Mapping, modified: number) {
    this.#read = timeReader(mapping.time)
    this.#start = Math.floor(modified / 1000) * 1000 - DAY
  }

  /** Milliseconds, or null after reporting the line. */
  of(sink: Sink<unknown>, line: number, text: string | undefined, customer: string): number | null {
    if (text === undefined || text === '') return this.unknown(customer)
    const time = this.#read(text)
    if (time === null) sink.refuse(line, `the time is ${quote(text)}; expected one like the others of its column`)
    return time
  }

  unknown(customer: string): number {
    const before = this.#count.get(customer)
    this.#count.set(before === undefined ? own(customer) : customer, (before ?? 0) + 1)
    return this.#start + Math.min(before ?? 0, DAY / 1000 - 1) * 1000
  }
}

/** A copy of a text cut from a chunk: kept as it is, it would keep the whole chunk in memory. */
export function own(text: string): string {
  return Buffer.from(text).toString()
}

/** userId or anonymousId, as the mapping says; neither for an empty text. */
export function identityOf(user: string, anonymous: string): { userId?: string; anonymousId?: string } {
  if (user !== '') return anonymous !== '' ? { userId: user, anonymousId: anonymous } : { userId: user }
  return anonymous !== '' ? { anonymousId: anonymous } : {}
}
