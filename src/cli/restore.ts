import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { acquireOwner } from '../db/owner.ts'
import { restoreFile } from '../db/restore.ts'
import { HabitueError } from '../errors.ts'
import { checkFolder } from './connection.ts'
import { engineHere } from './engine-here.ts'
import { commandLog } from './log.ts'
import { output } from './output.ts'
import { type GlobalOptions, optionsOf } from './surroundings.ts'

/** `habitue restore FILE` */
export function restoreCommand(program: Command): void {
  program
    .command('restore')
    .description(
      'Put a backup in the place of the data file, and erase again whoever was erased since. Stop Habitue first.',
    )
    .argument('<file>', 'made by habitue backup')
    .action(async (file: string, _: unknown, command: Command) => {
      const { data, json } = optionsOf<GlobalOptions>(command)
      const result = await restore(resolve(file), data)
      output(json === true).result(result, () => described(result))
    })
}

interface Restored {
  readonly file: string
  /** What was in its place; null = nothing. */
  readonly replaced: string | null
  /** Erasures that were done again. */
  readonly erasedAgain: number
  /** Null = there is no journal of erasures. */
  readonly journal: string | null
}

async function restore(backup: string, data: string | undefined): Promise<Restored> {
  const config = loadConfig({ dataFile: data })
  if (config.databaseUrl)
    throw new HabitueError(
      'backup_unsupported',
      'PostgreSQL is restored with its own tools (pg_restore); the next start erases again whoever was erased since, from the journal of erasures.',
    )
  checkFolder(config)
  const owner = acquireOwner(config.dataFile, { pid: process.pid, url: null, token: null })
  let replaced: string | null
  try {
    replaced = restoreFile(backup, config.dataFile)
  } finally {
    owner.release()
  }
  // Opening it carries out what the journal tells of; nothing is served before.
  const { createEngine, erasureJournalOf } = await engineHere()
  const engine = await createEngine(config, { log: commandLog('error') })
  const { erasedAgain } = engine
  await engine.holding.hold()
  await engine.stop()
  const journal = erasureJournalOf(config)
  return { file: config.dataFile, replaced, erasedAgain, journal: journal && existsSync(journal) ? journal : null }
}

function described({ file, replaced, erasedAgain, journal }: Restored): string {
  return [
    `The backup is in place as ${file}.`,
    replaced ? `What was there is ${replaced}: delete it when you no longer need it.` : '',
    journal
      ? `${erasedAgain} ${erasedAgain === 1 ? 'erasure was' : 'erasures were'} done again, from ${journal}.`
      : 'There is no journal of erasures beside it: whoever was erased after the backup is back. Bring the journal and start again.',
    'Journeys and messages wait, for what is overdue may have been sent since the backup: habitue resume --skip or --send.',
  ]
    .filter(Boolean)
    .join('\n')
}
