import type { Command } from 'commander'
import { connected, optionsOf } from './surroundings.ts'

/** `habitue rebuild` */
export function rebuildCommand(program: Command): void {
  program
    .command('rebuild')
    .description('Fold memory anew from the stored events (and the checkpoint of those that retention dropped).')
    .action((_: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const report = (await connection.request('POST', '/v1/rebuild', {})) as Record<string, unknown>
        out.result(report, () => `Memory was folded anew: ${JSON.stringify(report)}`)
      }),
    )
}
