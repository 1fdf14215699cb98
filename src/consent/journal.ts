/**
 * The journal of erasures: a file outside the database, so that a database restored from a backup can be brought to forget
 * again. One JSON line an erasure, with keyed hashes and no name; the key is the database's own secret, which its backups
 * have too. A line is on the disk before the erasure begins: what was asked for is done, at the latest at the next start.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { HabitueError } from '../errors.ts'

export interface JournalLine {
  /** Tells the lines of several databases apart: a fingerprint of the secret. */
  readonly database: string
  readonly id: string
  /** Milliseconds since 1970. */
  readonly time: number
  /** Keyed hashes of identifiers (`nameHasher`). */
  readonly names: readonly string[]
  readonly refuse: boolean
  /** Keyed hash of the name of a recipient: only he was erased from what is known of the customer; absent = the customer. */
  readonly recipient?: string
}

/** Appends a line and waits until the disk has it. @throws HabitueError storage_unavailable */
export function appendToJournal(file: string, line: JournalLine): void {
  try {
    const descriptor = openSync(file, 'a', 0o600)
    try {
      writeSync(descriptor, `${JSON.stringify(line)}\n`)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    const message = `The journal of erasures ${file} cannot be written: ${(cause as Error).message}. Nothing was erased.`
    throw new HabitueError('storage_unavailable', message, { file }, { cause })
  }
}

/**
 * The lines of `database`, one for each erasure. A line that was cut off by a crash is passed over: its erasure had not begun.
 * @throws HabitueError invalid_config, where the file is there and cannot be read
 */
export function readJournal(file: string, database: string): JournalLine[] {
  if (!existsSync(file)) return []
  const byId = new Map<string, JournalLine>()
  for (const text of linesOf(file)) {
    const line = parsed(text)
    if (line === null || line.database !== database) continue
    const known = byId.get(line.id)
    byId.set(line.id, known ? { ...known, names: [...new Set([...known.names, ...line.names])] } : line)
  }
  return [...byId.values()]
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch (cause) {
    const message = `The journal of erasures ${file} cannot be read: ${(cause as Error).message}`
    throw new HabitueError('invalid_config', message, { file }, { cause })
  }
}

function parsed(text: string): JournalLine | null {
  try {
    const line = JSON.parse(text) as JournalLine
    return typeof line?.id === 'string' && Array.isArray(line.names) ? line : null
  } catch {
    return null
  }
}
