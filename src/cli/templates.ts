import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { HabitueError } from '../errors.ts'
import { table } from './output.ts'
import { connected, optionsOf } from './surroundings.ts'

interface Stored {
  readonly name: string
  readonly version: number
  readonly created: string
  readonly template: { readonly channel: string; readonly subject?: string; readonly title?: string }
}
type Where = Parameters<typeof connected>[0]

/** `habitue templates list | put | preview | remove`, and `habitue senders ...` */
export function templatesCommand(program: Command): void {
  const templates = program.command('templates').description('The texts of messages, in Liquid; every version is kept.')
  templates
    .command('list')
    .description('The version of each that is used.')
    .action((_: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const { templates: all } = (await connection.request('GET', '/v1/templates')) as { templates: Stored[] }
        const row = ({ name, version, created, template }: Stored) => [
          name,
          String(version),
          template.channel,
          template.subject ?? template.title ?? '',
          created.slice(0, 10),
        ]
        out.result(all, () => table(['name', 'version', 'channel', 'subject', 'since'], all.map(row)))
      }),
    )
  templates
    .command('put')
    .description('Store a template: a file of JSON, or of HTML with --subject.')
    .argument('<name>', 'small letters, digits, - and _; welcome.de for German')
    .argument('<file>')
    .option('--subject <text>', 'of mail')
    .option('--text <file>', 'its plain text; else it is made from the HTML')
    .action((name: string, file: string, _: unknown, command: Command) => {
      const options = optionsOf<Where & { subject?: string; text?: string }>(command)
      const content = readFileSync(file, 'utf8')
      const { subject, text } = options
      const words = text === undefined ? {} : { text: readFileSync(text, 'utf8') }
      const body = file.endsWith('.json') ? jsonOf(file) : { channel: 'email', subject, html: content, ...words }
      return connected(options, async (connection, out) => {
        const stored = (await connection.request('PUT', `/v1/templates/${encodeURIComponent(name)}`, body)) as Stored
        out.result(stored, () => `${stored.name} is version ${stored.version}.`)
      })
    })
  previewing(templates)
  templates
    .command('remove')
    .description('Remove a template and its versions.')
    .argument('<name>')
    .action((name: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        await connection.request('DELETE', `/v1/templates/${encodeURIComponent(name)}`)
        out.result({ removed: name }, () => `${name} is removed.`)
      }),
    )
}

function previewing(templates: Command): void {
  templates
    .command('preview')
    .description('What a template would say; nothing is sent.')
    .argument('<name>')
    .option('--customer <id>', "to this customer: the shop's user id")
    .option('--language <code>', 'two letters')
    .option('--with <json>', 'data for the template')
    .option('--html', 'the HTML instead of the plain text')
    .action((name: string, _: unknown, command: Command) => {
      type Options = Where & { customer?: string; language?: string; with?: string; html?: boolean }
      const options = optionsOf<Options>(command)
      const { customer, language, with: data, html } = options
      const given = { customer, language, data: data ? parsed(data) : undefined }
      return connected(options, async (connection, out) => {
        const shown = (await connection.request('POST', '/v1/templates/preview', { name, ...given })) as {
          subject: string
          html: string
          text: string
          onSite: { title: string; body: string } | null
        }
        const words = shown.onSite ? `${shown.onSite.title}\n\n${shown.onSite.body}` : html ? shown.html : shown.text
        out.result(shown, () => (shown.subject ? `${shown.subject}\n\n${words}` : words))
      })
    })
}

/** `habitue senders list | set | rules | assign` */
export function sendersCommand(program: Command): void {
  const senders = program
    .command('senders')
    .description('People of the shop as senders, and whose customers are whose.')
  senders
    .command('list')
    .description('Who writes, and by which rules customers belong to whom.')
    .action((_: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const { senders: all } = (await connection.request('GET', '/v1/senders')) as { senders: unknown[] }
        const { rules } = (await connection.request('GET', '/v1/owner-rules')) as { rules: unknown[] }
        out.result({ senders: all, rules }, () => [...all, ...rules].map((one) => JSON.stringify(one)).join('\n'))
      }),
    )
  senders
    .command('set')
    .description('Say how a person writes: a file of JSON (address, signature, hours, absent, deputy).')
    .argument('<person>', 'the id that habitue people list shows')
    .argument('<file>')
    .action((person: string, file: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        await connection.request('PUT', `/v1/senders/${encodeURIComponent(person)}`, jsonOf(file))
        out.result({ person }, () => `${person} writes as ${file} says.`)
      }),
    )
  senders
    .command('rules')
    .description(
      'Replace the rules by those of a file of JSON: [{"id", "rule": {"person", "trait", "segment", "share"}}].',
    )
    .argument('<file>')
    .action((file: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const rules = jsonOf(file)
        await connection.request('PUT', '/v1/owner-rules', { rules })
        out.result({ rules }, () => `The rules are those of ${file}.`)
      }),
    )
  senders
    .command('assign')
    .description('Give a customer to a person; without one he belongs to whom the rules say.')
    .argument('<customer>', "the shop's user id")
    .argument('[person]')
    .action((customer: string, person: string | undefined, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const path = `/v1/customers/${encodeURIComponent(customer)}/owner`
        await connection.request('PUT', path, { person: person ?? null })
        out.result(
          { customer, person: person ?? null },
          () => `${customer} belongs to ${person ?? 'whom the rules say'}.`,
        )
      }),
    )
}

/** @throws HabitueError invalid_option */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new HabitueError(
      'invalid_option',
      `--with is ${JSON.stringify(json)}; expected JSON such as {"note": "text"}.`,
    )
  }
}

/** @throws HabitueError invalid_file */
function jsonOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new HabitueError('invalid_file', `${file} cannot be read as JSON: ${(cause as Error).message}`, {}, { cause })
  }
}
