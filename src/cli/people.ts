import { text } from 'node:stream/consumers'
import { type Command, Option } from 'commander'
import { roles } from '../engine-api/words.ts'
import type { PersonInfo } from '../engine-api.ts'
import { table } from './output.ts'
import { connected, optionsOf } from './surroundings.ts'

/** As the wire has it; times ISO 8601. */
type Person = Pick<PersonInfo, 'id' | 'email' | 'name' | 'role'> & {
  readonly created: string
  readonly signedIn: string | null
  readonly removed: string | null
}

const when = (time: string | null) => (time ?? '').slice(0, 16).replace('T', ' ')

/** `habitue people add | list | reset | remove` */
export function peopleCommand(program: Command): void {
  const people = program
    .command('people')
    .description('People of the shop, who sign in: admin, marketer, agent, auditor.')
  people
    .command('add')
    .description('Add a person; the password is shown this once.')
    .argument('<email>')
    .requiredOption('--name <name>', 'as the audit log shows it')
    .addOption(new Option('--role <role>', 'what the person may do').choices([...roles]).makeOptionMandatory())
    .option('--password-stdin', 'read the password from standard input instead of making one')
    .action((email: string, _: unknown, command: Command) => {
      const options = optionsOf<{ name: string; role: string; passwordStdin?: boolean }>(command)
      return connected(options, async (connection, out) => {
        const given = options.passwordStdin ? (await text(process.stdin)).replace(/\r?\n$/, '') : undefined
        const body = { email, name: options.name, role: options.role, password: given }
        const added = (await connection.request('POST', '/v1/people', body)) as {
          person: Person
          password: string | null
        }
        out.result(added, () =>
          shown(`${added.person.role} ${added.person.email} (${added.person.id})`, added.password),
        )
      })
    })
  people
    .command('list')
    .description('Everybody, who was removed too.')
    .action((_: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const { people: all } = (await connection.request('GET', '/v1/people')) as { people: Person[] }
        const row = (one: Person) => [
          one.id,
          one.name,
          one.email,
          one.role,
          when(one.created),
          when(one.signedIn),
          when(one.removed),
        ]
        out.result(all, () => table(['id', 'name', 'e-mail', 'role', 'added', 'signed in', 'removed'], all.map(row)))
      }),
    )
  people
    .command('reset')
    .description('Give a person a new password, shown this once; the sessions end.')
    .argument('<id>')
    .action((id: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const path = `/v1/people/${encodeURIComponent(id)}/reset`
        const { password } = (await connection.request('POST', path)) as { password: string }
        out.result({ id, password }, () => shown(id, password))
      }),
    )
  people
    .command('remove')
    .description('The person signs in no more, at once; the name stays in the audit log.')
    .argument('<id>')
    .action((id: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        await connection.request('DELETE', `/v1/people/${encodeURIComponent(id)}`)
        out.result({ removed: id }, () => `${id} is removed.`)
      }),
    )
}

function shown(who: string, password: string | null): string {
  return password === null ? who : `${who}\n\n  ${password}\n\nIt is shown this once; only its hash is stored.`
}
