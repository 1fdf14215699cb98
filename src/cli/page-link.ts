import { hash } from 'node:crypto'
import type { Command } from 'commander'
import { HabitueError } from '../errors.ts'
import { type AboutOne, customerPath } from './customer-path.ts'
import { connected, optionsOf } from './surroundings.ts'

/** `habitue revoke-link LINK` */
export function revokeLinkCommand(program: Command): void {
  program
    .command('revoke-link')
    .description("Take back one link to a customer's page, before its time is over.")
    .argument('<link>', 'its id, or the whole link')
    .action((link: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const id = idOfLink(link)
        await connection.request('DELETE', `/v1/page-links/${id}`)
        out.result({ revoked: id }, () => 'The link opens nothing any more.')
      }),
    )
}

function idOfLink(link: string): string {
  if (/^[0-9a-f]{64}$/.test(link)) return link
  const token = /\/page\/([\w-]+)/.exec(link)?.[1]
  if (token) return hash('sha256', token, 'hex')
  throw new HabitueError('invalid_option', `${JSON.stringify(link)} is neither the id of a link nor a link.`)
}

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
        const link = (await connection.request('POST', path, { minutes })) as {
          url: string
          id: string
          expires: string
        }
        out.result(link, () => `${link.url}\nIt works until ${link.expires}, or until: habitue revoke-link ${link.id}`)
      })
    })
}
