import type { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { output } from './output.ts'
import { serve } from './serve.ts'
import { optionsOf, wholeNumber } from './surroundings.ts'

interface Options {
  readonly host?: string
  readonly port?: number
}

/** `habitue start` */
export function startCommand(program: Command): void {
  program
    .command('start')
    .description('Serve: the tracking API, recommendations, customers, the catalogue. Ctrl-C ends it gracefully.')
    .option('--host <address>', 'the address to listen on (default 127.0.0.1)')
    .option('--port <n>', 'the port; 0 = any that is free (default 4040)', wholeNumber)
    .action(async (_: unknown, command: Command) => {
      const options = optionsOf<Options>(command)
      const config = loadConfig({ dataFile: options.data, host: options.host, port: options.port })
      const out = output(options.json === true)
      // Shown before the port is asked for: if that fails, the key is not lost.
      const server = await serve(config, null, async (_engine, adminKey) => {
        if (adminKey) out.result({ adminKey }, () => `The admin key, shown this once:\n\n  ${adminKey}\n`)
      })
      if (config.legalBasis === null) {
        const { policy } = config.consent
        out.say(`Consent follows the policy ${policy} (HABITUE_POLICY); docs/privacy.md says what it allows.`)
      }
      out.result(
        { url: server.url },
        () => `Habitue listens on ${server.url}; its API is described at ${server.url}/docs`,
      )
      await server.ended
    })
}
