import { setImmediate } from 'node:timers/promises'
import type { Progress } from './model.ts'

/**
 * Reports a step, lets the event loop turn once (so that an abort can arrive), and rejects with the signal's reason
 * where it has.
 */
export async function pace(progress: Progress, done: number, total: number, note: string): Promise<void> {
  progress.step(done, total, note)
  await setImmediate()
  progress.signal.throwIfAborted()
}

/** A progress that nobody watches and nobody aborts. */
export function unwatched(): Progress {
  return { step: () => {}, signal: new AbortController().signal }
}
