/**
 * Databases with a history, imported through the API once and kept under the system's temporary folder, named by the code that
 * they depend on; trained ones likewise. A benchmark gets a copy of its own.
 */
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, globSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SqliteConnection } from '../src/db/sqlite.ts'
import type { BenchOptions } from './bench.ts'
import type { History } from './histories.ts'
import { forgetPeak, memoryOf, type Server, startServer } from './server.ts'
import { type Trained, train } from './training.ts'

export interface Prepared {
  readonly name: string
  /** A copy of one's own. */
  readonly dataFile: string
  readonly users: readonly string[]
  /** Set where this run imported or trained, and did not find it done. */
  readonly importSeconds: number | null
  remove(): void
}

const prefix = 'habitue-bench-kept-'

/** Kept databases depend on these: another schema or other folds make other rows. */
function hashOf(patterns: readonly string[], more: string): string {
  const hash = createHash('sha256').update(more)
  const root = join(import.meta.dirname, '..')
  for (const file of patterns.flatMap((pattern) => globSync(pattern, { cwd: root })).sort()) {
    if (!/\.test\.ts$/.test(file)) hash.update(file).update(readFileSync(join(root, file)))
  }
  return hash.digest('hex').slice(0, 12)
}

const storedBy = ['src/db/migrations/*.ts', 'src/db/tables.ts', 'bench/histories.ts']
const trainedBy = ['src/models/*.ts', 'src/kernels/*.{ts,wasm}', 'src/decisions/{train,serving,models-store}.ts']

/** A copy of the imported, untrained database. */
export async function imported(options: BenchOptions, history: History): Promise<Prepared> {
  const kept = join(tmpdir(), `${prefix}${hashOf(storedBy, `${history.name} ${options.seed}`)}.db`)
  let importSeconds: number | null = null
  if (!existsSync(kept)) {
    options.say(`importing ${history.name}; it is kept in ${kept}`)
    importSeconds = await makeKept(kept, async (dataFile) => {
      const server = await startServer({ storage: { dataFile } })
      try {
        return await importHistory(server, history)
      } finally {
        await server.stop()
      }
    })
  }
  return { ...copied(kept), name: history.name, users: history.users, importSeconds }
}

export interface PreparedTrained extends Prepared {
  /** Null where the kept copy had been trained before. */
  readonly training: (Trained & { readonly peakMb: number | null }) | null
}

/** A copy of the imported and trained database. `again`: trains even where a trained copy is kept, to measure it. */
export async function trained(options: BenchOptions, history: History, again = false): Promise<PreparedTrained> {
  const base = await imported(options, history)
  const inputs = [...storedBy, ...trainedBy]
  const kept = join(tmpdir(), `${prefix}${hashOf(inputs, `${history.name} ${options.seed}`)}-trained.db`)
  if (existsSync(kept) && !again) {
    base.remove()
    return { ...base, ...copied(kept), training: null }
  }
  options.say(`training on ${base.name}`)
  const server = await startServer({ storage: { dataFile: base.dataFile } })
  let training: PreparedTrained['training']
  try {
    forgetPeak(server.pid)
    const done = await train(server)
    training = { ...done, peakMb: memoryOf(server.pid)?.peakMb ?? null }
  } finally {
    await server.stop()
  }
  settle(base.dataFile)
  copyFileSync(base.dataFile, `${kept}.partial`)
  renameSync(`${kept}.partial`, kept)
  return { ...base, training }
}

async function makeKept<T>(kept: string, make: (dataFile: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'habitue-bench-'))
  try {
    const dataFile = join(folder, 'bench.db')
    const result = await make(dataFile)
    settle(dataFile)
    renameSync(dataFile, kept)
    return result
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Brings the write-ahead log into the file, so that the file alone is the database. */
function settle(dataFile: string): void {
  const connection = SqliteConnection.open(dataFile)
  connection.exec('pragma wal_checkpoint(truncate)')
  connection.close()
}

function copied(kept: string): Pick<Prepared, 'dataFile' | 'remove'> {
  const folder = mkdtempSync(join(tmpdir(), 'habitue-bench-'))
  const dataFile = join(folder, 'bench.db')
  copyFileSync(kept, dataFile)
  return { dataFile, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

const importBatch = 2000
const atOnce = 3

/** Items, then events, as the tracking API takes them. Returns seconds. */
async function importHistory(server: Server, history: History): Promise<number> {
  const started = performance.now()
  for (let at = 0; at < history.items.length; at += importBatch)
    await server.ask('POST', '/v1/items', history.items.slice(at, at + importBatch))
  let next = 0
  const work = async () => {
    while (next < history.length) {
      const start = next
      next += importBatch
      const length = Math.min(importBatch, history.length - start)
      const batch = Array.from({ length }, (_, i) => history.message(start + i))
      const answer = await server.ask<{ refused?: unknown[] }>('POST', '/v1/import', { batch })
      if (answer.refused) throw new Error(`The import was refused: ${JSON.stringify(answer.refused[0])}`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return (performance.now() - started) / 1000
}
