/** Definitions of surveys from a folder, a file each: the name of the file is the name of the survey. */
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, parse } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { HabitueError } from '../errors.ts'
import { type SurveyNeeds, surveysApi } from './surveys.ts'

/**
 * Puts each; one that says what is stored already changes nothing. Null = there is no folder.
 * @throws HabitueError invalid_config, invalid_survey
 */
export async function loadSurveys(needs: SurveyNeeds, folder: string | null): Promise<void> {
  if (folder === null) return
  const surveys = await surveysApi(needs)
  for (const file of filesOf(folder)) {
    const path = join(folder, file)
    await surveys.put(parse(file).name, parsed(path)).catch((error: unknown) => {
      if (!(error instanceof HabitueError)) throw error
      throw new HabitueError(error.code, `${path}: ${error.message}`, error.details)
    })
  }
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => ['.json', '.yaml', '.yml'].includes(extname(file)))
      .sort()
  } catch (cause) {
    const message = `The setting surveys.folder is ${JSON.stringify(folder)}, which cannot be read: ${(cause as Error).message}`
    throw new HabitueError('invalid_config', message, { name: 'surveys.folder' }, { cause })
  }
}

function parsed(path: string): unknown {
  try {
    // YAML 1.2 contains JSON.
    return parseYaml(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new HabitueError('invalid_survey', `${path} cannot be read: ${(cause as Error).message}`, {}, { cause })
  }
}
