/** What an import sends: messages of the tracking API, and where in the file they come from. */
import type { BadLine } from './rows.ts'

export interface TrackingMessage {
  readonly type: string
  readonly messageId: string
  readonly userId?: string
  readonly anonymousId?: string
  /** Milliseconds since 1970, or as the file had it. */
  readonly timestamp?: number | string
  readonly event?: string
  readonly properties?: Readonly<Record<string, unknown>>
  readonly traits?: Readonly<Record<string, unknown>>
  readonly context?: Readonly<Record<string, unknown>>
}

const LINE_DIGITS = 9

/**
 * The id of what line `line` says: the first 16 digits of the file's hash, and the line. The same line of the same
 * content has the same id for ever, so importing twice changes nothing. Filled with zeros, so that of two lines of one
 * time the later one is the latest by (time, message) too.
 */
export function messageIdOf(hash: string, line: number): string {
  return `${hash.slice(0, 16)}:${String(line).padStart(LINE_DIGITS, '0')}`
}

/** The line that a message came from; null for an id that an import did not make. */
export function lineOfMessage(messageId: string): number | null {
  const match = /^[0-9a-f]{16}:(\d{9,})$/.exec(messageId)
  return match ? Number(match[1]) : null
}

/**
 * Collects what a converter makes. Lines up to `after` were sent by an earlier run: they are converted again, because
 * later lines may depend on them (an order whose lines are scattered), and what they give is let go.
 */
export class Sink<T> {
  #out: T[] = []
  #lines: number[] = []
  #bad: BadLine[] = []
  #skipped: Record<string, number> = {}
  readonly #after: number
  /** The line that is being converted. */
  line = 0

  constructor(after: number) {
    this.#after = after
  }

  get size(): number {
    return this.#out.length
  }

  put(one: T): void {
    if (this.line <= this.#after) return
    this.#out.push(one)
    this.#lines.push(this.line)
  }

  report(bad: BadLine): void {
    if (this.line > this.#after) this.#bad.push(bad)
  }

  /** @param what says what was got and what was expected, as the end of "Line 7: ..." */
  refuse(line: number, what: string, code: BadLine['code'] = 'invalid_line'): void {
    this.report({ line, code, message: `Line ${line}: ${what}.` })
  }

  /** Counts a line that is well formed and means nothing for an import. */
  skip(reason: string): void {
    if (this.line > this.#after) this.#skipped[reason] = (this.#skipped[reason] ?? 0) + 1
  }

  /** What was collected since the last time; `lines` = the line at which each of `out` was put. */
  take(): { out: T[]; lines: number[]; bad: BadLine[]; skipped: Record<string, number> } {
    const taken = { out: this.#out, lines: this.#lines, bad: this.#bad, skipped: this.#skipped }
    this.#out = []
    this.#lines = []
    this.#bad = []
    this.#skipped = {}
    return taken
  }
}

/** Turns the rows of a file, one after the other, into what is sent. */
export interface Converter {
  row(line: number, fields: readonly string[]): void
  /** After the last row. */
  end(): void
}
