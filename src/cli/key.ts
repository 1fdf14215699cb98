import { Argument, type Command, InvalidArgumentError } from 'commander'
import { table } from './output.ts'
import { connected, optionsOf, several } from './surroundings.ts'

/** As the wire has it; times ISO 8601. */
interface KeyInfo {
  readonly id: string
  readonly kind: string
  readonly name: string
  readonly origins: readonly string[] | null
  readonly created: string
  readonly lastUsed: string | null
  readonly revoked: string | null
}

type IssuedKey = KeyInfo & { readonly key: string }

const when = (time: string | null) => (time ?? '').slice(0, 16).replace('T', ' ')

/** `habitue key create | list | rotate | revoke` */
export function keyCommand(program: Command): void {
  const key = program.command('key').description('Keys: publishable (for a page), server, admin. Stored hashed.')

  key
    .command('create')
    .description('Make a key; its text is shown this once.')
    .addArgument(new Argument('<kind>', 'what it may do').choices(['publishable', 'server', 'admin']))
    .option('--name <name>', 'what it is for', '')
    .option(
      '--origin <origin>',
      'publishable: an origin that may use it, such as https://shop.example (repeatable)',
      several,
    )
    .action((kind: string, _: unknown, command: Command) => {
      const options = optionsOf<{ name: string; origin?: string[] }>(command)
      return connected(options, async (connection, out) => {
        const body = { kind, name: options.name || kind, origins: options.origin }
        const issued = (await connection.request('POST', '/v1/keys', body)) as IssuedKey
        out.result(issued, () => shown(issued))
      })
    })

  key
    .command('list')
    .description('All keys, without their texts.')
    .action((_: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const { keys } = (await connection.request('GET', '/v1/keys')) as { keys: KeyInfo[] }
        const row = (one: KeyInfo) => [
          one.id,
          one.kind,
          one.name,
          one.origins?.join(' ') ?? '',
          when(one.created),
          when(one.lastUsed),
          when(one.revoked),
        ]
        out.result(keys, () =>
          table(['id', 'kind', 'name', 'origins', 'created', 'last used', 'revoked'], keys.map(row)),
        )
      }),
    )

  key
    .command('rotate')
    .description('Give a key a new text; the old one works for the grace period.')
    .argument('<id>')
    .option('--grace <hours>', 'how long the old text still works', hours, 24)
    .action((id: string, _: unknown, command: Command) => {
      const options = optionsOf<{ grace: number }>(command)
      return connected(options, async (connection, out) => {
        const path = `/v1/keys/${encodeURIComponent(id)}/rotate?graceHours=${options.grace}`
        const issued = (await connection.request('POST', path)) as IssuedKey
        out.result(issued, () => shown(issued))
      })
    })

  key
    .command('revoke')
    .description('End a key at once.')
    .argument('<id>')
    .action((id: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        await connection.request('DELETE', `/v1/keys/${encodeURIComponent(id)}`)
        out.result({ revoked: id }, () => `The key ${id} is revoked.`)
      }),
    )
}

/** Also parts of an hour, and 0 for at once. */
function hours(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('Expected a number of hours.')
  return value
}

function shown({ key, kind, id, name }: IssuedKey): string {
  return `${kind} key ${id}${name ? ` (${name})` : ''}\n\n  ${key}\n\nIt is shown this once; only its hash is stored.`
}
