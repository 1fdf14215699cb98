/** Ctrl-C. */

/** The reason of a command that its user stopped. */
export class Interrupted extends Error {
  constructor() {
    super('Stopped by Ctrl-C.')
  }
}

/** Aborts at the first Ctrl-C, so that work can end tidily; a second one ends the process at once. */
export function interruptible(): AbortSignal {
  const abort = new AbortController()
  const stop = () => {
    if (abort.signal.aborted) process.exit(130)
    process.exitCode = 130
    abort.abort(new Interrupted())
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return abort.signal
}
