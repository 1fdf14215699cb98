/** Definitions as they were stored, compiled once: a version never changes. */
import type { Reader } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import { compileSurvey, type Survey, type SurveyDoc } from './definition.ts'

export type { SurveyDoc } from './definition.ts'

export type CompiledSurveys = (reader: Reader, name: string, version: number) => Promise<Survey>

const mostHeld = 200

/** @throws HabitueError not_found */
export function surveyCache(): CompiledSurveys {
  const held = new Map<string, Survey>()
  return async (reader, name, version) => {
    const key = `${name}/${version}`
    const known = held.get(key)
    if (known) return known
    const row = await reader.k
      .selectFrom('surveys')
      .select('doc')
      .where('name', '=', name)
      .where('version', '=', version)
      .executeTakeFirst()
    if (!row) throw new HabitueError('not_found', `There is no survey ${JSON.stringify(name)} of version ${version}.`)
    const survey = compileSurvey(name, version, JSON.parse(row.doc) as SurveyDoc)
    if (held.size >= mostHeld) held.delete(held.keys().next().value as string)
    held.set(key, survey)
    return survey
  }
}
