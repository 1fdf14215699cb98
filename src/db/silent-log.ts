import type { Log } from './database.ts'

/** For whoever has no log: tests, benchmarks, short commands. */
export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} }
