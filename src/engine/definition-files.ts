/** Definitions from a folder that a setting names, a file each: the name of the file is the name of what it defines. */
import { readdirSync } from 'node:fs'
import { extname, join, parse } from 'node:path'
import { HabitueError } from '../errors.ts'

/**
 * Calls `put` for each file (JSON or YAML), by name; whatever it throws says of which file. Null = there is no folder.
 * @throws HabitueError invalid_config where the folder cannot be read; what `put` throws
 */
export async function eachDefinition(
  setting: string,
  folder: string | null,
  put: (name: string, path: string) => Promise<void>,
): Promise<void> {
  if (folder === null) return
  for (const file of filesOf(setting, folder)) {
    const path = join(folder, file)
    try {
      await put(parse(file).name, path)
    } catch (error) {
      if (!(error instanceof HabitueError)) throw error
      throw new HabitueError(error.code, `${path}: ${error.message}`, error.details)
    }
  }
}

function filesOf(setting: string, folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => ['.json', '.yaml', '.yml'].includes(extname(file)))
      .sort()
  } catch (cause) {
    const message = `The setting ${setting} is ${JSON.stringify(folder)}, which cannot be read: ${(cause as Error).message}`
    throw new HabitueError('invalid_config', message, { name: setting }, { cause })
  }
}
