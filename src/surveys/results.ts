/** What came of a survey: counts over everybody, and what was written, of those whom consent reaches. */
import { type Person, permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { peopleOf } from '../consent/store.ts'
import type { Reader } from '../db/database.ts'
import type { Identifier } from '../identity/identity.ts'
import { bestName, identitiesBehind, type KnownIdentity } from '../identity/store.ts'
import type { Question, SurveyDoc } from './definition.ts'
import { type Answer, answerChoices } from './told.ts'

interface Needs {
  readonly policy: Policy
  readonly now: number
}

export interface QuestionResult {
  readonly id: string
  readonly kind: Question['kind']
  readonly answered: number
  /** By answer; null where it is free. */
  readonly counts: Readonly<Record<string, number>> | null
  /** Of scale, nps and stars. */
  readonly mean: number | null
  /** Share of 9 and 10 less share of 0 to 6, in points from -100 to 100 (Reichheld 2003). */
  readonly nps: number | null
  /** The latest first; null = not asked for. */
  readonly texts: readonly { readonly time: number; readonly text: string }[] | null
}

export interface SurveyResults {
  readonly invited: number
  readonly started: number
  readonly finished: number
  readonly questions: readonly QuestionResult[]
}

const mostTexts = 200

/** Of all versions, by the questions of `doc`. `texts` = with what was written. */
export async function surveyResults(
  reader: Reader,
  name: string,
  doc: SurveyDoc,
  { texts, ...needs }: Needs & { readonly texts: boolean },
): Promise<SurveyResults> {
  const invitations = reader.k.selectFrom('survey_invitations').where('survey', '=', name)
  const { invited, finished } = await invitations
    .select((eb) => [eb.fn.countAll<number>().as('invited'), eb.fn.count<number>('finished').as('finished')])
    .executeTakeFirstOrThrow()
  const answers = reader.k
    .selectFrom('survey_answers')
    .innerJoin('survey_invitations', 'survey_invitations.id', 'survey_answers.invitation')
    .where('survey_invitations.survey', '=', name)
    .where('survey_answers.answer', '<>', 'null')
  const { started } = await answers
    .select((eb) => eb.fn.count<number>('invitation').distinct().as('started'))
    .executeTakeFirstOrThrow()
  const questions = doc.pages.flatMap((page) => page.questions)
  const closed = questions.filter((question) => answerChoices(question) !== null).map(({ id }) => id)
  const counted =
    closed.length === 0
      ? []
      : await answers
          .select(['question', 'answer', (eb) => eb.fn.countAll<number>().as('count')])
          .where('question', 'in', closed)
          .groupBy(['question', 'answer'])
          .execute()
  const byQuestion = Map.groupBy(counted, ({ question }) => question)
  const results: QuestionResult[] = []
  for (const question of questions) {
    const { id, kind } = question
    const choices = answerChoices(question)
    if (choices !== null) {
      const rows = (byQuestion.get(id) ?? []).map(
        ({ answer, count }) => [JSON.parse(answer) as Answer, Number(count)] as const,
      )
      results.push({ id, kind, ...countedOf(question, choices, rows), texts: null })
      if (!question.other) continue
    }
    const free = choices === null ? id : `${id}_other`
    const { count } = await answers
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('question', '=', free)
      .executeTakeFirstOrThrow()
    const written = texts ? await textsOf(reader, name, free, needs) : null
    const none = { counts: null, mean: null, nps: null }
    results.push({ id: free, kind: choices === null ? kind : 'text', answered: Number(count), ...none, texts: written })
  }
  return { invited: Number(invited), started: Number(started), finished: Number(finished), questions: results }
}

function countedOf(
  { kind }: Question,
  choices: readonly string[],
  rows: readonly (readonly [Answer, number])[],
): Pick<QuestionResult, 'answered' | 'counts' | 'mean' | 'nps'> {
  const counts = Object.fromEntries(choices.map((choice) => [choice, 0]))
  for (const [answer, count] of rows)
    for (const one of Array.isArray(answer) ? answer : [answer])
      counts[String(one)] = (counts[String(one)] ?? 0) + count
  const answered = rows.reduce((sum, [, count]) => sum + count, 0)
  const isNumber = kind === 'scale' || kind === 'nps' || kind === 'stars'
  const total = isNumber ? rows.reduce((sum, [answer, count]) => sum + Number(answer) * count, 0) : 0
  const share = (holds: (mark: number) => boolean) =>
    rows.reduce((sum, [answer, count]) => sum + (holds(Number(answer)) ? count : 0), 0) / answered
  return {
    answered,
    counts,
    mean: isNumber && answered > 0 ? total / answered : null,
    nps: kind === 'nps' && answered > 0 ? 100 * (share((mark) => mark >= 9) - share((mark) => mark <= 6)) : null,
  }
}

async function textsOf(reader: Reader, name: string, question: string, needs: Needs) {
  const rows = await reader.k
    .selectFrom('survey_answers')
    .innerJoin('survey_invitations', 'survey_invitations.id', 'survey_answers.invitation')
    .select(['survey_answers.identifier', 'survey_answers.answer', 'survey_answers.time'])
    .where('survey_invitations.survey', '=', name)
    .where('survey_answers.question', '=', question)
    .where('survey_answers.answer', '<>', 'null')
    .orderBy('survey_answers.time', 'desc')
    .limit(mostTexts)
    .execute()
  const reached = await reach(reader, rows, needs)
  return rows.flatMap(({ identifier, answer, time }) =>
    reached.has(identifier) ? [{ time, text: String(JSON.parse(answer)) }] : [],
  )
}

export interface ResultRow {
  readonly invitation: string
  readonly version: number
  readonly created: number
  readonly finished: number | null
  /** Null where it is not to be told, or consent does not reach. */
  readonly customer: Identifier | null
  readonly answers: Readonly<Record<string, Answer>>
}

/** Who answered anything, the oldest invitation first; `after` = the id of the last row of the page before. */
export async function resultRows(
  reader: Reader,
  name: string,
  {
    after,
    limit,
    texts,
    ...needs
  }: Needs & { readonly after: string; readonly limit: number; readonly texts: boolean },
): Promise<ResultRow[]> {
  const invitations = await reader.k
    .selectFrom('survey_invitations')
    .select(['id', 'identifier', 'version', 'created', 'finished'])
    .where('survey', '=', name)
    .where('id', '>', after)
    .where((eb) =>
      eb.exists(
        eb.selectFrom('survey_answers').select('question').whereRef('invitation', '=', 'survey_invitations.id'),
      ),
    )
    .orderBy('id')
    .limit(limit)
    .execute()
  if (invitations.length === 0) return []
  const reached = await reach(reader, invitations, needs)
  const rows = await reader.k
    .selectFrom('survey_answers')
    .select(['invitation', 'question', 'answer'])
    .where(
      'invitation',
      'in',
      invitations.map(({ id }) => id),
    )
    .where('answer', '<>', 'null')
    .execute()
  const byInvitation = Map.groupBy(rows, ({ invitation }) => invitation)
  return invitations.map(({ id, identifier, ...row }) => {
    const own = byInvitation.get(id) ?? []
    const identity = reached.get(identifier)
    return {
      ...row,
      invitation: id,
      customer: texts && identity ? bestName(identity.names) : null,
      answers: Object.fromEntries(own.map(({ question, answer }) => [question, JSON.parse(answer) as Answer])),
    }
  })
}

/** By identifier those of whom what they told the shop may be read. */
async function reach(
  reader: Reader,
  rows: readonly { readonly identifier: number }[],
  { policy, now }: Needs,
): Promise<ReadonlyMap<number, KnownIdentity>> {
  const known = await identitiesBehind(reader, [...new Set(rows.map(({ identifier }) => identifier))])
  const entries = [...known]
  const people: Person[] = await peopleOf(
    reader,
    policy,
    entries.map(([, identity]) => identity),
    now,
  )
  return new Map(entries.filter((_, i) => permit(people[i], 'service') !== null))
}
