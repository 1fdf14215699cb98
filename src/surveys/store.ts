/** Reading surveys: definitions, one invitation with its answers, and what came of it all. */
import type { Reader } from '../db/database.ts'
import type { SurveyDoc } from './definition.ts'
import type { Answer } from './told.ts'

export interface SurveyInfo {
  readonly name: string
  readonly version: number
  readonly doc: SurveyDoc
  readonly created: number
  /** When it was closed; null = it is open. */
  readonly closed: number | null
}

/** The latest version of each, in order of name. */
export async function listSurveys(reader: Reader): Promise<SurveyInfo[]> {
  const rows = await reader.k.selectFrom('surveys').selectAll().orderBy('name').orderBy('version').execute()
  const latest = new Map(rows.map((row) => [row.name, row]))
  return [...latest.values()].map(({ doc, ...row }) => ({ ...row, doc: JSON.parse(doc) as SurveyDoc }))
}

/** The latest version; null = there is none of this name. */
export async function latestSurvey(reader: Reader, name: string): Promise<SurveyInfo | null> {
  const row = await reader.k
    .selectFrom('surveys')
    .selectAll()
    .where('name', '=', name)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row ? { ...row, doc: JSON.parse(row.doc) as SurveyDoc } : null
}

export interface InvitationRow {
  readonly id: string
  readonly identifier: number
  readonly survey: string
  readonly version: number
  readonly language: string | null
  readonly created: number
  readonly expires: number
  readonly page: number
  readonly finished: number | null
  readonly revoked: number | null
}

/** The link names it, and is the right to it; null = it is gone. */
export async function invitationOf(reader: Reader, id: string): Promise<InvitationRow | null> {
  const row = await reader.k
    .selectFrom('survey_invitations')
    .select(['id', 'identifier', 'survey', 'version', 'language', 'created', 'expires', 'page', 'finished', 'revoked'])
    .where('id', '=', id)
    .executeTakeFirst()
  return row ?? null
}

export async function answersOf(reader: Reader, invitation: string): Promise<Readonly<Record<string, Answer>>> {
  const rows = await reader.k
    .selectFrom('survey_answers')
    .select(['question', 'answer'])
    .where('invitation', '=', invitation)
    .execute()
  return Object.fromEntries(
    rows.flatMap(({ question, answer }) => {
      const said = JSON.parse(answer) as Answer | null
      return said === null ? [] : [[question, said]]
    }),
  )
}
