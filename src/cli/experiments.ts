import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { HabitueError } from '../errors.ts'
import { table } from './output.ts'
import { connected, optionsOf } from './surroundings.ts'

interface Experiment {
  readonly id: string
  readonly placement: string
  readonly arms: readonly { readonly name: string; readonly share: number; readonly settings: object }[]
  readonly started: string
  readonly stopped: string | null
}

interface Interval {
  readonly estimate: number
  readonly low: number | null
  readonly high: number | null
}

interface Report {
  readonly experiment: Experiment
  readonly arms: readonly {
    readonly name: string
    readonly customers: number
    readonly judged: number
    readonly orders: number
    readonly margin: number
    readonly difference?: { readonly orders: Interval; readonly margin: Interval }
  }[]
  readonly withoutCost: number
  readonly verdict: string
}

/** `habitue experiments` */
export function experimentsCommand(program: Command): void {
  const experiments = program.command('experiments').description('Two ways to choose a list, tried against each other.')
  experiments
    .command('list')
    .description('All experiments, the latest first.')
    .action((_: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const answer = (await connection.request('GET', '/v1/experiments')) as { experiments: Experiment[] }
        const rows = answer.experiments.map(({ id, placement, arms, started, stopped }) => {
          const shares = arms.map(({ name, share }) => `${name} ${Math.round(100 * share)} %`).join(', ')
          return [id, placement, shares, started.slice(0, 10), stopped?.slice(0, 10) ?? 'runs']
        })
        out.result(answer, () => table(['id', 'placement', 'arms', 'started', 'stopped'], rows))
      }),
    )
  experiments
    .command('start <id> <file>')
    .description(
      'Begins an experiment: JSON with placement, arms {name: {share, settings}}, days (docs/experiments.md).',
    )
    .action((id: string, file: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const answer = await connection.request('PUT', `/v1/experiments/${encodeURIComponent(id)}`, read(file))
        out.result(answer, () => `The experiment ${id} runs.`)
      }),
    )
  experiments
    .command('stop <id>')
    .description('Ends it: everybody gets what the placement is set to.')
    .action((id: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        await connection.request('POST', `/v1/experiments/${encodeURIComponent(id)}/stop`)
        out.result({ id }, () => `The experiment ${id} is over.`)
      }),
    )
  experiments
    .command('settings [placement] [file]')
    .description(
      'How placements choose their lists; with a file of JSON, sets one; with "off", takes its settings away.',
    )
    .action((placement: string | undefined, file: string | undefined, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const path = `/v1/placements/${encodeURIComponent(placement ?? '')}/settings`
        if (file === 'off') await connection.request('DELETE', path)
        else if (file !== undefined) await connection.request('PUT', path, read(file))
        const answer = (await connection.request('GET', '/v1/placements')) as {
          placements: { placement: string; settings: object }[]
        }
        const rows = answer.placements.map((one) => [one.placement, JSON.stringify(one.settings)])
        out.result(answer, () => (rows.length > 0 ? table(['placement', 'settings'], rows) : 'Nothing is set.'))
      }),
    )
  experiments
    .command('report <id>')
    .description('What it showed: orders and margin after returns, readable at any time.')
    .action((id: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const answer = await connection.request('GET', `/v1/experiments/${encodeURIComponent(id)}/report`)
        out.result(answer, () => described(answer as Report))
      }),
    )
}

function described({ arms, withoutCost, verdict }: Report): string {
  const between = (one: Interval | undefined) =>
    one ? `${one.estimate} (${one.low ?? '-inf'} to ${one.high ?? 'inf'})` : ''
  const rows = arms.map(({ name, customers, judged, orders, margin, difference }) => [
    ...[name, String(customers), String(judged), String(orders), String(margin)],
    ...[between(difference?.orders), between(difference?.margin)],
  ])
  const head = ['arm', 'customers', 'judged', 'orders', 'margin', 'orders more', 'margin more']
  const note = withoutCost > 0 ? `\n${withoutCost} lines are of items without a cost.` : ''
  return `${table(head, rows)}\n${verdict}${note}`
}

function read(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new HabitueError('invalid_file', `${file} cannot be read as JSON: ${(cause as Error).message}`, {}, { cause })
  }
}
