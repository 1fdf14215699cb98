/**
 * A catalogue feed -> checked items: JSON lines, CSV or TSV with a header, Google Merchant data as TSV or XML. What is
 * wrong with one item is reported with its line, and the others are kept.
 */
import { TextDecoder } from 'node:util'
import { type Item, parseItem } from '../catalog/item.ts'
import { HabitueError } from '../errors.ts'
import { itemReader } from './item-columns.ts'
import { readLines } from './lines.ts'
import { type GuessOptions, guessMapping, type Mapping } from './mapping.ts'
import { isMerchantHeader, merchantItem, merchantName } from './merchant.ts'
import { readMerchantXml } from './merchant-xml.ts'
import { type BadLine, guessDelimiter, type Row, readRows } from './rows.ts'
import { encodingOf } from './source.ts'

export const feedFormats = ['jsonl', 'csv', 'tsv', 'xml'] as const
export type FeedFormat = (typeof feedFormats)[number]

export interface FeedOptions extends Pick<GuessOptions, 'map'> {
  /** For sale prices that hold from a day to a day. Milliseconds since 1970. */
  readonly now: number
  /** Lines with U+FFFD are reported. */
  readonly damaged?: boolean
  readonly delimiter?: string
}

export interface FeedChunk {
  readonly items: readonly Item[]
  /** Line of each of `items`. */
  readonly lines: readonly number[]
  readonly bad: readonly BadLine[]
}

/** What a feed was recognised as, for a dry run. */
export interface FeedShape {
  readonly format: FeedFormat
  /** Google's names of columns or elements. */
  readonly merchant: boolean
  readonly delimiter?: string
  /** Of a table that is no Merchant feed. */
  readonly mapping?: Mapping
}

type Chunks = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>

/** Rows by which a mapping is guessed. */
const sampleRows = 1000

/**
 * Items of a feed that comes in chunks of text or bytes; `auto` recognises its format by its beginning.
 * @throws HabitueError invalid_file for an empty feed or one of no known format, missing_column
 */
export async function* readFeed(
  chunks: Chunks,
  format: FeedFormat | 'auto',
  options: FeedOptions,
): AsyncGenerator<FeedChunk> {
  const { text, start } = await begin(asText(chunks))
  const known = format === 'auto' ? formatOf(start) : format
  const delimiter = known === 'tsv' ? '\t' : (options.delimiter ?? guessDelimiter(firstLine(start)))
  const checked =
    known === 'xml'
      ? fromXml(text, options)
      : known === 'jsonl'
        ? fromJsonLines(text, options)
        : fromTable(text, delimiter, options)
  for await (const { items, lines, bad } of checked) {
    yield { items, lines, bad: bad.sort((a, b) => a.line - b.line) }
  }
}

/** What a feed that begins with `start` is, and how its columns are read. @throws as `readFeed` */
export async function describeFeed(start: string, options: FeedOptions): Promise<FeedShape> {
  const format = formatOf(start)
  if (format === 'xml') return { format, merchant: true }
  if (format === 'jsonl') return { format, merchant: false }
  const delimiter = options.delimiter ?? guessDelimiter(firstLine(start))
  const rows: Row[] = []
  for await (const chunk of readRows([start], { delimiter })) rows.push(...chunk.rows)
  const [header, ...sample] = rows.map(({ fields }) => fields)
  if (isMerchantHeader(header)) return { format, merchant: true, delimiter }
  return { format, merchant: false, delimiter, mapping: guessMapping('items', header, sample, options) }
}

/** By its first character that is not white space: `<` is XML, `{` JSON lines, and all else a table. */
export function formatOf(start: string): FeedFormat {
  const begins = start.trimStart()
  if (begins === '') throw new HabitueError('invalid_file', 'The feed is empty.')
  if (begins.startsWith('<')) return 'xml'
  if (begins.startsWith('{')) return 'jsonl'
  if (begins.startsWith('[')) {
    const message = 'The feed is a JSON list; expected JSON lines: one object a line, without the brackets.'
    throw new HabitueError('invalid_file', message)
  }
  return guessDelimiter(firstLine(start)) === '\t' ? 'tsv' : 'csv'
}

function firstLine(text: string): string {
  return text.trimStart().split(/\r?\n|\r/, 1)[0]
}

async function* asText(chunks: Chunks): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined
  for await (const chunk of chunks) {
    if (typeof chunk === 'string') yield chunk
    else {
      decoder ??= new TextDecoder(encodingOf(chunk))
      yield decoder.decode(chunk, { stream: true })
    }
  }
  const rest = decoder?.decode()
  if (rest) yield rest
}

/** Reads until something stands there; `text` gives all, from the beginning. */
async function begin(chunks: AsyncGenerator<string>): Promise<{ text: AsyncIterable<string>; start: string }> {
  let start = ''
  let ended = false
  // A header line, or enough of it to know the format.
  while (!ended && !(start.trim() !== '' && /[\r\n]/.test(start.trimStart())) && start.length < 1_000_000) {
    const next = await chunks.next()
    ended = next.done === true
    if (!next.done) start += next.value
  }
  if (start.trim() === '') throw new HabitueError('invalid_file', 'The feed is empty.')
  async function* all() {
    yield start
    yield* chunks
  }
  return { text: all(), start }
}

/** Collects items and what is wrong with others. */
class Checked {
  items: Item[] = []
  lines: number[] = []
  bad: BadLine[] = []

  add(line: number, input: unknown): void {
    try {
      this.items.push(parseItem(input))
      this.lines.push(line)
    } catch (error) {
      if (!(error instanceof HabitueError)) throw error
      this.bad.push({ line, code: 'invalid_item', message: `Line ${line}: ${error.message}` })
    }
  }
}

async function* fromXml(text: AsyncIterable<string>, { now }: FeedOptions): AsyncGenerator<Checked> {
  for await (const { records, bad } of readMerchantXml(text)) {
    const checked = new Checked()
    checked.bad.push(...bad)
    for (const { line, record } of records) checked.add(line, merchantItem(record, now))
    yield checked
  }
}

async function* fromJsonLines(text: AsyncIterable<string>, { damaged }: FeedOptions): AsyncGenerator<Checked> {
  let line = 0
  for await (const lines of readLines(text)) {
    const checked = new Checked()
    const refuse = (what: string) => checked.bad.push({ line, code: 'invalid_line', message: `Line ${line} ${what}.` })
    for (const content of lines) {
      line++
      if (content === null) refuse('is longer than a megabyte')
      else if (content.trim() === '') continue
      else if (damaged && content.includes('\ufffd')) refuse('has bytes that are not valid in its encoding')
      else {
        try {
          checked.add(line, JSON.parse(content))
        } catch (error) {
          refuse(`is not JSON: ${(error as Error).message}`)
        }
      }
    }
    yield checked
  }
}

async function* fromTable(
  text: AsyncIterable<string>,
  delimiter: string,
  options: FeedOptions,
): AsyncGenerator<Checked> {
  let read: ((fields: readonly string[]) => unknown) | undefined
  let waiting: Row[] = []
  const checked = new Checked()
  for await (const { rows, bad } of readRows(text, { delimiter, damaged: options.damaged })) {
    const part = read ? new Checked() : checked
    part.bad.push(...bad)
    if (!read) {
      waiting = waiting.concat(rows)
      if (waiting.length <= sampleRows) continue
      read = rowReader(waiting, delimiter, options)
      for (const { line, fields } of waiting.slice(1)) part.add(line, read(fields))
      waiting = []
    } else for (const { line, fields } of rows) part.add(line, read(fields))
    yield part
  }
  if (waiting.length > 0) {
    read = rowReader(waiting, delimiter, options)
    for (const { line, fields } of waiting.slice(1)) checked.add(line, read(fields))
    yield checked
  }
}

function rowReader(rows: readonly Row[], delimiter: string, options: FeedOptions): (f: readonly string[]) => unknown {
  const header = rows[0].fields
  if (!options.map && isMerchantHeader(header)) {
    const names = header.map(merchantName)
    return (fields) => {
      const record = new Map<string, string[]>()
      names.forEach((name, i) => {
        if (fields[i] !== '') record.set(name, [...(record.get(name) ?? []), fields[i]])
      })
      return merchantItem(record, options.now)
    }
  }
  const sample = rows.slice(1, sampleRows).map(({ fields }) => fields)
  return itemReader(guessMapping('items', header, sample, { map: options.map, delimiter }))
}
