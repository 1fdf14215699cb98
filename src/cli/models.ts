import type { Command } from 'commander'
import { connected, optionsOf } from './surroundings.ts'

export interface ModelView {
  readonly version: number
  readonly state: string
  /** ISO 8601 */
  readonly started: string
  readonly finished: string | null
  readonly report?: Readonly<Record<string, unknown>>
  readonly bytes: number
}

interface Member {
  readonly kind: string
  readonly weight?: number | null
  readonly metric?: number | null
  readonly alone?: number | null
  readonly reason?: string
}

/** `habitue models` */
export function modelsCommand(program: Command): void {
  program
    .command('models')
    .description('Trainings: which models were admitted, with which weights, and how good they were on held-out data.')
    .action((_: unknown, command: Command) =>
      connected(optionsOf(command), async (connection, out) => {
        const { models } = (await connection.request('GET', '/v1/models')) as { models: ModelView[] }
        out.result(models, () =>
          models.length === 0 ? 'Nothing is trained yet: habitue train' : models.map(described).join('\n\n'),
        )
      }),
    )
}

/** A training in a few lines for people. */
export function described(model: ModelView): string {
  const seconds =
    model.finished === null ? '' : `, ${((Date.parse(model.finished) - Date.parse(model.started)) / 1000).toFixed(1)} s`
  const head = `Model ${model.version}: ${model.state}${seconds}, ${(model.bytes / 1e6).toFixed(1)} MB, ${model.started}`
  const report = model.report ?? {}
  if (report.error) return `${head}\n  ${(report.error as { message: string }).message}`
  const blend = report.blend as {
    admitted?: Member[]
    dropped?: Member[]
    metric?: number | null
    baseline?: number | null
    note?: string
  } | null
  const lines = [
    head,
    `  learned from ${report.customers} customers, ${report.items} items, ${report.interactions} interactions`,
    ...(blend?.admitted ?? []).map(
      (member) => `  + ${member.kind}  weight ${digits(member.weight, 2)}  alone ${digits(member.alone, 4)}`,
    ),
    ...(blend?.dropped ?? []).map((member) => `  - ${member.kind}  ${member.reason}`),
  ]
  if (blend?.metric != null)
    lines.push(`  held-out NDCG@10 ${digits(blend.metric, 4)}, popularity ${digits(blend.baseline, 4)}`)
  if (blend?.note) lines.push(`  ${blend.note}`)
  return lines.join('\n')
}

/** What could not be measured, for want of data, is no number. */
function digits(value: number | null | undefined, n: number): string {
  return value == null ? '-' : value.toFixed(n)
}
