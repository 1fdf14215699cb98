/** Definitions of journeys from a folder, a file each: the name of the file is the name of the journey. */
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, parse } from 'node:path'
import type { JourneysApi } from '../engine-api/journeys.ts'
import { HabitueError } from '../errors.ts'

/**
 * Puts each, and switches on those that are new; one that says what is stored already changes nothing, and one that was
 * paused or stopped stays so. Null = there is no folder.
 * @throws HabitueError invalid_config, invalid_journey, journey_unconfirmed
 */
export async function loadJourneys(journeys: JourneysApi, folder: string | null): Promise<void> {
  if (folder === null) return
  for (const file of filesOf(folder)) {
    const path = join(folder, file)
    const id = parse(file).name
    try {
      await journeys.put(id, { source: readFileSync(path, 'utf8'), confirm: false, dryRun: false })
      if ((await journeys.get(id)).state === 'draft') await journeys.setState(id, 'active')
    } catch (error) {
      if (!(error instanceof HabitueError)) throw error
      throw new HabitueError(error.code, `${path}: ${error.message}`, error.details)
    }
  }
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => ['.json', '.yaml', '.yml'].includes(extname(file)))
      .sort()
  } catch (cause) {
    const message = `The setting journeys.folder is ${JSON.stringify(folder)}, which cannot be read: ${(cause as Error).message}`
    throw new HabitueError('invalid_config', message, { name: 'journeys.folder' }, { cause })
  }
}
