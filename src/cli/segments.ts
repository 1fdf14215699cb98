import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { table } from './output.ts'
import { connected, optionsOf, wholeNumber } from './surroundings.ts'

interface Segment {
  readonly name: string
  readonly title: string
  readonly condition: string
  readonly builtIn: boolean
  readonly size: number
}

interface Who {
  readonly kind: string
  readonly id: string
}

interface Preview {
  readonly count: number
  readonly customers: number
  readonly looked: number
  readonly withheld: number
  readonly exact: boolean
  readonly examples: readonly Who[]
}

const nameOf = ({ kind, id }: Who) => (kind === 'user' ? id : `${kind}:${id}`)
const path = (name: string) => `/v1/segments/${encodeURIComponent(name)}`

/** `habitue segments list | preview | members | put | remove` */
export function segmentsCommand(program: Command): void {
  const segments = program.command('segments').description('Groups of customers by a condition.')
  segments
    .command('list')
    .description('All segments with their sizes.')
    .action((_: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const answer = (await connection.request('GET', '/v1/segments')) as { segments: Segment[] }
        const row = (one: Segment) => [one.name, one.size, one.builtIn ? 'built in' : '', one.condition]
        out.result(answer.segments, () => table(['name', 'size', '', 'condition'], answer.segments.map(row)))
      }),
    )
  segments
    .command('preview')
    .description('How many customers a condition would choose now, with examples; nothing is stored.')
    .argument('<condition>', "e.g. \"orders.within('365d').sum('total') > 2500\"; @file reads it from a file")
    .action((condition: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const body = { condition: textOf(condition) }
        const seen = (await connection.request('POST', '/v1/segments/preview', body)) as Preview
        out.result(seen, () => described(seen))
      }),
    )
  segments
    .command('members')
    .description('Who is in a segment.')
    .argument('<name>', 'as the list has it')
    .option('--limit <n>', 'how many at most', wholeNumber, 100)
    .action((name: string, _: unknown, command: Command) => {
      const { limit, ...where } = optionsOf<{ limit: number }>(command)
      return connected(where, async (connection, out) => {
        const page = (await connection.request('GET', `${path(name)}/members?limit=${limit}`)) as {
          members: { customer: Who; since: string }[]
        }
        const row = ({ customer, since }: { customer: Who; since: string }) => [nameOf(customer), since.slice(0, 10)]
        out.result(page.members, () => table(['customer', 'since'], page.members.map(row)))
      })
    })
  segments
    .command('put')
    .description('Define a segment, or change it.')
    .argument('<name>', 'small letters, digits, - and _')
    .argument('<condition>', '@file reads it from a file')
    .option('--title <text>', 'as people call it')
    .option('--description <text>', 'for whom, and why')
    .action((name: string, condition: string, _: unknown, command: Command) => {
      const { title, description, ...where } = optionsOf<{ title?: string; description?: string }>(command)
      return connected(where, async (connection, out) => {
        const body = { title, description, condition: textOf(condition) }
        const segment = (await connection.request('PUT', path(name), body)) as Segment
        out.result(segment, () => `Segment ${name} is defined; the running server finds who is in it within moments.`)
      })
    })
  segments
    .command('remove')
    .description('Forget a segment.')
    .argument('<name>', 'as the list has it')
    .action((name: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        await connection.request('DELETE', path(name))
        out.result({ removed: name }, () => `Segment ${name} is gone.`)
      }),
    )
}

function textOf(condition: string): string {
  return condition.startsWith('@') ? readFileSync(condition.slice(1), 'utf8').trim() : condition
}

function described({ count, customers, looked, withheld, exact, examples }: Preview): string {
  const about = exact ? '' : `about (${looked} were looked at) `
  const kept = withheld > 0 ? ` Consent keeps ${withheld} from being looked at.` : ''
  const who = examples.length > 0 ? `\nFor example ${examples.map(nameOf).join(', ')}.` : ''
  return `${about}${count} of ${customers} customers.${kept}${who}`
}
