#!/usr/bin/env node
/** `habitue`: one file a command. Exit codes: 0 done, 1 it went wrong, 2 called wrongly, 130 stopped by Ctrl-C. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { auditCommand } from './audit.ts'
import { backupCommand } from './backup.ts'
import { demoCommand } from './demo.ts'
import { doctorCommand } from './doctor.ts'
import { eraseCommand } from './erase.ts'
import { evalCommand } from './evaluate.ts'
import { experimentsCommand } from './experiments.ts'
import { exportCommand } from './export.ts'
import { importCommand } from './import.ts'
import { journeyCommand } from './journeys.ts'
import { keyCommand } from './key.ts'
import { messagesCommand } from './messages.ts'
import { modelsCommand } from './models.ts'
import { fail } from './output.ts'
import { pageLinkCommand, revokeLinkCommand } from './page-link.ts'
import { peopleCommand } from './people.ts'
import { rebuildCommand } from './rebuild.ts'
import { recommendCommand } from './recommend.ts'
import { restoreCommand } from './restore.ts'
import { holdCommand, resumeCommand } from './resume.ts'
import { reviewsCommand } from './reviews.ts'
import { segmentsCommand } from './segments.ts'
import { startCommand } from './start.ts'
import { surveysCommand } from './surveys.ts'
import { tailCommand } from './tail.ts'
import { tasksCommand } from './tasks.ts'
import { sendersCommand, templatesCommand } from './templates.ts'
import { trainCommand } from './train.ts'
import { usualCommand } from './usual.ts'

const { version } = JSON.parse(readFileSync(packageFile(), 'utf8')) as { version: string }

const program = new Command('habitue')
  .description('Treat every customer as a regular: remember, learn, recommend, and say why.')
  .version(version)
  .option('--data <file>', 'the SQLite file (default ./habitue.db; DATABASE_URL names a PostgreSQL instead)')
  .option('--url <url>', 'talk to the Habitue that listens there, instead of to the owner of the file')
  .option('--key <key>', 'the key for --url')
  .option('--json', 'print one JSON object a line, for programs')
  .showHelpAfterError('(habitue --help lists the commands, habitue <command> --help explains one)')
  .addHelpText(
    'after',
    `
First steps:
  $ habitue demo                                 a corner shop with a year of customers, served
  $ habitue start                                serve ./habitue.db on http://127.0.0.1:4040
  $ habitue import items catalogue.csv           then: import interactions, users, orders, events
  $ habitue train
  $ habitue recommend --customer 42
  $ habitue tail                                 watch events arrive; why does nothing happen?
  $ habitue doctor                               what is wrong, and how to mend it`,
  )
  .exitOverride()

for (const add of [
  startCommand,
  demoCommand,
  importCommand,
  trainCommand,
  modelsCommand,
  recommendCommand,
  usualCommand,
  reviewsCommand,
  experimentsCommand,
  evalCommand,
  keyCommand,
  peopleCommand,
  segmentsCommand,
  tasksCommand,
  journeyCommand,
  surveysCommand,
  messagesCommand,
  templatesCommand,
  sendersCommand,
  tailCommand,
  backupCommand,
  restoreCommand,
  holdCommand,
  resumeCommand,
  exportCommand,
  eraseCommand,
  pageLinkCommand,
  revokeLinkCommand,
  auditCommand,
  rebuildCommand,
  doctorCommand,
]) {
  add(program)
}

/** Beside src/ in a checkout, beside dist/ in a package. */
function packageFile(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? '../../package.json' : '../../../package.json', import.meta.url)
}

// Whoever read the output (`| head`) has enough. By the stream, not by SIGPIPE: that comes for any socket that broke.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else process.exitCode = fail(error, program.opts().json === true)
}
