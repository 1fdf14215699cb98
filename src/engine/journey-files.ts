/** Definitions of journeys from a folder. */
import { readFileSync } from 'node:fs'
import type { JourneysApi } from '../engine-api/journeys.ts'
import { eachDefinition } from './definition-files.ts'

/**
 * Puts each, and switches on those that are new; one that says what is stored already changes nothing, and one that was
 * paused or stopped stays so. Null = there is no folder.
 * @throws HabitueError invalid_config, invalid_journey, journey_unconfirmed
 */
export function loadJourneys(journeys: JourneysApi, folder: string | null): Promise<void> {
  return eachDefinition('journeys.folder', folder, async (id, path) => {
    await journeys.put(id, { source: readFileSync(path, 'utf8'), confirm: false, dryRun: false })
    if ((await journeys.get(id)).state === 'draft') await journeys.setState(id, 'active')
  })
}
