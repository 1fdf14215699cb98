import type { Command } from 'commander'
import type { TailLine } from '../engine-api.ts'
import { interruptible } from './interruption.ts'
import { connected, optionsOf } from './surroundings.ts'

/** `habitue tail`: events as they arrive; the answer to "why does nothing happen?". */
export function tailCommand(program: Command): void {
  program
    .command('tail')
    .description('Watch events as they arrive: key, customer, items recognised, and the code of any refusal.')
    .action((_: unknown, command: Command) =>
      connected({ ...optionsOf(command), needsServer: true }, async (connection, out) => {
        out.say(`Watching events at ${connection.place}; Ctrl-C ends.`)
        const signal = interruptible()
        try {
          for await (const line of connection.lines('/v1/tail', signal)) {
            if (line.trim() === '') continue
            const told = JSON.parse(line) as TailLine | { missed: number }
            out.result(told, () => ('missed' in told ? `... ${told.missed} events were not shown` : described(told)))
          }
        } catch (error) {
          if (!signal.aborted) throw error
        }
      }),
    )
}

function described(event: TailLine): string {
  const time = new Date(event.time).toISOString().slice(11, 23)
  const items = event.items > 0 ? `  items ${event.recognised}/${event.items} known` : ''
  const result = event.refusal ? `REFUSED ${event.refusal.code}: ${event.refusal.message}` : event.result
  const trust = event.trust === 'claimed' ? ' (claimed)' : ''
  return `${time}  ${event.source}  ${event.name || event.type}  ${event.customer ?? 'nobody'}${trust}${items}  ${result}`
}
