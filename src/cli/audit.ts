import type { Command } from 'commander'
import { HabitueError } from '../errors.ts'
import { table } from './output.ts'
import { connected, optionsOf } from './surroundings.ts'

/** As the wire has it. */
interface Entry {
  readonly id: number
  readonly time: string
  readonly actor: string
  readonly actorName?: string
  readonly action: string
  readonly subject: string | null
  readonly detail: Readonly<Record<string, unknown>>
}
interface Proof {
  readonly rows: number
  readonly broken: number | null
  readonly last: string
}

/** `habitue audit` */
export function auditCommand(program: Command): void {
  const audit = program.command('audit').description('Who read or changed what.')
  audit
    .command('list', { isDefault: true })
    .description('The log from its beginning; with --json one line an entry.')
    .option('--customer <id>', 'only what concerns this customer')
    .option('--kind <kind>', 'of --customer: user (default), email, phone, anonymous, or a custom kind')
    .option('--actor <actor>', 'only what key:<id>, person:<id> or command did')
    .option('--action <action>', 'only this, such as customers.export')
    .action((_: unknown, command: Command) => {
      const options = optionsOf<Record<'customer' | 'kind' | 'actor' | 'action', string | undefined>>(command)
      return connected(options, async (connection, out) => {
        const wanted = { customer: options.customer, kind: options.kind, actor: options.actor, action: options.action }
        const given = Object.entries(wanted).filter((pair): pair is [string, string] => pair[1] !== undefined)
        const entries: Entry[] = []
        for (let after: number | null = 0; after !== null; ) {
          const query = new URLSearchParams([...given, ['after', String(after)]])
          const page = (await connection.request('GET', `/v1/audit?${query}`)) as {
            entries: Entry[]
            next: number | null
          }
          if (out.json) for (const entry of page.entries) out.result(entry, () => '')
          else entries.push(...page.entries)
          after = page.next
        }
        if (!out.json) out.say(table(['time', 'who', 'did', 'about', 'detail'], entries.map(row)))
      })
    })
  audit
    .command('verify')
    .description('Whether the log is as it was written; its last hash, kept elsewhere, proves it later.')
    .action((_: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const proof = (await connection.request('GET', '/v1/audit/proof')) as Proof
        if (proof.broken !== null)
          throw new HabitueError('conflict', `The audit log was tampered with at or before the entry ${proof.broken}.`)
        out.result(proof, () => `${proof.rows} entries follow from each other. Last hash: ${proof.last}`)
      }),
    )
}

function row({ time, actor, actorName, action, subject, detail }: Entry) {
  return [time.slice(0, 19).replace('T', ' '), actorName ?? actor, action, subject ?? '', JSON.stringify(detail)]
}
