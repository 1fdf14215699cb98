/**
 * Delimited text (CSV, TSV; RFC 4180) -> rows. Not `csv-parse`, which ends at a quote that is never closed and takes
 * with it the rows it had ready; here such a line is reported, and reading goes on at the next. A test holds the two
 * equal on text that is well formed. Lines without a quote are split as they are: three times as fast.
 */
import { readLines } from './lines.ts'

export interface Row {
  /** Where it begins, counted from 1. */
  readonly line: number
  readonly fields: readonly string[]
}

export interface BadLine {
  readonly line: number
  readonly code: 'invalid_line' | 'invalid_item' | 'invalid_event'
  readonly message: string
}

export interface RowsOptions {
  readonly delimiter: string
  /** Lines with U+FFFD are reported: the file has bytes that its encoding does not allow. */
  readonly damaged?: boolean
}

export interface RowsChunk {
  readonly rows: readonly Row[]
  readonly bad: readonly BadLine[]
}

/** A quoted field that runs over more lines than this was not meant to. */
const longestRecord = 200

/**
 * Rows of the text, the header first; every row has as many fields as the header. Empty lines are passed over.
 */
export async function* readRows(
  chunks: AsyncIterable<string> | Iterable<string>,
  options: RowsOptions,
): AsyncGenerator<RowsChunk> {
  const splitter = new Splitter(options)
  for await (const lines of readLines(chunks)) {
    splitter.take(lines)
    yield splitter.give()
  }
  splitter.end()
  yield splitter.give()
}

class Splitter {
  readonly #delimiter: string
  readonly #damaged: boolean
  #width = 0
  /** Lines that are not yet part of a row, and the number of the first. */
  #pending: (string | null)[] = []
  #first = 1
  #rows: Row[] = []
  #bad: BadLine[] = []

  constructor({ delimiter, damaged = false }: RowsOptions) {
    this.#delimiter = delimiter
    this.#damaged = damaged
  }

  give(): RowsChunk {
    const chunk = { rows: this.#rows, bad: this.#bad }
    this.#rows = []
    this.#bad = []
    return chunk
  }

  take(lines: (string | null)[]): void {
    this.#pending = this.#pending.length > 0 ? this.#pending.concat(lines) : lines
    this.#split(false)
  }

  end(): void {
    this.#split(true)
  }

  #split(final: boolean): void {
    const lines = this.#pending
    let at = 0
    while (at < lines.length) {
      const line = lines[at]
      const number = this.#first + at
      if (line === null) this.#report(number, 'is longer than a megabyte')
      else if (!line.includes('"')) {
        if (line !== '') this.#push(line.split(this.#delimiter), number)
      } else {
        const taken = this.#quoted(lines, at, number, final)
        if (taken === 0) break
        at += taken - 1
      }
      at++
    }
    this.#pending = lines.slice(at)
    this.#first += at
  }

  /** Reads the record that begins at `lines[at]`. Answers how many lines it took; 0 = it goes on behind the last. */
  #quoted(lines: readonly (string | null)[], at: number, number: number, final: boolean): number {
    let text = ''
    for (let taken = 1; taken <= longestRecord; taken++) {
      if (at + taken > lines.length) {
        if (!final) return 0
        break
      }
      const line = lines[at + taken - 1]
      if (line === null) break
      text = taken === 1 ? line : `${text}\n${line}`
      const fields = line.includes('"') ? splitQuoted(text, this.#delimiter, taken > 1) : null
      if (!fields) continue
      // Over several lines and of another width: what closed the quote was meant to open one.
      if (taken > 1 && this.#width > 0 && fields.length !== this.#width) break
      this.#push(fields, number)
      return taken
    }
    // The lines behind it are read for themselves.
    this.#report(number, 'has a quote that is not closed')
    return 1
  }

  #push(fields: string[], line: number): void {
    if (this.#width === 0) this.#width = fields.length
    // Spreadsheets write empty columns behind the last.
    while (fields.length > this.#width && fields[fields.length - 1] === '') fields.pop()
    if (fields.length !== this.#width) {
      this.#report(line, `has ${fields.length} columns; expected ${this.#width}, as the header has`)
    } else if (this.#damaged && fields.some((field) => field.includes('\ufffd'))) {
      this.#report(line, 'has bytes that are not valid in its encoding')
    } else this.#rows.push({ line, fields })
  }

  #report(line: number, what: string): void {
    this.#bad.push({ line, code: 'invalid_line', message: `Line ${line} ${what}.` })
  }
}

/**
 * The fields of one record; null where a quote is left open. A quote within a field that does not begin with one is
 * kept as it is, and so is what follows a closing quote; `strict`: null for the latter, because over several lines it
 * was an opening one.
 */
export function splitQuoted(text: string, delimiter: string, strict = false): string[] | null {
  const fields: string[] = []
  let at = 0
  for (;;) {
    if (text.charCodeAt(at) !== 34) {
      const end = text.indexOf(delimiter, at)
      if (end < 0) {
        fields.push(text.slice(at))
        return fields
      }
      fields.push(text.slice(at, end))
      at = end + 1
      continue
    }
    let field = ''
    let from = at + 1
    for (;;) {
      const quote = text.indexOf('"', from)
      if (quote < 0) return null
      field += text.slice(from, quote)
      if (text.charCodeAt(quote + 1) !== 34) {
        at = quote + 1
        break
      }
      field += '"'
      from = quote + 2
    }
    const end = text.indexOf(delimiter, at)
    if (strict && at !== (end < 0 ? text.length : end)) return null
    fields.push(field + text.slice(at, end < 0 ? text.length : end))
    if (end < 0) return fields
    at = end + 1
  }
}

const delimiters = [',', '\t', ';', '|'] as const

/** The delimiter of a header line: the one that it has most of. */
export function guessDelimiter(header: string): string {
  const unquoted = header.replaceAll(/"[^"]*"/g, '')
  let best: string = ','
  let most = 0
  for (const delimiter of delimiters) {
    const count = unquoted.split(delimiter).length - 1
    if (count > most) {
      best = delimiter
      most = count
    }
  }
  return best
}
