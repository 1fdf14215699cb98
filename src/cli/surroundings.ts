/** What every command needs: its options with the global ones, its output, and Ctrl-C. */
import type { Command } from 'commander'
import { type Connection, connect, type Where } from './connection.ts'
import { type Output, output } from './output.ts'

export interface GlobalOptions extends Where {
  readonly json?: boolean
}

/** The options of a command together with the global ones. */
export function optionsOf<O>(command: Command): O & GlobalOptions {
  return command.optsWithGlobals() as O & GlobalOptions
}

/** Runs `work` with a connection and closes it whatever happens. */
export async function connected(
  options: GlobalOptions,
  work: (connection: Connection, out: Output) => Promise<void>,
): Promise<void> {
  const connection = await connect(options)
  try {
    await work(connection, output(options.json === true))
  } finally {
    await connection.close()
  }
}

/** Aborts at the first Ctrl-C, so that work can end tidily; a second one ends the process at once. */
export function interruptible(): AbortSignal {
  const abort = new AbortController()
  const stop = () => {
    if (abort.signal.aborted) process.exit(130)
    process.exitCode = 130
    abort.abort(new Error('Stopped by Ctrl-C.'))
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return abort.signal
}

/** Collects an option that may be given several times. */
export function several(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}
