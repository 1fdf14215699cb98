/** Does a journey help? */
import type { Command } from 'commander'
import { table } from './output.ts'
import { connected, optionsOf, wholeNumber } from './surroundings.ts'

interface Reach {
  readonly entered: number
  readonly sent: number
  readonly suppressed: readonly { readonly reason: string; readonly count: number }[]
  readonly clicked: number
  readonly heard: number
}

interface Report {
  readonly reach: Reach
  readonly sentence: string
  readonly detectable: readonly { readonly months: number; readonly holdout: number; readonly lift: number | null }[]
}

interface ReportOfAll extends Report {
  readonly journeys: readonly (Report & { readonly id: string; readonly state: string })[]
}

/** `habitue journey report`; `path` = of one journey. */
export function reportCommand(journey: Command, path: (id: string) => string): void {
  journey
    .command('report')
    .description('Does it help? What those who entered ordered against those held out, and what could be told at all.')
    .argument('[id]', 'as the list has it; without it all of them, each and together')
    .option('--days <n>', 'orders of so many days after entering', wholeNumber, 30)
    .action((id: string | undefined, _: unknown, command: Command) => {
      const { days, ...where } = optionsOf<{ days: number }>(command)
      const place = id === undefined ? '/v1/journeys/report' : `${path(id)}/report`
      return connected(where, async (connection, out) => {
        const report = (await connection.request('GET', `${place}?days=${days}`)) as Report | ReportOfAll
        out.result(report, () => ('journeys' in report ? reportedAll(report) : reported(report)))
      })
    })
}

function reported({ sentence, reach, detectable }: Report): string {
  const lift = (one: number | null) => (one === null ? 'nothing' : `${Math.ceil(100 * one)} % more orders`)
  const rows = detectable.map((one) => [`${100 * one.holdout} %`, one.months, lift(one.lift)])
  const nothing = detectable.every((one) => one.lift === null)
  const advice = nothing ? 'No holdout is worth while: nothing would show within a year.' : ''
  const head = ['holdout', 'months', 'what would show']
  return [sentence, reached(reach), '', table(head, rows), ...(advice ? ['', advice] : [])].join('\n')
}

function reached({ entered, sent, suppressed, clicked, heard }: Reach): string {
  const why = suppressed.map(({ reason, count }) => `${count} ${reason}`).join(', ')
  const held = why === '' ? '' : `; not sent: ${why}`
  return `Entered ${entered}, sent ${sent}${held}; clicked ${clicked}, answered ${heard}.`
}

function reportedAll({ journeys, ...together }: ReportOfAll): string {
  const rows = journeys.map(({ id, state, reach, sentence }) => {
    const suppressed = reach.suppressed.reduce((sum, { count }) => sum + count, 0)
    return [id, state, reach.entered, reach.sent, suppressed, reach.clicked, reach.heard, sentence]
  })
  const head = ['journey', 'state', 'entered', 'sent', 'suppressed', 'clicked', 'answered', '']
  return [`All together: ${reported(together)}`, '', table(head, rows)].join('\n')
}
