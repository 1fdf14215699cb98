import { readFileSync } from 'node:fs'
import { parse as pathOf } from 'node:path'
import type { Command } from 'commander'
import { parse } from 'yaml'
import { HabitueError } from '../errors.ts'
import { table } from './output.ts'
import { connected, optionsOf } from './surroundings.ts'

interface Info {
  readonly name: string
  readonly version: number
  readonly closed: string | null
}
interface Results {
  readonly invited: number
  readonly started: number
  readonly finished: number
  readonly questions: readonly {
    readonly id: string
    readonly kind: string
    readonly answered: number
    readonly counts: Readonly<Record<string, number>> | null
    readonly mean: number | null
    readonly nps: number | null
    readonly texts?: readonly { readonly time: string; readonly text: string }[]
  }[]
}

const path = (name: string) => `/v1/surveys/${encodeURIComponent(name)}`

/** `habitue surveys list | put | close | results` */
export function surveysCommand(program: Command): void {
  const surveys = program.command('surveys').description('What the shop asks its customers.')
  surveys
    .command('list')
    .description('All surveys.')
    .action((_: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const { surveys: all } = (await connection.request('GET', '/v1/surveys')) as { surveys: Info[] }
        const row = ({ name, version, closed }: Info) => [name, version, closed === null ? 'open' : `closed ${closed}`]
        out.result(all, () => table(['name', 'version', 'state'], all.map(row)))
      }),
    )
  surveys
    .command('put')
    .description('Put a definition; what is wrong with it is told with its place.')
    .argument('<file>', 'JSON or YAML; its name is the name of the survey')
    .option('--name <name>', 'another name than the file has')
    .action((file: string, _: unknown, command: Command) => {
      const { name = pathOf(file).name, ...where } = optionsOf<{ name?: string }>(command)
      return connected(where, async (connection, out) => {
        const put = (await connection.request('PUT', path(name), definitionIn(file))) as Info
        out.result(put, () => `${put.name} is version ${put.version}.`)
      })
    })
  surveys
    .command('close')
    .description('End a survey: links say so, results stay.')
    .argument('<name>')
    .action((name: string, _: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        await connection.request('DELETE', path(name))
        out.result({ closed: name }, () => `${name} is closed.`)
      }),
    )
  surveys
    .command('results')
    .description('What was answered: counts, means, NPS.')
    .argument('<name>')
    .option('--texts', 'and what was written')
    .action((name: string, _: unknown, command: Command) => {
      const { texts = false, ...where } = optionsOf<{ texts?: boolean }>(command)
      return connected(where, async (connection, out) => {
        const results = (await connection.request('GET', `${path(name)}/results?texts=${texts}`)) as Results
        out.result(results, () => described(results))
      })
    })
}

function definitionIn(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new HabitueError('invalid_file', `${file} cannot be read: ${(cause as Error).message}`, {}, { cause })
  }
}

function described({ invited, started, finished, questions }: Results): string {
  const parts = questions.map(({ id, kind, answered, counts, mean, nps, texts }) => {
    const figures = [
      ...(nps === null ? [] : [`NPS ${Math.round(nps)}`]),
      ...(mean === null ? [] : [`mean ${mean.toFixed(2)}`]),
    ]
    const head = `${id} (${kind}): ${[`${answered} answered`, ...figures].join(', ')}`
    const counted = Object.entries(counts ?? {}).map(([answer, count]) => `  ${String(count).padStart(6)}  ${answer}`)
    const written = (texts ?? []).map(({ time, text }) => `  ${time.slice(0, 10)}  ${text.replace(/\s+/g, ' ')}`)
    return [head, ...counted, ...written].join('\n')
  })
  return [`${invited} invited, ${started} began, ${finished} finished`, ...parts].join('\n\n')
}
