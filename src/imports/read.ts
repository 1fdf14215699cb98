/**
 * A file -> batches of what the API takes: messages for /v1/import, items for /v1/items:bulk. Streaming: a file of any
 * size takes the memory of a batch. Idempotent: a message's id is the file's hash and its line. Resumable: a batch says
 * up to which line everything is in it and those before it; `after` that line the next run goes on.
 */
import type { Item } from '../catalog/item.ts'
import { HabitueError } from '../errors.ts'
import type { ConvertContext, Stated } from './columns.ts'
import { consentConverter } from './consents.ts'
import { eventConverter } from './event-lines.ts'
import { describeFeed, type FeedShape, formatOf, readFeed } from './feed.ts'
import { interactionConverter } from './interactions.ts'
import { readLines } from './lines.ts'
import { type GuessOptions, guessMapping, type ImportKind, type Mapping } from './mapping.ts'
import { type Converter, Sink, type TrackingMessage } from './messages.ts'
import { orderConverter } from './orders.ts'
import { reviewConverter } from './reviews.ts'
import { type BadLine, guessDelimiter, type Row, readRows } from './rows.ts'
import { readOrderNumbers } from './scattered.ts'
import { openSource, type ReadControl, readText, type Source } from './source.ts'
import { userConverter } from './users.ts'
import type { TimeFormat } from './values.ts'

export interface ImportOptions extends Pick<GuessOptions, 'map' | 'as'>, ReadControl {
  /** The file as `openSource` found it, where that was done already. */
  readonly source?: Source
  readonly encoding?: string
  readonly delimiter?: string
  readonly time?: TimeFormat
  /** ISO 4217, for amounts where no column says it. */
  readonly currency?: string
  /** `skip` (default): postage, fees and adjustments are no items. */
  readonly charges?: 'skip' | 'keep'
  /** What the operator states of all that the file holds. */
  readonly stated?: Stated
  /** The last line that an earlier run has sent. */
  readonly after?: number
  /** Messages or items in a batch; default 1000. */
  readonly batch?: number
  /** Milliseconds since 1970: by it a feed's sale prices are in effect. */
  readonly now: number
}

export interface ImportBatch {
  /** Everything up to this line is in this batch or one before it. */
  readonly line: number
  /** Bytes of the file read so far, of `total`. */
  readonly bytes: number
  readonly total: number
  readonly messages: readonly TrackingMessage[]
  readonly items: readonly Item[]
  /** The line that completed each message or item; infinite for what only the end of the file completed. */
  readonly lines: readonly number[]
  readonly bad: readonly BadLine[]
  /** Lines that are well formed and mean nothing here, by reason. */
  readonly skipped: Readonly<Record<string, number>>
  /** The last batch. */
  readonly done: boolean
}

export interface ImportDescription {
  readonly source: Source
  readonly format: 'table' | FeedShape['format']
  readonly merchant: boolean
  readonly delimiter?: string
  readonly mapping?: Mapping
  /** The first of what would be sent, and of what would be refused. */
  readonly messages: readonly TrackingMessage[]
  readonly items: readonly Item[]
  readonly bad: readonly BadLine[]
}

const defaultBatch = 1000
/** Characters of the beginning by which a file is judged. */
const startLength = 512 * 1024
const sampleRows = 1000
const shown = 5
/** A batch is given at the latest after so many refused lines. */
const mostBad = 1000

/**
 * Reads `file`. Whatever is wrong with single lines is in the batches' `bad`.
 * @throws HabitueError invalid_file (absent, empty, a truncated gzip: before anything is given), missing_column,
 *   invalid_option; the signal's reason
 */
export async function* readImport(kind: ImportKind, file: string, options: ImportOptions): AsyncGenerator<ImportBatch> {
  const { signal, encoding } = options
  const source = options.source ?? (await openSource(file, { signal, encoding }))
  if (kind === 'items') yield* readItems(source, options)
  else yield* readMessages(kind, source, options)
}

/** What an import of `file` would do: how it is read, its first messages or items, its first bad lines. @throws as `readImport` */
export async function describeImport(
  kind: ImportKind,
  file: string,
  options: ImportOptions,
): Promise<ImportDescription> {
  const { signal, encoding } = options
  const source = options.source ?? (await openSource(file, { signal, encoding }))
  const start = await startOf(source, signal)
  const messages: TrackingMessage[] = []
  const items: Item[] = []
  const bad: BadLine[] = []
  for await (const batch of readImport(kind, file, { ...options, source, batch: shown, after: 0 })) {
    messages.push(...batch.messages.slice(0, shown - messages.length))
    items.push(...batch.items.slice(0, shown - items.length))
    bad.push(...batch.bad.slice(0, shown - bad.length))
    if (messages.length + items.length >= shown) break
  }
  return { source, ...(await shapeOf(kind, start, source, options)), messages, items, bad }
}

async function shapeOf(kind: ImportKind, start: string, source: Source, options: ImportOptions) {
  if (kind === 'items') return describeFeed(start, options)
  if (kind === 'events') return { format: 'jsonl' as const, merchant: false }
  const { mapping, delimiter } = await openTable(kind, source, options)
  return { format: 'table' as const, merchant: false, delimiter, mapping }
}

async function* readItems(source: Source, options: ImportOptions): AsyncGenerator<ImportBatch> {
  const { after = 0, now, map, delimiter } = options
  const format = formatOf(await startOf(source, options.signal))
  const reading = new Reading(source, options)
  const sink = new Sink<Item>(after)
  const feed = readFeed(reading.text(), format, { now, map, delimiter, damaged: source.damaged })
  let line = 0
  for await (const { items, lines, bad } of feed) {
    let next = 0
    // In order of lines, so that a batch holds everything up to its last.
    for (let i = 0; i < items.length; i++) {
      for (; next < bad.length && bad[next].line < lines[i]; next++) report(sink, bad[next])
      sink.line = line = lines[i]
      sink.put(items[i])
      if (sink.size >= reading.batch) yield itemBatch(reading, sink, line, false)
    }
    for (; next < bad.length; next++) report(sink, bad[next])
    line = Math.max(line, sink.line)
  }
  yield itemBatch(reading, sink, line, true)
}

function report(sink: Sink<unknown>, bad: BadLine): void {
  sink.line = Math.max(sink.line, bad.line)
  sink.report(bad)
}

function itemBatch(reading: Reading, sink: Sink<Item>, line: number, done: boolean): ImportBatch {
  const { out, lines, bad, skipped } = sink.take()
  return { line, ...reading.position(), messages: [], items: out, lines, bad, skipped, done }
}

async function* readMessages(
  kind: Exclude<ImportKind, 'items'>,
  source: Source,
  options: ImportOptions,
): AsyncGenerator<ImportBatch> {
  const sink = new Sink<TrackingMessage>(options.after ?? 0)
  const { delimiter, converter } = await openConverter(kind, source, options, sink)
  const reading = new Reading(source, options)
  const chunks =
    delimiter === null
      ? wholeLines(reading.text(), source.damaged)
      : readRows(reading.text(), { delimiter, damaged: source.damaged })
  const batchOf = (done: boolean): ImportBatch => {
    const { out, lines, bad, skipped } = sink.take()
    return { line: sink.line, ...reading.position(), messages: out, items: [], lines, bad, skipped, done }
  }
  let header = delimiter !== null
  let refused = 0
  for await (const { rows, bad } of chunks) {
    let next = 0
    for (const { line, fields } of rows) {
      for (; next < bad.length && bad[next].line < line; next++) report(sink, bad[next])
      sink.line = line
      if (header) header = false
      else converter.row(line, fields)
      if (sink.size >= reading.batch || refused + next >= mostBad) {
        refused = -next
        yield batchOf(false)
      }
    }
    for (; next < bad.length; next++) report(sink, bad[next])
    refused += next
  }
  // What the last lines complete belongs to no line that an earlier run can have sent.
  const last = sink.line
  sink.line = Number.POSITIVE_INFINITY
  converter.end()
  sink.line = last
  yield batchOf(true)
}

/** Lines of text as rows of one field. */
async function* wholeLines(text: AsyncIterable<string>, damaged: boolean) {
  let line = 0
  for await (const lines of readLines(text)) {
    const rows: Row[] = []
    const bad: BadLine[] = []
    for (const content of lines) {
      line++
      const what =
        content === null
          ? 'is longer than a megabyte'
          : damaged && content.includes('\ufffd')
            ? 'has bytes that are not valid in its encoding'
            : null
      if (what !== null) bad.push({ line, code: 'invalid_line', message: `Line ${line} ${what}.` })
      else if (content !== null && content.trim() !== '') rows.push({ line, fields: [content] })
    }
    yield { rows, bad }
  }
}

interface OpenConverter {
  /** Null = the file is no table. */
  readonly delimiter: string | null
  readonly converter: Converter
}

async function openConverter(
  kind: Exclude<ImportKind, 'items'>,
  source: Source,
  options: ImportOptions,
  sink: Sink<TrackingMessage>,
): Promise<OpenConverter> {
  const { hash, modified } = source
  if (kind === 'events') {
    checkJsonLines(await startOf(source, options.signal), source)
    return { delimiter: null, converter: eventConverter({ sink, hash, modified }) }
  }
  const { mapping, delimiter } = await openTable(kind, source, options)
  const { currency = null, charges = 'skip' } = options
  const context: ConvertContext = { mapping, sink, hash, modified, currency, charges, stated: options.stated }
  if (kind === 'users') return { delimiter, converter: userConverter(context) }
  if (kind === 'consents') return { delimiter, converter: consentConverter(context) }
  if (kind === 'reviews') return { delimiter, converter: reviewConverter(context) }
  // Baskets are orders whatever they are called: their lines belong together.
  const inBaskets = mapping.signal === 'buy' && mapping.columns.some(({ field }) => field === 'order')
  const mixed = mapping.columns.some(({ field }) => field === 'event')
  if (kind === 'interactions' && (mixed || !inBaskets)) return { delimiter, converter: interactionConverter(context) }
  const rows = readRows(readText(source, { signal: options.signal }), { delimiter, damaged: source.damaged })
  return { delimiter, converter: orderConverter(context, await readOrderNumbers(mapping, rows)) }
}

async function openTable(
  kind: 'interactions' | 'users' | 'orders' | 'consents' | 'reviews',
  source: Source,
  options: ImportOptions,
): Promise<{ mapping: Mapping; delimiter: string }> {
  const start = await startOf(source, options.signal)
  const delimiter = options.delimiter ?? guessDelimiter(start.trimStart().split(/\r?\n|\r/, 1)[0])
  const rows: (readonly string[])[] = []
  for await (const chunk of readRows([start], { delimiter })) rows.push(...chunk.rows.map(({ fields }) => fields))
  if (rows.length === 0)
    throw new HabitueError('invalid_file', `${source.file} has no header line.`, { file: source.file })
  const { map, as } = options
  const mapping = guessMapping(kind, rows[0], rows.slice(1, sampleRows), { map, as, delimiter })
  return { mapping: options.time ? { ...mapping, time: options.time } : mapping, delimiter }
}

function checkJsonLines(start: string, { file }: Source): void {
  if (start.trimStart().startsWith('{')) return
  const got = start.trimStart().startsWith('[') ? 'a JSON list' : 'something else'
  const message = `${file} is ${got}; events are expected as JSON lines: one message of the tracking API a line.`
  throw new HabitueError('invalid_file', message, { file })
}

/** The beginning of the text. @throws HabitueError invalid_file where there is none */
async function startOf(source: Source, signal: AbortSignal | undefined): Promise<string> {
  let start = ''
  for await (const chunk of readText(source, { signal })) {
    start += chunk
    if (start.length >= startLength) break
  }
  if (start.trim() === '') {
    throw new HabitueError('invalid_file', `${source.file} is empty.`, { file: source.file })
  }
  // The last line may be cut off.
  const end = start.length >= startLength ? start.lastIndexOf('\n') : -1
  return end > 0 ? start.slice(0, end + 1) : start
}

/** One pass over the text, with where it stands. */
class Reading {
  readonly batch: number
  readonly #source: Source
  readonly #options: ImportOptions
  #bytes = 0

  constructor(source: Source, options: ImportOptions) {
    this.#source = source
    this.#options = options
    this.batch = options.batch ?? defaultBatch
  }

  text(): AsyncGenerator<string> {
    const { signal, progress } = this.#options
    return readText(this.#source, {
      signal,
      progress: (bytes, total) => {
        this.#bytes = bytes
        progress?.(bytes, total)
      },
    })
  }

  position(): { bytes: number; total: number } {
    return { bytes: this.#bytes, total: this.#source.bytes }
  }
}
