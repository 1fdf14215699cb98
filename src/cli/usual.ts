import type { Command } from 'commander'
import { HabitueError } from '../errors.ts'
import { connected, optionsOf, several } from './surroundings.ts'

interface Options {
  readonly customer: string
  readonly slot?: string
  readonly context?: string[]
  readonly time?: string
}

interface Choice {
  readonly id: string
  readonly title: string | null
  readonly probability: number
}

interface UsualView {
  readonly slot: string | null
  readonly personalised: boolean
  readonly ask: boolean
  readonly options: readonly Choice[]
  readonly unavailable: { readonly id: string; readonly title: string | null } | null
  readonly reason: string | null
  readonly choices: number
}

/** `habitue usual` */
export function usualCommand(program: Command): void {
  program
    .command('usual')
    .description('What a customer usually takes in a context, or that it is better to ask.')
    .requiredOption('--customer <id>', "the shop's id of a customer")
    .option('--slot <category>', 'of which category; default: that from which he takes most')
    .option(
      '--context <name=value>',
      'what is now, such as temperature=3 or timezone=Europe/Berlin (repeatable)',
      several,
    )
    .option('--time <time>', 'another moment than now, ISO 8601')
    .action((_: unknown, command: Command) => {
      const { customer, slot, context = [], time } = optionsOf<Options>(command)
      const body = { customer, slot, time, context: Object.fromEntries(context.map(nameAndValue)) }
      return connected(optionsOf(command), async (connection, out) => {
        const answer = (await connection.request('POST', '/v1/usual', body)) as UsualView
        out.result(answer, () => usualLines(answer))
      })
    })
}

function nameAndValue(pair: string): [string, number | string] {
  const at = pair.indexOf('=')
  if (at < 1) throw new HabitueError('invalid_option', `--context expects name=value, got ${JSON.stringify(pair)}`)
  const value = pair.slice(at + 1)
  return [pair.slice(0, at), value !== '' && Number.isFinite(Number(value)) ? Number(value) : value]
}

function usualLines({ slot, personalised, ask, options, unavailable, reason, choices }: UsualView): string {
  const rows = options.map(
    ({ id, title, probability }) => `${(100 * probability).toFixed(0).padStart(4)} %  ${title ?? id}`,
  )
  const first = unavailable
    ? `The usual, ${unavailable.title ?? unavailable.id}, cannot be had now; ask.`
    : (reason ?? (ask ? 'Not sure; ask.' : ''))
  const known = personalised ? `${choices} choices` : 'not personal'
  return [first, ...rows, '', `(${slot ?? 'no slot'}, ${known})`].join('\n')
}
