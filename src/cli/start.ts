import type { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { output } from './output.ts'
import { serve } from './serve.ts'
import { optionsOf } from './surroundings.ts'

interface Options {
  readonly host?: string
  readonly port?: string
}

/** `habitue start` */
export function startCommand(program: Command): void {
  program
    .command('start')
    .description('Serve: the tracking API, recommendations, customers, the catalogue. Ctrl-C ends it gracefully.')
    .option('--host <address>', 'the address to listen on (default 127.0.0.1)')
    .option('--port <n>', 'the port (default 4040)')
    .action(async (_: unknown, command: Command) => {
      const options = optionsOf<Options>(command)
      const port = options.port === undefined ? undefined : Number(options.port)
      const config = loadConfig({ dataFile: options.data, host: options.host, port })
      const out = output(options.json === true)
      const server = await serve(config, null)
      if (server.firstAdminKey) {
        out.say(`The admin key, shown this once:\n\n  ${server.firstAdminKey}\n`)
      }
      if (config.legalBasis === null) {
        out.say('No legal basis is stated (HABITUE_LEGAL_BASIS): events of customers are refused until it is.')
      }
      out.result(
        { url: server.url },
        () => `Habitue listens on ${server.url}; its API is described at ${server.url}/docs`,
      )
      await server.ended
    })
}
