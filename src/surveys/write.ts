/** What changes surveys. An answer is kept together with the events that tell it, in one transaction, or not at all. */
import type { Handler, Handlers, Tx } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import type { AdmittedEvent, Fold, IngestAnswer, IngestRequest } from '../events/event.ts'
import { ownEvent } from '../events/own.ts'
import type { Identifier } from '../identity/identity.ts'
import { identifiersWith } from '../identity/store.ts'
import { type SurveyDoc, surveyCache } from './compiled.ts'
import { type Change, eventsOfAnswers, finishedEvent, questionOfMessage } from './events.ts'
import { type Answers, asked, pageFrom, pageMissing, shownAnswers } from './flow.ts'
import type { Answer } from './told.ts'

const source = 'surveys'

interface Put {
  readonly name: string
  readonly doc: SurveyDoc
  readonly now: number
}

/** A new version where it says something else than the latest, which is opened again where it was closed. */
const put: Handler<Put, number> = async (tx, { name, doc, now }) => {
  const latest = await latestOf(tx, name)
  const text = JSON.stringify(doc)
  if (latest?.doc === text) {
    await tx.k.updateTable('surveys').set({ closed: null }).where('name', '=', name).execute()
    return latest.version
  }
  const version = (latest?.version ?? 0) + 1
  await tx.k.insertInto('surveys').values({ name, version, doc: text, created: now }).execute()
  await tx.k.updateTable('surveys').set({ closed: null }).where('name', '=', name).execute()
  return version
}

const close: Handler<{ name: string; now: number }, void> = async (tx, { name, now }) => {
  const latest = await latestOf(tx, name)
  if (!latest || latest.closed !== null) throw unknownSurvey(name)
  await tx.k.updateTable('surveys').set({ closed: now }).where('name', '=', name).execute()
}

export interface Invitation {
  /** 22 characters of base64url, random. */
  readonly id: string
  readonly key: string
  readonly identifier: number
  readonly survey: string
  readonly language: string | null
  readonly data: Readonly<Record<string, unknown>>
  readonly created: number
  readonly expires: number
}

/** Of a key that was used before, nothing happens. @throws HabitueError not_found */
const invite: Handler<Invitation, { id: string; isNew: boolean }> = async (tx, { data, ...row }) => {
  const latest = await latestOf(tx, row.survey)
  if (!latest || latest.closed !== null) throw unknownSurvey(row.survey)
  const inserted = await tx.k
    .insertInto('survey_invitations')
    .values({ ...row, data: JSON.stringify(data), version: latest.version, page: 0 })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (inserted) return { id: inserted.id, isNew: true }
  const query = tx.k.selectFrom('survey_invitations').select('id').where('key', '=', row.key)
  return { id: (await query.executeTakeFirstOrThrow()).id, isNew: false }
}

const revoke: Handler<{ survey: string; id: string; now: number }, void> = async (tx, { survey, id, now }) => {
  const { numUpdatedRows } = await tx.k
    .updateTable('survey_invitations')
    .set({ revoked: now })
    .where('id', '=', id)
    .where('survey', '=', survey)
    .executeTakeFirst()
  if (numUpdatedRows === 0n)
    throw new HabitueError('not_found', `The survey ${survey} has no invitation ${JSON.stringify(id)}.`, { id })
}

interface Given {
  readonly id: string
  readonly page: number
  readonly given: Readonly<Record<string, Answer | null>>
  readonly now: number
}

export interface Taken {
  /** The page that comes now; null = that was the last. */
  readonly next: number | null
}

interface SurveyNeeds {
  readonly currency: string
  readonly ingest: Handler<IngestRequest, IngestAnswer>
}

/** @throws HabitueError survey_closed, consent_refused, card_number; whatever is wrong with one answer keeps none of the page */
function answer({ currency, ingest }: SurveyNeeds): Handler<Given, Taken> {
  const compiled = surveyCache()
  return async (tx, { id, page, given, now }) => {
    const row = await openInvitation(tx, id, now)
    const survey = await compiled(tx, row.survey, row.version)
    const stored = await storedAnswers(tx, id)
    const before: Answers = Object.fromEntries([...stored].map(([question, { answer: said }]) => [question, said]))
    const questions = asked(survey, page, before, now)
    const changes = changesOf(questions, given, stored)
    await keep(tx, { id, identifier: row.identifier, now }, changes)
    const after = { ...before }
    for (const { question, answer: said } of changes)
      if (said === null) delete after[question]
      else after[question] = said
    const next = pageFrom(survey, page + 1, after, now) ?? pageMissing(survey, after, now)
    const finished = next === null ? now : null
    await tx.k
      .updateTable('survey_invitations')
      .set({ page: next ?? page, finished })
      .where('id', '=', id)
      .execute()
    const who = await ownName(tx, row.identifier)
    const told = eventsOfAnswers({ survey, invitation: id, who, now, questions }, changes)
    const shown = shownAnswers(survey, after, now)
    const events = finished === null ? told : [...told, finishedEvent({ survey, invitation: id, who, now }, shown)]
    if (events.length > 0) {
      const own = events.map((event) => ownEvent(event, currency))
      const request = {
        source,
        received: now,
        trust: 'verified',
        subject: null,
        historical: false,
        events: own,
      } as const
      const { refused, session } = await ingest(tx, request)
      if (refused.length > 0 || session !== undefined)
        throw new HabitueError('consent_refused', refused[0]?.message ?? 'Consent does not let answers be kept.')
    }
    return { next }
  }
}

/** 'surveys.put', 'surveys.close', 'surveys.invite', 'surveys.revoke', 'surveys.answer'. */
export function surveyHandlers(needs: SurveyNeeds): Handlers {
  return {
    'surveys.put': put,
    'surveys.close': close,
    'surveys.invite': invite,
    'surveys.revoke': revoke,
    'surveys.answer': answer(needs),
  }
}

/** A customer who deletes what he answered deletes it here too. */
export const surveysFold: Fold = {
  name: 'surveys',
  async apply(tx, events) {
    for (const event of events)
      if (event.name === 'Fact Deleted' || event.name === 'Fact Corrected') await letGo(tx, event)
  },
}

async function letGo(tx: Tx, { identifier, properties }: AdmittedEvent): Promise<void> {
  const { evidence } = (properties.was ?? {}) as { evidence?: unknown }
  if (identifier === null || !Array.isArray(evidence)) return
  for (const message of evidence) {
    const told = questionOfMessage(message)
    if (told === null) continue
    await tx.k
      .deleteFrom('survey_answers')
      .where('invitation', '=', told.invitation)
      .where('question', 'in', [told.question, `${told.question}_other`])
      .where('identifier', '=', identifier)
      .execute()
  }
}

interface Stored {
  readonly answer: Answer
  readonly revision: number
}

async function storedAnswers(tx: Tx, invitation: string): Promise<Map<string, Stored>> {
  const rows = await tx.k.selectFrom('survey_answers').selectAll().where('invitation', '=', invitation).execute()
  return new Map(rows.map(({ question, answer: text, revision }) => [question, { answer: JSON.parse(text), revision }]))
}

/** What is answered otherwise than before. What was posted twice is no change. */
function changesOf(
  questions: readonly { readonly id: string; readonly other?: boolean }[],
  given: Given['given'],
  stored: ReadonlyMap<string, Stored>,
): Change[] {
  const ids = questions.flatMap(({ id, other }) => (other ? [id, `${id}_other`] : [id]))
  return ids.flatMap((question) => {
    const before = stored.get(question)
    const now = given[question] ?? null
    if (JSON.stringify(before?.answer ?? null) === JSON.stringify(now)) return []
    return [{ question, answer: now, before: before?.answer ?? null, revision: (before?.revision ?? 0) + 1 }]
  })
}

async function keep(
  tx: Tx,
  { id, identifier, now }: { id: string; identifier: number; now: number },
  changes: readonly Change[],
): Promise<void> {
  for (const { question, answer: said, revision } of changes) {
    // An answer that is taken back keeps its revision: the next one is a new message.
    const row = { answer: JSON.stringify(said), revision, time: now }
    await tx.k
      .insertInto('survey_answers')
      .values({ invitation: id, question, identifier, ...row })
      .onConflict((conflict) => conflict.columns(['invitation', 'question']).doUpdateSet(row))
      .execute()
  }
}

async function openInvitation(tx: Tx, id: string, now: number) {
  let query = tx.k.selectFrom('survey_invitations').selectAll().where('id', '=', id)
  if (tx.engine === 'postgres') query = query.forUpdate()
  const row = await query.executeTakeFirst()
  const latest = row && (await latestOf(tx, row.survey))
  if (!row || row.revoked !== null || row.expires <= now || row.finished !== null || !latest || latest.closed !== null)
    throw new HabitueError('survey_closed', 'The survey is not open to this link.')
  return row
}

async function ownName(tx: Tx, identifier: number): Promise<Identifier> {
  const [own] = await identifiersWith(tx, [identifier])
  if (!own) throw new HabitueError('survey_closed', 'The survey is not open to this link.')
  return { kind: own.kind, value: own.value }
}

async function latestOf(tx: Tx, name: string) {
  return tx.k
    .selectFrom('surveys')
    .select(['version', 'doc', 'closed'])
    .where('name', '=', name)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
}

export function unknownSurvey(name: string): HabitueError {
  return new HabitueError('not_found', `There is no open survey ${JSON.stringify(name)}.`, { survey: name })
}
