import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { resolve } from 'node:path'
import { finished } from 'node:stream/promises'
import type { Command } from 'commander'
import { type AboutOne, customerPath } from './customer-path.ts'
import { interruptible } from './interruption.ts'
import { connected, optionsOf } from './surroundings.ts'

/** `habitue export CUSTOMER` */
export function exportCommand(program: Command): void {
  program
    .command('export')
    .description('Everything that is stored about one customer, as JSON, or as HTML for people.')
    .argument('<customer>', "the shop's user id, or what --kind says")
    .option('--kind <kind>', 'user, email, phone, anonymous, or a custom kind', 'user')
    .option('--html', 'a page that a person can read')
    .option('--lang <language>', 'in which language the page speaks: en, de', 'en')
    .option('--out <file>', 'a new file instead of standard output; readable by its owner alone')
    .action((customer: string, _: unknown, command: Command) => {
      const options = optionsOf<AboutOne & { html?: boolean; lang: string; out?: string }>(command)
      const path = customerPath(
        customer,
        options,
        '/export',
        options.html ? { format: 'html', lang: options.lang } : { format: 'json' },
      )
      return connected(options, async (connection, out) => {
        const lines = connection.lines(path, interruptible())[Symbol.asyncIterator]()
        // Nothing is made before it is known that there is such a customer.
        const first = await lines.next()
        const file = options.out === undefined ? null : resolve(options.out)
        const target = file === null ? process.stdout : createWriteStream(file, { flags: 'wx', mode: 0o600 })
        let bytes = 0
        for (let line = first; !line.done; line = await lines.next()) {
          bytes += Buffer.byteLength(line.value) + 1
          if (!target.write(`${line.value}\n`)) await once(target, 'drain')
        }
        if (file === null) return
        target.end()
        await finished(target)
        out.result({ file, bytes }, () => `${bytes} bytes in ${file}.`)
      })
    })
}
