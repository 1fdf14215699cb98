/** What every command needs: its options with the global ones, its output, and Ctrl-C. */
import { type Command, InvalidArgumentError } from 'commander'
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

/** The value of an option that is a whole number. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.')
  return Number(text)
}

/** Collects an option that may be given several times. */
export function several(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}
