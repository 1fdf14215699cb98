import { resolve } from 'node:path'
import type { Command } from 'commander'
import { connected, optionsOf } from './surroundings.ts'

/** `habitue backup FILE` */
export function backupCommand(program: Command): void {
  program
    .command('backup')
    .description('Write a consistent copy of the (running) database to a file.')
    .argument('<file>', 'a file that does not exist yet, on the machine where Habitue runs')
    .action((file: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const path = resolve(file)
        await connection.request('POST', '/v1/backup', { file: path })
        out.result({ file: path }, () => `The copy is in ${path}.`)
      }),
    )
}
