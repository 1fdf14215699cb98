import type { Command } from 'commander'
import { connected, optionsOf } from './surroundings.ts'

export interface ModelView {
  readonly name: string
  readonly version: number
  readonly state: string
  /** ISO 8601 */
  readonly started: string
  readonly finished: string | null
  readonly report?: Readonly<Record<string, unknown>>
  readonly bytes: number
  readonly serving?: boolean
}

interface Measured {
  readonly mean: number
  readonly low: number
  readonly high: number
}

interface Member {
  readonly kind: string
  readonly weight?: number | null
  readonly early?: number | null
  readonly gain?: Measured | null
  readonly aloneMeasured?: Measured | null
  readonly reason?: string
}

interface Blend {
  readonly admitted?: Member[]
  readonly dropped?: Member[]
  readonly measured?: Measured | null
  readonly baseline?: number | null
  readonly overPopularity?: Measured | null
  readonly newcomers?: { readonly measured: Measured; readonly baseline: number } | null
  readonly placements?: {
    readonly placement: string
    readonly customers: number
    readonly general: number
    readonly measured: Measured
    readonly gain: Measured
    readonly admitted: boolean
    readonly weights: Readonly<Record<string, number>>
  }[]
  readonly note?: string
}

interface Trust {
  readonly placement: string
  readonly trust: number
  readonly customers: number
  readonly usual: number
  readonly gain: Measured
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

/** One part of a training in a few lines for people. */
export function described(model: ModelView): string {
  const seconds =
    model.finished === null ? '' : `, ${((Date.parse(model.finished) - Date.parse(model.started)) / 1000).toFixed(1)} s`
  const state = `${model.state}${model.serving ? ', serving' : ''}`
  const size = `${(model.bytes / 1e6).toFixed(1)} MB`
  const head = `Model ${model.version}${titles[model.name] ?? ''}: ${state}${seconds}, ${size}, ${model.started}`
  const report = model.report ?? {}
  if (report.error) return `${head}\n  ${(report.error as { message: string }).message}`
  const lines = linesOf[model.name]?.(report) ?? []
  const note = typeof report.note === 'string' ? [report.note] : []
  return [head, ...[...lines, ...note].map((line) => `  ${line}`)].join('\n')
}

const titles: Readonly<Record<string, string>> = { guess: ', first guess', stars: ', stars' }
const linesOf: Readonly<Record<string, (report: Report) => string[]>> = {
  shop: shopLines,
  guess: guessLines,
  stars: starsLines,
}

type Report = NonNullable<ModelView['report']>

function shopLines(report: Report): string[] {
  if (report.customers === undefined) return []
  const blend = (report.blend ?? {}) as Blend
  const lines = [
    `learned from ${report.customers} customers, ${report.items} items, ${report.interactions} interactions`,
    ...(blend.admitted ?? []).map(memberLine),
    ...(blend.dropped ?? []).map((member) => `- ${member.kind}  ${member.reason}`),
  ]
  const { measured, overPopularity, newcomers } = blend
  if (measured && overPopularity) {
    const gain = `${range(overPopularity)} above popularity`
    lines.push(
      `held-out NDCG@10 ${digits(measured.mean, 4)} (${range(measured)}), popularity ${digits(blend.baseline, 4)}; ${gain}`,
    )
  }
  if (newcomers) {
    const { measured: own, baseline } = newcomers
    lines.push(`of newcomers ${digits(own.mean, 4)} (${range(own)}), popularity ${digits(baseline, 4)}`)
  }
  for (const { placement, customers, general, measured: own, gain, admitted, weights } of blend.placements ?? []) {
    const figures = `${digits(own.mean, 4)} with weights of its own, ${digits(general, 4)} with those of all (${range(gain)})`
    const heard = Object.entries(weights).map(([kind, weight]) => `${kind} ${digits(weight, 2)}`)
    const serves = admitted ? `: ${heard.join(', ')}` : '; those of all serve'
    lines.push(`${admitted ? '+' : '-'} in ${placement}, of ${customers} customers: ${figures}${serves}`)
  }
  lines.push(...((report.trust ?? []) as Trust[]).map(trustLine))
  if (blend.note) lines.push(blend.note)
  return lines
}

function trustLine({ placement, trust, customers, usual, gain }: Trust): string {
  const said =
    placement === 'cart'
      ? `${trust} of what stands near is by counts, the rest by description`
      : `counts as much as the description where ${trust} customers chose the item`
  return `= near ${placement}: ${said}; of ${customers} customers NDCG@10 ${digits(usual, 4)} as usual, ${range(gain)} more as learned`
}

function memberLine({ kind, weight, early, aloneMeasured, gain }: Member): string {
  const weights = `weight ${digits(weight, 2)}, for newcomers ${digits(early, 2)}`
  const alone = aloneMeasured ? `alone ${digits(aloneMeasured.mean, 4)} (${range(aloneMeasured)})` : 'alone -'
  return `+ ${kind}  ${weights}  ${alone}  adds ${gain ? range(gain) : '-'}`
}

/** Of 95 %. */
function range({ low, high }: Measured): string {
  return `${digits(low, 4)} to ${digits(high, 4)}`
}

function guessLines({ firstGuess }: Report): string[] {
  const standing = (firstGuess ?? []) as {
    selections: number
    customers: number
    ndcg: number
    popularity: number
    taste: number | null
    admitted: boolean
  }[]
  return standing.map(({ selections, customers, ndcg, popularity, taste, admitted }) => {
    const others = `popularity ${digits(popularity, 4)}, models of taste ${digits(taste, 4)}`
    const figures = `held-out NDCG@10 ${digits(ndcg, 4)} of ${customers} customers, ${others}`
    return `${admitted ? '+' : '-'} after ${selections} selections: ${figures}`
  })
}

function starsLines(report: Report): string[] {
  const { ratings, heldOut, rmse, interval, itemMean } = report as {
    ratings?: number
    heldOut?: number
    rmse?: number | null
    interval?: readonly [number, number] | null
    itemMean?: number | null
  }
  if (ratings === undefined) return []
  const lines = [`learned from ${ratings} ratings`]
  if (rmse == null || !interval) return lines
  const range = `${digits(interval[0], 3)} to ${digits(interval[1], 3)}`
  return [
    ...lines,
    `RMSE of ${heldOut} held-out ratings ${digits(rmse, 3)} (${range}), by the item's mean ${digits(itemMean, 3)}`,
  ]
}

/** What could not be measured, for want of data, is no number. */
function digits(value: number | null | undefined, n: number): string {
  return value == null ? '-' : value.toFixed(n)
}
