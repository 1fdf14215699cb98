import { basename } from 'node:path'
import { Argument, type Command, Option } from 'commander'
import { HabitueError } from '../errors.ts'
import { type ImportKind, importKinds, parseMapOptions, signals } from '../imports/mapping.ts'
import { importId } from '../imports/progress.ts'
import {
  describeImport,
  type ImportBatch,
  type ImportDescription,
  type ImportOptions,
  readImport,
} from '../imports/read.ts'
import { openSource } from '../imports/source.ts'
import { systemWorld } from '../world.ts'
import type { Connection } from './connection.ts'
import { type Output, output, table } from './output.ts'
import { connected, type GlobalOptions, interruptible, optionsOf, several } from './surroundings.ts'

interface Options extends GlobalOptions {
  readonly map?: string[]
  readonly as?: ImportOptions['as']
  readonly currency?: string
  readonly delimiter?: string
  readonly encoding?: string
  readonly charges?: 'skip' | 'keep'
  readonly dryRun?: boolean
  readonly again?: boolean
}

/** `habitue import KIND FILE...` */
export function importCommand(program: Command): void {
  program
    .command('import')
    .description('Import files: streaming, resumable, and twice is once. Bad lines are reported, the rest is taken.')
    .addArgument(new Argument('<kind>', 'what the files hold').choices([...importKinds]))
    .argument('<files...>', 'CSV, TSV, JSON lines, a Google Merchant feed; also gzipped')
    .option('--map <column=field>', 'what a column means, where the guess is wrong (repeatable)', several)
    .addOption(new Option('--as <signal>', 'interactions: what a line means').choices([...signals]))
    .option('--currency <code>', 'of amounts, where no column says it (ISO 4217)')
    .option('--delimiter <character>', 'where the guess is wrong')
    .option('--encoding <name>', 'of the text; UTF-8, or what its first bytes say')
    .addOption(new Option('--charges <what>', 'orders: postage and fees are no items').choices(['skip', 'keep']))
    .option('--dry-run', 'show how the file would be read, and import nothing')
    .option('--again', 'from the first line, although it was imported before')
    .addHelpText(
      'after',
      `
Forms of CSV (a header line; columns are found by their names, --dry-run shows how):
  interactions  user,item[,value][,time]
  items         item,title,categories,price,...   further columns become attributes
  users         user,...                          columns become traits
  orders        invoice,item,quantity,time,price,customer   an invoice that begins with C is a return
  events        JSON lines: one message of the tracking API a line`,
    )
    .action((kind: ImportKind, files: string[], _: unknown, command: Command) =>
      run(kind, files, optionsOf<Options>(command)),
    )
}

async function run(kind: ImportKind, files: readonly string[], options: Options): Promise<void> {
  const reading = readingOptions(options)
  if (options.dryRun) {
    const out = output(options.json === true)
    for (const file of files) {
      const description = await describeImport(kind, file, reading)
      out.result(description, () => shape(file, description))
    }
    return
  }
  const signal = interruptible()
  await connected(options, async (connection, out) => {
    for (const file of files)
      await importFile(connection, kind, file, { ...reading, signal }, options.again === true, out)
  })
}

function readingOptions({ map, as, currency, delimiter, encoding, charges }: Options): ImportOptions {
  return { map: parseMapOptions(map ?? []), as, currency, delimiter, encoding, charges, now: systemWorld.now() }
}

interface Progress {
  readonly line: number
  readonly refused: number
  readonly done: boolean
}

/** Batches under way at once. */
const lanes = 3
/** Bad lines that are shown; all are counted. */
const shownBad = 20

async function importFile(
  connection: Connection,
  kind: ImportKind,
  file: string,
  options: ImportOptions,
  again: boolean,
  out: Output,
): Promise<void> {
  const source = await openSource(file, options)
  const path = `/v1/imports/${encodeURIComponent(importId(kind, source.hash))}`
  const before = again ? null : await progressOf(connection, path)
  if (before?.done) {
    out.result({ file, kind, already: true }, () => `${file} was imported before (--again imports it once more).`)
    return
  }
  if (before) out.say(`${file}: going on after line ${before.line}.`)
  const total = {
    file,
    kind,
    sent: 0,
    refused: before?.refused ?? 0,
    skipped: {} as Record<string, number>,
    bad: [] as object[],
  }
  const bar = out.progress(basename(file))
  try {
    // The next batch is read while the ones before it are stored; how far it is gets noted in order.
    let noted: Promise<void> = Promise.resolve()
    const under = new Set<Promise<void>>()
    for await (const batch of readImport(kind, file, { ...options, source, after: before?.line })) {
      const sending = send(connection, batch, total.bad)
      const before = noted
      noted = (async () => {
        const refused = await sending
        await before
        total.refused += refused
        total.sent += batch.messages.length + batch.items.length
        for (const [reason, n] of Object.entries(batch.skipped))
          total.skipped[reason] = (total.skipped[reason] ?? 0) + n
        const progress = {
          kind,
          name: file,
          line: batch.line,
          bytes: batch.bytes,
          refused: total.refused,
          done: batch.done,
        }
        await connection.request('PUT', path, progress)
        bar.set(batch.bytes, batch.total, `${total.sent} sent`)
      })()
      const running = noted
      under.add(running)
      running.then(
        () => under.delete(running),
        () => {},
      )
      if (under.size >= lanes) await Promise.race(under)
    }
    await noted
  } finally {
    bar.stop()
  }
  out.result(total, () => summary(total))
}

async function progressOf(connection: Connection, path: string): Promise<Progress | null> {
  try {
    return (await connection.request('GET', path)) as Progress
  } catch (error) {
    if (error instanceof HabitueError && error.code === 'not_found') return null
    throw error
  }
}

interface Refusal {
  readonly index: number
  readonly code: string
  readonly message: string
}

/** Sends a batch and notes what was refused, by line where the reader refused it. Answers how many. */
async function send(connection: Connection, batch: ImportBatch, noted: object[]): Promise<number> {
  const refused: object[] = [...batch.bad]
  if (batch.messages.length > 0) {
    const answer = (await connection.request('POST', '/v1/import', { batch: batch.messages })) as {
      refused?: Refusal[]
    }
    refused.push(...(answer.refused ?? []).map((one) => ({ ...one, messageId: batch.messages[one.index].messageId })))
  }
  if (batch.items.length > 0) {
    const answer = (await connection.request('POST', '/v1/items', batch.items)) as { refused: Refusal[] }
    refused.push(...answer.refused.map((one) => ({ ...one, item: batch.items[one.index].id })))
  }
  noted.push(...refused.slice(0, shownBad - noted.length))
  return refused.length
}

function summary(total: {
  file: string
  sent: number
  refused: number
  skipped: Record<string, number>
  bad: object[]
}): string {
  const lines = [`${total.file}: ${total.sent} sent, ${total.refused} refused.`]
  for (const [reason, n] of Object.entries(total.skipped)) lines.push(`  ${n} lines skipped: ${reason}`)
  for (const bad of total.bad as { line?: number; item?: string; code: string; message: string }[]) {
    lines.push(`  ${bad.line === undefined ? (bad.item ?? '') : `line ${bad.line}`}  ${bad.code}: ${bad.message}`)
  }
  if (total.refused > total.bad.length) lines.push(`  ... and ${total.refused - total.bad.length} more`)
  return lines.join('\n')
}

/** How a file would be read. */
function shape(file: string, { format, merchant, mapping, messages, items, bad }: ImportDescription): string {
  const columns = mapping?.columns ?? []
  return [
    `${file}: ${merchant ? 'a Google Merchant feed' : format}`,
    columns.length > 0
      ? table(
          ['column', 'means'],
          columns.map(({ column, field }) => [column, field ?? '(nothing)']),
        )
      : '',
    ...(mapping?.warnings ?? []).map((warning) => `warning: ${warning}`),
    'begins with',
    ...[...messages, ...items].map((one) => `  ${JSON.stringify(one)}`),
    ...bad.map(({ message }) => `  refused: ${message}`),
    'Nothing was imported (--dry-run).',
  ]
    .filter(Boolean)
    .join('\n')
}
