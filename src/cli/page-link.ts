import type { Command } from 'commander'
import { HabitueError } from '../errors.ts'
import { type AboutOne, customerPath } from './customer-path.ts'
import { connected, optionsOf } from './surroundings.ts'

/** `habitue page-link CUSTOMER` */
export function pageLinkCommand(program: Command): void {
  program
    .command('page-link')
    .description('Make a link to the page on which a customer sees what is remembered, and changes it.')
    .argument('<customer>', "the shop's user id, or what --kind says")
    .option('--kind <kind>', 'user, email, phone, anonymous, or a custom kind', 'user')
    .option('--minutes <n>', 'how long it works, 43200 at most', '1440')
    .action((customer: string, _: unknown, command: Command) => {
      const options = optionsOf<AboutOne & { minutes: string }>(command)
      const minutes = Number(options.minutes)
      if (!Number.isInteger(minutes))
        throw new HabitueError(
          'invalid_option',
          `--minutes is ${JSON.stringify(options.minutes)}; expected a whole number.`,
        )
      return connected(options, async (connection, out) => {
        const path = customerPath(customer, options, '/page-link')
        const link = (await connection.request('POST', path, { minutes })) as { url: string; expires: string }
        out.result(link, () => `${link.url}\nIt works until ${link.expires}.`)
      })
    })
}
