import { readFileSync } from 'node:fs'
import { parse } from 'node:path'
import { type Command, Option } from 'commander'
import { HabitueError } from '../errors.ts'
import type { Connection } from './connection.ts'
import { interruptible } from './interruption.ts'
import { reportCommand } from './journey-report.ts'
import type { Output } from './output.ts'
import { table } from './output.ts'
import { connected, optionsOf, wholeNumber } from './surroundings.ts'

interface Summary {
  readonly id: string
  readonly title: string
  readonly state: string
  readonly version: number
  readonly updated: string
}

interface View extends Summary {
  readonly warnings: readonly string[]
  readonly source: string
  readonly standing: readonly { version: number; step: string; phase: string; count: number }[]
  readonly counts: readonly {
    readonly version: number
    readonly step: string
    readonly outcome: string
    readonly reason: string
    readonly held: boolean
    readonly count: number
  }[]
}

interface Instance {
  readonly id: number
  readonly version: number
  readonly customer: { readonly kind: string; readonly id: string } | null
  readonly phase: string
  readonly step: string
  readonly due: string | null
  readonly started: string
  readonly reason: string
}

const path = (id: string) => `/v1/journeys/${encodeURIComponent(id)}`
const when = (time: string | null) => (time ?? '').slice(0, 16).replace('T', ' ')
const phases = ['ready', 'acting', 'waiting', 'in_doubt', 'failed', 'ended']

/** `habitue journey validate | put | list | show | start | pause | resume | stop | instances | replay | settle | simulate` */
export function journeyCommand(program: Command): void {
  const journey = program.command('journey').description('Standing processes: what happens when something happens.')
  definitions(journey)
  switches(journey)
  people(journey)
  simulation(journey)
  reportCommand(journey, path)
}

function definitions(journey: Command): void {
  journey
    .command('validate')
    .description('Check a definition; what is wrong is told with line and column. Nothing is stored.')
    .argument('<file>', 'YAML or JSON')
    .action((file: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const id = idOf(file)
        const answer = await connection.request('PUT', path(id), { source: read(file), dryRun: true })
        const { warnings } = answer as { warnings: string[] }
        out.result(answer, () => [`${file} is valid.`, ...warnings.map((one) => `Warning: ${one}`)].join('\n'))
      }),
    )
  journey
    .command('put')
    .description("Store a definition as the journey of the file's name; it is switched on by `start`.")
    .argument('<file>', 'YAML or JSON')
    .option('--id <id>', 'another name')
    .option('--confirm', 'what it warns of is meant')
    .action((file: string, _: unknown, command: Command) => {
      const { id = idOf(file), confirm = false, ...where } = optionsOf<{ id?: string; confirm?: true }>(command)
      return connected(where, async (connection, out) => {
        const answer = await connection.request('PUT', path(id), { source: read(file), confirm })
        out.result(answer, () => `${id} is stored as version ${(answer as { version: number }).version}.`)
      })
    })
  journey
    .command('list')
    .description('All journeys.')
    .action((_: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const { journeys } = (await connection.request('GET', '/v1/journeys')) as { journeys: Summary[] }
        const row = (one: Summary) => [one.id, one.state, one.version, when(one.updated), one.title]
        out.result(journeys, () => table(['journey', 'state', 'version', 'changed', 'title'], journeys.map(row)))
      }),
    )
  journey
    .command('show')
    .description('A definition, who stands where, and what came of its steps.')
    .argument('<id>', 'as the list has it')
    .action((id: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const view = (await connection.request('GET', path(id))) as View
        out.result(view, () => described(view))
      }),
    )
}

function described({ id, title, state, version, source, warnings, standing, counts }: View): string {
  const standingRows = standing.map((one) => [one.version, one.step, one.phase, one.count])
  const countRows = counts.map((one) => [
    ...[one.version, one.step || '(enters)', one.outcome, one.reason, one.held ? 'held out' : '', one.count],
  ])
  return [
    `${id}, version ${version}: ${state}. ${title}`,
    ...warnings.map((one) => `Warning: ${one}`),
    '',
    source.trimEnd(),
    ...(standingRows.length > 0 ? ['', table(['version', 'stands at', 'phase', 'customers'], standingRows)] : []),
    ...(countRows.length > 0 ? ['', table(['version', 'step', 'outcome', 'reason', '', 'times'], countRows)] : []),
  ].join('\n')
}

const verbs: readonly [verb: string, description: string][] = [
  ['start', 'Switch it on.'],
  ['pause', 'Nobody enters, and whoever is in it stays where he is.'],
  ['resume', 'Go on after a pause.'],
  ['stop', 'End it.'],
]

function switches(journey: Command): void {
  for (const [verb, description] of verbs)
    journey
      .command(verb)
      .description(description)
      .argument('<id>', 'as the list has it')
      .action((id: string, _: unknown, command: Command) =>
        connected(optionsOf(command), async (connection, out) => {
          const answer = (await connection.request('POST', `${path(id)}/${verb}`, {})) as Summary
          out.result(answer, () => `${id} is ${answer.state}.`)
        }),
      )
}

function people(journey: Command): void {
  journey
    .command('instances')
    .description('Who is in a journey; --phase in_doubt and --phase failed wait for a person.')
    .argument('<id>', 'as the list has it')
    .addOption(new Option('--phase <phase>', 'of one phase').choices(phases))
    .option('--limit <n>', 'how many at most', wholeNumber, 50)
    .action((id: string, _: unknown, command: Command) => {
      const { phase, limit, ...where } = optionsOf<{ phase?: string; limit: number }>(command)
      return connected(where, async (connection, out) => {
        const query = new URLSearchParams({ limit: String(limit), ...(phase && { phase }) })
        const answer = (await connection.request('GET', `${path(id)}/instances?${query}`)) as { instances: Instance[] }
        shown(out, answer.instances)
      })
    })
  journey
    .command('replay')
    .description('Do again all that failed.')
    .argument('<id>', 'as the list has it')
    .action((id: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const answer = (await connection.request('POST', `${path(id)}/replay`)) as { replayed: number }
        out.result(answer, () => `${answer.replayed} are done again.`)
      }),
    )
  journey
    .command('settle')
    .description('Settle what is in doubt or failed: it did happen, or is to be done now.')
    .argument('<id>', 'as the list has it')
    .argument('<instance>', 'as `instances` has it', wholeNumber)
    .addArgument(journey.createArgument('<as>', 'which of both').choices(['happened', 'again']))
    .action((id: string, instance: number, as: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const settled = await connection.request('POST', `${path(id)}/instances/${instance}/settle`, { as })
        shown(out, [settled as Instance])
      }),
    )
}

interface Simulation {
  readonly looked: number
  readonly customers: number
  readonly withheld: number
  readonly entered: number
  readonly held: number
  readonly steps: readonly { step: string; outcome: string; reason: string; count: number }[]
  readonly days: readonly { day: string; entered: number; acted: number }[]
  readonly examples: readonly {
    readonly customer: { readonly kind: string; readonly id: string } | null
    readonly time: string
    readonly step: string
    readonly outcome: string
    readonly reason: string
  }[]
}

function simulation(journey: Command): void {
  journey
    .command('simulate')
    .description('Run a definition over the recorded past; nothing is sent or stored.')
    .argument('<file>', 'YAML or JSON')
    .requiredOption('--from <time>', 'ISO 8601: 2026-01-01')
    .option('--to <time>', 'ISO 8601; now where absent')
    .option('--customers <n>', 'look at so many at most', wholeNumber, 10_000)
    .action((file: string, _: unknown, command: Command) => {
      const { from, to, customers, ...where } = optionsOf<{ from: string; to?: string; customers: number }>(command)
      return connected(where, async (connection, out) => {
        const body = { source: read(file), from, to, customers }
        const seen = await followed(connection, out, body)
        out.result(seen, () => simulated(seen))
      })
    })
}

/** Shows how far it is; Ctrl-C ends the work too, wherever it is done. */
async function followed(connection: Connection, out: Output, body: object): Promise<Simulation> {
  const signal = interruptible()
  const bar = out.progress('simulation')
  try {
    for await (const line of connection.lines('/v1/journeys/simulate', signal, body)) {
      if (line === '') continue
      const { progress, simulation, error } = JSON.parse(line) as Line
      if (progress) bar.set(progress.looked, progress.of, `${progress.looked} of ${progress.of} customers`)
      if (error) throw new HabitueError(error.code, error.message, error.details)
      if (simulation) return simulation
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    bar.stop()
  }
  throw new HabitueError('not_running', `${connection.place} ended before the simulation did.`)
}

interface Line {
  readonly progress?: { readonly looked: number; readonly of: number }
  readonly simulation?: Simulation
  readonly error?: Pick<HabitueError, 'code' | 'message' | 'details'>
}

function simulated({ looked, customers, withheld, entered, held, steps, days, examples }: Simulation): string {
  const stepRows = steps.map((one) => [one.step, one.outcome, one.reason, one.count])
  const name = (one: Simulation['examples'][number]) => (one.customer ? `${one.customer.kind}:${one.customer.id}` : '')
  const first = examples.slice(0, 20)
  const exampleRows = first.map((one) => [when(one.time), name(one), one.step || '(enters)', one.outcome, one.reason])
  const busiest = days.toSorted((a, b) => b.acted - a.acted)[0]
  return [
    `${looked} of ${customers} customers looked at; consent does not reach ${withheld}. ${entered} would have entered${held > 0 ? `, and ${held} been held out` : ''}.`,
    ...(busiest ? [`The busiest of ${days.length} days: ${busiest.day} with ${busiest.acted}.`] : []),
    ...(stepRows.length > 0 ? ['', table(['step', 'outcome', 'reason', 'times'], stepRows)] : []),
    ...(exampleRows.length > 0 ? ['', table(['time', 'customer', 'step', 'outcome', 'reason'], exampleRows)] : []),
  ].join('\n')
}

function shown(out: Output, instances: readonly Instance[]): void {
  const row = (one: Instance) => [
    ...[one.id, one.customer ? `${one.customer.kind}:${one.customer.id}` : '(gone)', one.version, one.phase, one.step],
    ...[when(one.due), when(one.started), one.reason],
  ]
  const head = ['id', 'customer', 'version', 'phase', 'step', 'due', 'entered', 'reason']
  out.result(instances, () => table(head, instances.map(row)))
}

/** The name of the file. */
const idOf = (file: string) => parse(file).name

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new HabitueError('invalid_file', `${file} cannot be read: ${(cause as Error).message}`, {}, { cause })
  }
}
