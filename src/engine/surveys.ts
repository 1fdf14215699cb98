/** Surveys, as HTTP and journeys use them. */
import { type Permit, type Person, permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { personOf } from '../consent/store.ts'
import type { Database } from '../db/database.ts'
import { type SealedLinks, sealedLinks } from '../db/sealed-link.ts'
import type { InviteOutcome, InviteRequest, SurveysApi, Tap } from '../engine-api/surveys.ts'
import { HabitueError } from '../errors.ts'
import { identitiesBehind, resolve } from '../identity/store.ts'
import { traitsOf } from '../memory/customer.ts'
import { languageOf } from '../messages/salutation.ts'
import { type CompiledSurveys, surveyCache } from '../surveys/compiled.ts'
import { checkSurvey, defaultDays, type SurveyDoc, type Words, wordsIn } from '../surveys/definition.ts'
import { asked, pageBefore, pageFrom, readForm } from '../surveys/flow.ts'
import { resultRows, surveyResults } from '../surveys/results.ts'
import { answersOf, invitationOf, latestSurvey, listSurveys } from '../surveys/store.ts'
import { answerChoices } from '../surveys/told.ts'
import { type Invitation, type Taken, unknownSurvey } from '../surveys/write.ts'
import type { World } from '../world.ts'

export interface SurveyNeeds {
  readonly db: Database
  readonly policy: Policy
  readonly world: World
}

const day = 86_400_000

/** What all parts of it stand on. */
interface Means extends SurveyNeeds {
  readonly links: SealedLinks
  readonly compiled: CompiledSurveys
}

export async function surveysApi(needs: SurveyNeeds): Promise<SurveysApi> {
  const { db, policy, world } = needs
  const means: Means = { ...needs, links: await sealedLinks(db, 'survey link'), compiled: surveyCache() }
  const needed = async (name: string) => {
    const survey = await latestSurvey(db, name)
    if (!survey) throw unknownSurvey(name)
    return survey
  }
  return {
    list: () => listSurveys(db),
    get: (name) => latestSurvey(db, name),
    async put(name, doc) {
      await db.write('surveys.put', { name, doc: checkSurvey(name, doc), now: world.now() })
      return needed(name)
    },
    close: (name) => db.write('surveys.close', { name, now: world.now() }),
    hand: (identifier, wanted, base) => invited(means, identifier, wanted, base),
    async invite(who, wanted, base) {
      const identity = await resolve(db, who)
      if (!identity)
        throw new HabitueError('not_found', `Nobody is known by the ${who.kind} id ${JSON.stringify(who.value)}.`, {
          ...who,
        })
      const outcome = await invited(means, identity.named, wanted, base)
      if (outcome.kind === 'done') return outcome
      if (outcome.reason === 'closed') throw unknownSurvey(wanted.survey)
      const why =
        outcome.reason === 'minor' ? 'is a minor, and this survey is not for minors' : 'cannot be reached by consent'
      throw new HabitueError('consent_refused', `The customer ${why}.`, { reason: outcome.reason })
    },
    revoke: (survey, id) => db.write('surveys.revoke', { survey, id, now: world.now() }),
    ...answering(means),
    async results(name, { texts }) {
      const { doc } = await needed(name)
      return surveyResults(db, name, doc, { policy, now: world.now(), texts })
    },
    async rows(name, options) {
      await needed(name)
      return resultRows(db, name, { policy, now: world.now(), ...options })
    },
  }
}

async function invited(
  { db, policy, world, links, compiled }: Means,
  identifier: number,
  wanted: InviteRequest,
  base: string,
): Promise<InviteOutcome> {
  const identity = (await identitiesBehind(db, [identifier])).get(identifier)
  const survey = await latestSurvey(db, wanted.survey)
  if (!identity) return { kind: 'suppressed', reason: 'unknown' }
  if (!survey || survey.closed !== null) return { kind: 'suppressed', reason: 'closed' }
  const now = world.now()
  const person = await personOf(db, policy, identity, now)
  const reason = whyBarred(person, survey.doc.minors === true)
  if (reason !== null) return { kind: 'suppressed', reason }
  const { key, data = {} } = wanted
  const language = wanted.language ?? languageOf(await traitsOf(db, permit(person, 'service') as Permit))
  const id = Buffer.from(world.bytes(16)).toString('base64url')
  const expires = now + (survey.doc.days ?? defaultDays) * day
  const row: Invitation = { id, key, identifier, survey: survey.name, language, data, created: now, expires }
  const made = await db.write<{ id: string; isNew: boolean }>('surveys.invite', row)
  const kept = await invitationOf(db, made.id)
  if (!kept) return { kind: 'suppressed', reason: 'unknown' }
  const url = `${base.replace(/\/+$/, '')}/survey/${links.tokenOf(made.id)}`
  const { doc } = await compiled(db, kept.survey, kept.version)
  const own = doc.language ?? 'en'
  const say = (words: Words) => wordsIn(words, language ?? own, own).text
  const [title, question] = [say(doc.title), say(doc.pages[0].questions[0].text)]
  const { purpose = 'marketing' } = doc
  return {
    kind: 'done',
    ...made,
    url,
    expires: kept.expires,
    taps: tapsOf(doc, url, language),
    title,
    question,
    purpose,
  }
}

/** What the customer behind a link sees and does. */
function answering({ db, policy, world, links, compiled }: Means): Pick<SurveysApi, 'step' | 'post'> {
  const opened = async (token: string) => {
    const id = links.open(token)
    const row = id === null ? null : await invitationOf(db, id)
    const known = row && (await identitiesBehind(db, [row.identifier])).get(row.identifier)
    if (!row || !known) return null
    const person = await personOf(db, policy, known, world.now())
    const survey = await compiled(db, row.survey, row.version)
    const isOpen = (await latestSurvey(db, row.survey))?.closed === null
    return { row, survey, isBarred: !isOpen || whyBarred(person, survey.doc.minors === true) !== null }
  }
  return {
    async step(token, wanted) {
      const found = await opened(token)
      if (!found) return { state: 'unknown', language: null }
      const { row, survey, isBarred } = found
      const { language } = row
      const now = world.now()
      if (row.revoked !== null || isBarred) return { state: 'closed', language }
      if (row.finished !== null) return { state: 'finished', language, survey }
      if (row.expires <= now) return { state: 'expired', language }
      const answers = await answersOf(db, row.id)
      // Nobody looks ahead of where he is.
      const from = wanted === null || wanted > row.page ? row.page : wanted
      const page = pageFrom(survey, from, answers, now) ?? pageFrom(survey, 0, answers, now) ?? 0
      const back = pageBefore(survey, page, answers, now)
      return { state: 'open', language, survey, page, back, questions: asked(survey, page, answers, now), answers }
    },
    async post(token, page, form) {
      const found = await opened(token)
      if (!found || found.isBarred) throw new HabitueError('survey_closed', 'The survey is not open to this link.')
      const { row, survey } = found
      const answers = await answersOf(db, row.id)
      // Nobody skips what is before it.
      if (page > row.page) return { kind: 'taken' }
      const questions = asked(survey, page, answers, world.now())
      const { given, problems } = readForm(questions, form)
      const filled = Object.entries(given).flatMap(([id, answer]) => (answer === null ? [] : [[id, answer] as const]))
      if (Object.keys(problems).length > 0) return { kind: 'problems', problems, answers: Object.fromEntries(filled) }
      await db.write<Taken>('surveys.answer', { id: row.id, page, given, now: world.now() })
      await db.catchUp()
      return { kind: 'taken' }
    },
  }
}

/** Why somebody is not asked anything; null = he may be. */
function whyBarred(person: Person, minors: boolean): 'minor' | 'consent' | null {
  if (permit(person, 'service') === null) return 'consent'
  return person.audience.kind === 'minor' && !minors ? 'minor' : null
}

const yesAndNo: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  en: { yes: 'Yes', no: 'No' },
  de: { yes: 'Ja', no: 'Nein' },
}

/** A link for each answer to the first question. */
function tapsOf(doc: SurveyDoc, url: string, language: string | null): Tap[] {
  const [question] = doc.pages[0].questions
  const own = doc.language ?? 'en'
  const choices = question.kind === 'multiple' ? null : answerChoices(question)
  return (choices ?? []).map((answer) => {
    const words = question.choices?.find(({ id }) => id === answer)?.text
    const said = question.kind === 'yesno' ? (yesAndNo[language ?? own] ?? yesAndNo.en)[answer] : answer
    const text = words === undefined ? said : wordsIn(words, language ?? own, own).text
    return { answer, text, url: `${url}?q=${question.id}&a=${encodeURIComponent(answer)}` }
  })
}
