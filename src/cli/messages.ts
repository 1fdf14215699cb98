import { type Command, Option } from 'commander'
import { table } from './output.ts'
import { connected, optionsOf } from './surroundings.ts'
import { parsed } from './templates.ts'

/** As the wire has it; times ISO 8601. */
interface Message {
  readonly id: number
  readonly key: string
  readonly customer: { readonly kind: string; readonly value: string } | null
  readonly address: string | null
  readonly channel: string
  readonly template: string
  readonly subject: string | null
  readonly state: string
  readonly reason: string | null
  readonly created: string
  readonly due: string | null
  readonly sent: string | null
}

const states = ['planned', 'sending', 'sent', 'in_doubt', 'failed', 'suppressed']
const when = (time: string | null) => (time ?? '').slice(0, 16).replace('T', ' ')
const whom = ({ customer, address }: Message) => address ?? (customer ? `${customer.kind}:${customer.value}` : '')

/** `habitue messages list | show | settle | replay | send` */
export function messagesCommand(program: Command): void {
  const messages = program
    .command('messages')
    .description('Messages to customers: what was sent, and what is in doubt.')
  listing(messages)
  showing(messages)
  settling(messages)
  sending(messages)
}

function listing(messages: Command): void {
  messages
    .command('list')
    .description('The newest first.')
    .addOption(new Option('--state <state>', 'only these').choices(states))
    .option('--customer <id>', "of this customer: the shop's user id")
    .option('--journey <name>', 'of this journey')
    .option('--limit <n>', 'how many at most', '50')
    .action((_: unknown, command: Command) => {
      type Options = Parameters<typeof connected>[0] & {
        state?: string
        customer?: string
        journey?: string
        limit: string
      }
      const options = optionsOf<Options>(command)
      const { state, customer, journey, limit } = options
      return connected(options, async (connection, out) => {
        const asked = { state, customer, journey, limit }
        const given = Object.entries(asked).filter((entry): entry is [string, string] => entry[1] !== undefined)
        const path = `/v1/messages?${new URLSearchParams(given)}`
        const { messages: found } = (await connection.request('GET', path)) as { messages: Message[] }
        const row = (one: Message) => [
          String(one.id),
          when(one.created),
          one.state,
          one.channel,
          whom(one),
          one.subject ?? one.template,
          one.reason ?? when(one.sent ?? one.due),
        ]
        out.result(found, () => table(['id', 'made', 'state', 'channel', 'to', 'what', ''], found.map(row)))
      })
    })
}

function showing(messages: Command): void {
  messages
    .command('show')
    .description('Everything that is known of one.')
    .argument('<id>')
    .action((id: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const found = (await connection.request('GET', `/v1/messages/${encodeURIComponent(id)}`)) as Message
        out.result(found, () =>
          Object.entries(found)
            .filter(([, value]) => value !== null)
            .map(([name, value]) => `${name.padEnd(10)} ${typeof value === 'object' ? whom(found) : value}`)
            .join('\n'),
        )
      }),
    )
}

function settling(messages: Command): void {
  messages
    .command('settle')
    .description('Say what became of a message that is in doubt; the log of the mail server knows.')
    .argument('<id>')
    .addOption(
      new Option('--as <end>', 'sent: it arrived; failed: let it go; again: it did not arrive, send it once more')
        .choices(['sent', 'failed', 'again'])
        .makeOptionMandatory(),
    )
    .option('--reason <text>', 'how you know')
    .action((id: string, _: unknown, command: Command) => {
      const options = optionsOf<Parameters<typeof connected>[0] & { as: string; reason?: string }>(command)
      return connected(options, async (connection, out) => {
        const path = `/v1/messages/${encodeURIComponent(id)}/settle`
        const { as, reason } = options
        const found = (await connection.request('POST', path, { as, ...(reason ? { reason } : {}) })) as Message
        out.result(found, () => `The message ${found.id} is ${found.state}.`)
      })
    })
  messages
    .command('replay')
    .description('Try a dead letter again.')
    .argument('<id>')
    .action((id: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const found = (await connection.request('POST', `/v1/messages/${encodeURIComponent(id)}/replay`)) as Message
        out.result(found, () => `The message ${found.id} is ${found.state}.`)
      }),
    )
}

function sending(messages: Command): void {
  messages
    .command('send')
    .description('Send a message to one customer.')
    .argument('<customer>', "the shop's user id")
    .argument('<template>')
    .addOption(new Option('--purpose <purpose>', 'why').choices(['marketing', 'service']).makeOptionMandatory())
    .option('--channel <channel>', 'email, on-site or webhook', 'email')
    .option('--from <who>', 'owner, or the id of a person of the shop')
    .option('--with <json>', 'data for the template')
    .action((customer: string, template: string, _: unknown, command: Command) => {
      type Options = Parameters<typeof connected>[0] & {
        purpose: string
        channel: string
        from?: string
        with?: string
      }
      const options = optionsOf<Options>(command)
      const { purpose, channel, from, with: data } = options
      return connected(options, async (connection, out) => {
        const more = { ...(from ? { from } : {}), ...(data ? { data: parsed(data) } : {}) }
        const body = { customer, template, purpose, channel, ...more }
        const answer = (await connection.request('POST', '/v1/messages', body)) as {
          outcome: { kind: string; reason?: string; at?: string }
        }
        const { kind, reason, at } = answer.outcome
        out.result(answer, () => [kind, reason, at].filter(Boolean).join('  '))
      })
    })
}
