/**
 * /survey/{link}: a survey as its customer sees it. Looking changes nothing, whatever the address says: a tap in a mail opens
 * the page with an answer chosen, and the page's button sends it.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Answers, answerOf, type Engine, type SurveyStep, wordsIn } from '../../engine-api.ts'
import { HabitueError } from '../../errors.ts'
import { createBuckets } from '../rate-limit.ts'
import type { App } from '../typed-app.ts'
import { notice } from './document.ts'
import { sendPage } from './headers.ts'
import { type Language, languageOf } from './language.ts'
import { checkSite } from './site.ts'
import { renderSurvey, type SurveyView, wordsOf } from './survey-render.ts'

type SurveyRequest = FastifyRequest<{ Params: { link: string }; Querystring: Record<string, string | undefined> }>
type Open = Extract<SurveyStep, { state: 'open' }>

const route = '/survey/:link'
/** Bytes: a page of twenty texts. */
const formLimit = 256 * 1024
/** Posts with one link. */
const posts = { perSecond: 0.5, burst: 20 }

export function surveyPageRoutes(app: App, engine: Engine): void {
  const shared = { schema: { hide: true }, config: { open: 'its link says whose survey it is', reads: 'raw' } } as const
  const buckets = createBuckets(engine.world)
  app.get(route, shared, async (request, reply) => {
    const asked = request as SurveyRequest
    const { link } = asked.params
    try {
      const page = wholeNumber(asked.query.page)
      const step = await engine.surveys.step(link, page)
      const language = languageFor(asked, step.language)
      if (step.state !== 'open') return sendEnd(engine, reply, language, step)
      const { answers } = step
      const view = viewOf(language, step, { ...answers, ...tapped(step, asked.query) })
      return sendPage(engine, reply, 200, renderSurvey(view))
    } catch (error) {
      return sendTrouble(engine, asked, reply, error)
    }
  })
  app.post(route, { ...shared, bodyLimit: formLimit }, async (request, reply) => {
    const asked = request as SurveyRequest
    const { link } = asked.params
    const form = new URLSearchParams(Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '')
    try {
      checkSite(request)
      const before = await engine.surveys.step(link, null)
      const language = languageFor(asked, before.language)
      if (before.state !== 'open') return sendEnd(engine, reply, language, before)
      if (buckets.take(link, posts) > 0)
        return sendPage(engine, reply, 429, notice(language, wordsOf(language).check, wordsOf(language).often))
      const page = wholeNumber(form.get('page')) ?? 0
      const posted = await posting(engine, link, page, form, language)
      if (posted.kind === 'taken') {
        // Asked for anew, so that loading the page again sends no form twice.
        return reply.code(303).header('location', `?lang=${language.words.language}`).send()
      }
      const step = await engine.surveys.step(link, page)
      if (step.state !== 'open') return sendEnd(engine, reply, language, step)
      const { problems, trouble } = posted
      return sendPage(
        engine,
        reply,
        422,
        renderSurvey({ ...viewOf(language, step, { ...step.answers, ...posted.answers }), problems, trouble }),
      )
    } catch (error) {
      return sendTrouble(engine, asked, reply, error)
    }
  })
}

type Result =
  | { readonly kind: 'taken' }
  | (Pick<SurveyView, 'problems' | 'trouble' | 'answers'> & { readonly kind: 'problems' })

/** What the customer can mend himself is told on the page that he sent. */
async function posting(
  engine: Engine,
  link: string,
  page: number,
  form: URLSearchParams,
  language: Language,
): Promise<Result> {
  const words = wordsOf(language)
  const told: Readonly<Record<string, string>> = {
    consent_refused: words.refused,
    erased_refused: words.refused,
    card_number: words.card,
  }
  try {
    const posted = await engine.surveys.post(link, page, form)
    return posted.kind === 'taken' ? posted : { ...posted, trouble: null }
  } catch (error) {
    const trouble = error instanceof HabitueError && Object.hasOwn(told, error.code) ? told[error.code] : null
    if (trouble === null) throw error
    return { kind: 'problems', problems: {}, answers: {}, trouble }
  }
}

function viewOf(language: Language, { survey, page, back, questions }: Open, answers: Answers): SurveyView {
  return { language, survey, page, back, questions, answers, problems: {}, trouble: null }
}

/** The answer that a link in the mail names, where this page asks that question. */
function tapped({ questions }: Open, { q, a }: SurveyRequest['query']): Answers {
  const question = questions.find(({ id }) => id === q)
  const answer = question && a !== undefined ? answerOf(question, a) : null
  return question && answer !== null ? { [question.id]: answer } : {}
}

function languageFor({ query, headers }: SurveyRequest, invited: string | null): Language {
  return languageOf(query.lang ?? invited ?? undefined, headers['accept-language'])
}

function wholeNumber(text: string | null | undefined): number | null {
  return text !== null && text !== undefined && /^\d{1,3}$/.test(text) ? Number(text) : null
}

function sendEnd(engine: Engine, reply: FastifyReply, language: Language, step: Exclude<SurveyStep, Open>) {
  const words = wordsOf(language)
  if (step.state === 'finished') {
    const { doc, language: own } = step.survey
    const thanks = doc.thanks === undefined ? words.thanks : wordsIn(doc.thanks, language.words.language, own).text
    return sendPage(engine, reply, 200, notice(language, words.thanksTitle, thanks))
  }
  const status = step.state === 'unknown' ? 404 : 410
  return sendPage(engine, reply, status, notice(language, words.goneTitle, words[step.state]))
}

/** A page for people, whatever went wrong; faults are logged as those of the API are. */
function sendTrouble(engine: Engine, request: SurveyRequest, reply: FastifyReply, error: unknown) {
  const language = languageFor(request, null)
  const words = wordsOf(language)
  if (error instanceof HabitueError && error.code === 'survey_closed')
    return sendPage(engine, reply, 410, notice(language, words.goneTitle, words.closed))
  const { name, message, stack } = error as Error
  const status = error instanceof HabitueError && error.status < 500 ? error.status : 503
  if (status >= 500) {
    const fault = { name, message, stack }
    engine.log.error(
      { requestId: request.id, route: `${request.method} ${route}`, fault },
      'the page of a survey failed',
    )
  }
  return sendPage(engine, reply, status, notice(language, words.goneTitle, words.trouble))
}
