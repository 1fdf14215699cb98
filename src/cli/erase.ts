import type { Command } from 'commander'
import { HabitueError } from '../errors.ts'
import { type AboutOne, customerPath } from './customer-path.ts'
import { table } from './output.ts'
import { connected, optionsOf } from './surroundings.ts'

/** As the wire has it. */
interface Receipt {
  readonly id: string
  readonly time: string
  readonly erased: Readonly<Record<string, number>>
  readonly rows: number
  readonly refitBefore: string
  readonly hash: string
}

/** `habitue erase CUSTOMER` */
export function eraseCommand(program: Command): void {
  program
    .command('erase')
    .description('Forget a customer: events, orders, memory, decisions, identifiers. It cannot be undone.')
    .argument('<customer>', "the shop's user id, or what --kind says")
    .option('--kind <kind>', 'user, email, phone, anonymous, or a custom kind', 'user')
    .option('--recipient <name>', 'forget only a person for whom the customer buys: name, address, occasions, words')
    .option('--refuse', 'refuse events of these identifiers from now on')
    .option('--yes', 'really')
    .action((customer: string, _: unknown, command: Command) => {
      const options = optionsOf<AboutOne & { refuse?: boolean; yes?: boolean; recipient?: string }>(command)
      if (!options.yes)
        throw new HabitueError(
          'invalid_option',
          'An erasure cannot be undone; say --yes to do it. (habitue export keeps a copy.)',
        )
      return connected(options, async (connection, out) => {
        const { recipient, refuse = false } = options
        const path = customerPath(customer, options, recipient === undefined ? '/erase' : '/recipients/erase')
        const body = recipient === undefined ? { refuse } : { recipient }
        const receipt = (await connection.request('POST', path, body)) as Receipt
        out.result(receipt, () => described(receipt))
      })
    })
}

function described({ id, time, erased, rows, refitBefore, hash }: Receipt): string {
  return `Erased at ${time}: ${rows} rows.

${table(['table', 'rows'], Object.entries(erased))}

Models are refitted without them before ${refitBefore}.
Receipt ${id}
SHA-256 ${hash}`
}
