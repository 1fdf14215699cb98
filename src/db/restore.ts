/** A backup put in the place of a SQLite data file, while nobody owns the file. */
import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { HabitueError } from '../errors.ts'
import { latestVersion } from './migrate.ts'
import { SqliteConnection } from './sqlite.ts'

/**
 * Checks the backup, then swaps: what was there is kept under another name, whose path is answered (null = nothing was there).
 * The caller holds the lock of the data file.
 * @throws HabitueError invalid_file, database_corrupt, database_newer, storage_full
 */
export function restoreFile(backup: string, dataFile: string): string | null {
  if (!existsSync(backup)) throw new HabitueError('invalid_file', `There is no file ${backup}.`, { file: backup })
  const partial = `${dataFile}.restoring`
  try {
    copyFileSync(backup, partial)
    // A copy of a file that was in use has a log; without it the newest data would be missing.
    if (existsSync(`${backup}-wal`)) copyFileSync(`${backup}-wal`, `${partial}-wal`)
    check(partial, backup)
    sync(partial)
    const kept = existsSync(dataFile) ? setAside(dataFile) : null
    renameSync(partial, dataFile)
    return kept
  } finally {
    for (const file of [partial, `${partial}-wal`, `${partial}-shm`]) rmSync(file, { force: true })
  }
}

/** Opens the copy for writing, which puts its log into it. */
function check(copy: string, backup: string): void {
  const connection = SqliteConnection.open(copy)
  try {
    const [{ quick_check: sound }] = connection.all<{ quick_check: string }>('pragma quick_check(1)')
    if (sound !== 'ok') throw new HabitueError('database_corrupt', `${backup} is damaged: ${sound}`, { file: backup })
    const tables = connection.all<{ name: string }>("select name from sqlite_schema where name = 'meta'")
    const query = "select value from meta where key = 'schema_version'"
    const version = tables.length === 0 ? 0 : Number(connection.all<{ value: string }>(query)[0]?.value ?? 0)
    if (version === 0) throw new HabitueError('invalid_file', `${backup} is no database of Habitue.`, { file: backup })
    if (version > latestVersion) {
      const message = `${backup} has a schema of version ${version}; this program knows versions up to ${latestVersion}.`
      throw new HabitueError('database_newer', message, { found: version, known: latestVersion })
    }
  } finally {
    connection.close()
  }
}

function setAside(dataFile: string): string {
  // The last connection that closes puts the log into the file.
  SqliteConnection.open(dataFile).close()
  for (let n = 1; ; n++) {
    const name = `${dataFile}.replaced${n === 1 ? '' : `.${n}`}`
    if (existsSync(name)) continue
    renameSync(dataFile, name)
    for (const rest of [`${dataFile}-wal`, `${dataFile}-shm`]) rmSync(rest, { force: true })
    return name
  }
}

function sync(file: string): void {
  const descriptor = openSync(file, 'r+')
  fsyncSync(descriptor)
  closeSync(descriptor)
}
