/** Definitions of surveys from a folder. */
import { readFileSync } from 'node:fs'
import { parse as parseYaml } from 'yaml'
import { HabitueError } from '../errors.ts'
import { eachDefinition } from './definition-files.ts'
import { type SurveyNeeds, surveysApi } from './surveys.ts'

/**
 * Puts each; one that says what is stored already changes nothing. Null = there is no folder.
 * @throws HabitueError invalid_config, invalid_survey
 */
export async function loadSurveys(needs: SurveyNeeds, folder: string | null): Promise<void> {
  if (folder === null) return
  const surveys = await surveysApi(needs)
  await eachDefinition('surveys.folder', folder, async (name, path) => {
    await surveys.put(name, parsed(path))
  })
}

function parsed(path: string): unknown {
  try {
    // YAML 1.2 contains JSON.
    return parseYaml(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new HabitueError('invalid_survey', `It cannot be read: ${(cause as Error).message}`, {}, { cause })
  }
}
