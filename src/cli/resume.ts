import type { Command } from 'commander'
import { HabitueError } from '../errors.ts'
import { table } from './output.ts'
import { connected, optionsOf } from './surroundings.ts'

/** `habitue hold` */
export function holdCommand(program: Command): void {
  program
    .command('hold')
    .description(
      'Let journeys, messages and derived events wait: before a database that was restored by other tools is served.',
    )
    .action((_: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const answer = await connection.request('POST', '/v1/hold')
        out.result(answer, () => 'Nothing is sent by itself until: habitue resume --skip or --send')
      }),
    )
}

/** `habitue resume` */
export function resumeCommand(program: Command): void {
  program
    .command('resume')
    .description(
      'After a restore: go on with journeys and messages. What is overdue may have been done since the backup.',
    )
    .option('--skip', 'pass over what is overdue')
    .option('--send', 'do it now')
    .action((_: unknown, command: Command) => {
      const { skip = false, send = false } = optionsOf<{ skip?: boolean; send?: boolean }>(command)
      if (skip === send) throw new HabitueError('invalid_option', 'Say either --skip or --send.')
      return connected(optionsOf(command), async (connection, out) => {
        const answer = await connection.request('POST', '/v1/resume', { overdue: skip ? 'skip' : 'send' })
        const { skipped } = answer as { skipped: Readonly<Record<string, number>> }
        const rows = Object.entries(skipped)
        out.result(answer, () =>
          rows.length === 0
            ? 'It goes on; what was overdue is done now.'
            : `It goes on without what was overdue.\n\n${table(['table', 'rows'], rows)}`,
        )
      })
    })
}
