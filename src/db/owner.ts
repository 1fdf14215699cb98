/**
 * One process owns a SQLite data file; another command on the same file goes through the owner's API. The lock is a
 * SQLite lock on a file of its own (`-lock`): the operating system drops it when the process dies, however it dies. Beside
 * it `-owner` says, to those who may read the data anyway, who the owner is and how it is reached.
 */
import { existsSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { HabitueError } from '../errors.ts'
import { storageError } from './storage-errors.ts'

export interface OwnerInfo {
  readonly pid: number
  /** Where the owner answers HTTP; null where it does not (an import, a demo). */
  readonly url: string | null
  /** By which a command of the same user proves that it may read the data file. */
  readonly token: string | null
}

export interface Owner {
  /** Says what was not known when the lock was taken: the port, for instance. */
  announce(info: OwnerInfo): void
  /** Gives the file up; called at a clean stop only, a death needs nobody. */
  release(): void
}

/** Those who merely ask whether there is an owner hold the lock for less than this. */
const askersMs = 1000

/** Locks that are held: a connection that nobody refers to is closed by the garbage collector, and its lock is gone. */
const heldLocks = new Set<DatabaseSync>()

/** @throws HabitueError database_locked, which says who holds the file; storage_unavailable */
export function acquireOwner(dataFile: string, info: OwnerInfo): Owner {
  const { lockFile, infoFile } = filesOf(dataFile)
  const lock = takeLock(lockFile)
  if (!lock) throw heldBy(dataFile, readInfo(infoFile))
  const announce = (known: OwnerInfo) => {
    const partial = `${infoFile}.${known.pid}`
    rmSync(partial, { force: true })
    writeFileSync(partial, JSON.stringify(known), { mode: 0o600, flag: 'wx' })
    renameSync(partial, infoFile)
  }
  announce(info)
  heldLocks.add(lock)
  const release = () => {
    if (!heldLocks.delete(lock)) return
    rmSync(infoFile, { force: true })
    lock.close()
  }
  return { announce, release }
}

/** Who owns the file now; null = nobody alive. An owner that has not announced itself yet has pid 0. */
export function readOwner(dataFile: string): OwnerInfo | null {
  const { lockFile, infoFile } = filesOf(dataFile)
  if (!existsSync(lockFile)) return null
  let asking: DatabaseSync | undefined
  try {
    asking = new DatabaseSync(lockFile, { readOnly: true, timeout: 0 })
    asking.prepare('select count(*) from sqlite_schema').get()
    return null
  } catch (cause) {
    const error = storageError(cause)
    if (error instanceof HabitueError && error.code === 'database_locked')
      return readInfo(infoFile) ?? { pid: 0, url: null, token: null }
    throw error
  } finally {
    asking?.close()
  }
}

/** The same files however the path is written: relative, or through a link. */
function filesOf(dataFile: string): { lockFile: string; infoFile: string } {
  const whole = resolve(dataFile)
  const file = existsSync(whole) ? realpathSync(whole) : join(realpathSync(dirname(whole)), basename(whole))
  return { lockFile: `${file}-lock`, infoFile: `${file}-owner` }
}

/** The open connection that holds the lock, or null where another does. Its file stays empty. */
function takeLock(lockFile: string): DatabaseSync | null {
  let lock: DatabaseSync | undefined
  try {
    // Only where it is absent: closing any other handle on a locked file drops this process's locks on it (POSIX).
    if (!existsSync(lockFile)) writeFileSync(lockFile, '', { mode: 0o600, flag: 'a' })
    lock = new DatabaseSync(lockFile, { timeout: askersMs })
    lock.exec('begin exclusive')
    return lock
  } catch (cause) {
    lock?.close()
    const error = storageError(cause)
    if (error instanceof HabitueError && error.code === 'database_locked') return null
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new HabitueError('storage_unavailable', `${lockFile} cannot be locked: ${message}.`, { lockFile }, { cause })
  }
}

function readInfo(infoFile: string): OwnerInfo | null {
  try {
    return JSON.parse(readFileSync(infoFile, 'utf8')) as OwnerInfo
  } catch {
    return null
  }
}

function heldBy(dataFile: string, info: OwnerInfo | null): HabitueError {
  const who = info ? `process ${info.pid}${info.url ? ` at ${info.url}` : ''}` : 'another process'
  return new HabitueError('database_locked', `${dataFile} is owned by ${who}. Stop it, or talk to it.`, {
    file: dataFile,
    pid: info?.pid ?? null,
    url: info?.url ?? null,
  })
}
