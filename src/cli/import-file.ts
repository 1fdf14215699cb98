/** One file into Habitue: batches read ahead while others are stored, and how far it is noted in order. */
import { basename } from 'node:path'
import { HabitueError } from '../errors.ts'
import type { ImportKind } from '../imports/mapping.ts'
import { lineOfMessage } from '../imports/messages.ts'
import { importId } from '../imports/progress.ts'
import { type ImportBatch, type ImportOptions, readImport } from '../imports/read.ts'
import { openSource } from '../imports/source.ts'
import { withStatements } from '../imports/stated.ts'
import type { Connection } from './connection.ts'
import type { Output } from './output.ts'

interface Progress {
  readonly line: number
  readonly refused: number
  readonly done: boolean
}

/** A line that was refused, by the reader or by the server. */
interface Bad {
  /** Null where only the whole file said it. */
  readonly line: number | null
  readonly code: string
  readonly message: string
}

interface Total {
  readonly file: string
  readonly kind: ImportKind
  sent: number
  refused: number
  readonly skipped: Record<string, number>
  readonly bad: Bad[]
}

/** Batches under way at once. */
const lanes = 3
/** Bad lines that are shown; all are counted. */
const shownBad = 20

/** Imports what of `file` was not imported before; with `again` all of it. @throws HabitueError, or the reason of a signal */
export async function importFile(
  connection: Connection,
  kind: ImportKind,
  file: string,
  options: ImportOptions & { readonly again: boolean },
  out: Output,
): Promise<void> {
  const source = await openSource(file, options)
  const path = `/v1/imports/${encodeURIComponent(importId(kind, source.hash))}`
  const before = options.again ? null : await progressOf(connection, path)
  if (before?.done) {
    out.result({ file, kind, already: true }, () => `${file} was imported before (--again imports it once more).`)
    return
  }
  if (before) out.say(`${file}: going on after line ${before.line}.`)
  const total: Total = { file, kind, sent: 0, refused: before?.refused ?? 0, skipped: {}, bad: [] }
  const bar = out.progress(basename(file))
  try {
    const batches = readImport(kind, file, { ...options, source, after: before?.line })
    await pipeline(batches, async (batch, earlier) => {
      const refused = await send(connection, { ...batch, messages: statedOf(kind, batch, options) }, total.bad)
      await earlier
      total.refused += refused
      total.sent += batch.messages.length + batch.items.length
      for (const [reason, n] of Object.entries(batch.skipped)) total.skipped[reason] = (total.skipped[reason] ?? 0) + n
      const { line, bytes, done } = batch
      await connection.request('PUT', path, { kind, name: file, line, bytes, refused: total.refused, done })
      bar.set(bytes, batch.total, `${total.sent} sent`)
    })
  } finally {
    bar.stop()
  }
  out.result(total, () => summary(total))
}

/** Where the operator states a basis for a file without answers, the answers that follow from it come first. */
function statedOf(kind: ImportKind, { messages }: ImportBatch, { stated }: ImportOptions): ImportBatch['messages'] {
  return stated?.basis === undefined || kind === 'consents' ? messages : withStatements(messages, stated)
}

/**
 * Takes the next batch while up to `lanes` before it are under way; `take` gets the promise of the batch before its own.
 * What is under way is waited for, whatever ends the rest.
 */
async function pipeline(
  batches: AsyncIterable<ImportBatch>,
  take: (batch: ImportBatch, earlier: Promise<void>) => Promise<void>,
): Promise<void> {
  const under = new Set<Promise<void>>()
  let last: Promise<void> = Promise.resolve()
  try {
    for await (const batch of batches) {
      const running = take(batch, last)
      last = running
      under.add(running)
      const landed = () => under.delete(running)
      running.then(landed, () => {})
      if (under.size >= lanes) await Promise.race(under)
    }
    await last
  } finally {
    await Promise.allSettled(under)
  }
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

/** Sends a batch and notes what was refused, by whom it may be. Answers how many. */
async function send(connection: Connection, batch: ImportBatch, noted: Bad[]): Promise<number> {
  const refused: Bad[] = batch.bad.map(({ line, code, message }) => ({ line, code, message }))
  const { messages, items, lines } = batch
  const note = (refusals: readonly Refusal[] = []) => {
    for (const { index, code, message } of refusals) {
      const own = messages.length > 0 ? lineOfMessage(messages[index].messageId) : null
      refused.push({ line: own ?? (Number.isFinite(lines[index]) ? lines[index] : null), code, message })
    }
  }
  if (messages.length > 0) {
    const answer = (await connection.request('POST', '/v1/import', { batch: messages })) as { refused?: Refusal[] }
    note(answer.refused)
  }
  if (items.length > 0) {
    const answer = (await connection.request('POST', '/v1/items', items)) as { refused: Refusal[] }
    note(answer.refused)
  }
  refused.sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
  noted.push(...refused.slice(0, shownBad - noted.length))
  return refused.length
}

function summary(total: Total): string {
  const lines = [`${total.file}: ${total.sent} sent, ${total.refused} refused.`]
  for (const [reason, n] of Object.entries(total.skipped)) lines.push(`  ${n} lines skipped: ${reason}`)
  for (const { line, code, message } of total.bad) {
    lines.push(`  ${line === null ? '' : `line ${line}  `}${code}: ${message}`)
  }
  if (total.refused > total.bad.length) lines.push(`  ... and ${total.refused - total.bad.length} more`)
  return lines.join('\n')
}
