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
  readonly weight?: number
  readonly metric?: number
  readonly alone?: number
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
    metric?: number
    baseline?: number
    note?: string
  } | null
  const lines = [
    head,
    `  learned from ${report.customers} customers, ${report.items} items, ${report.interactions} interactions`,
    ...(blend?.admitted ?? []).map(
      (member) => `  + ${member.kind}  weight ${member.weight?.toFixed(2)}  alone ${member.alone?.toFixed(4)}`,
    ),
    ...(blend?.dropped ?? []).map((member) => `  - ${member.kind}  ${member.reason}`),
  ]
  if (blend?.metric !== undefined)
    lines.push(`  held-out NDCG@10 ${blend.metric.toFixed(4)}, popularity ${blend.baseline?.toFixed(4)}`)
  if (blend?.note) lines.push(`  ${blend.note}`)
  return lines.join('\n')
}
