/** How a customer goes through a survey: which questions he sees, what a form answered, and which page comes next. Pure. */
import type { CompiledQuestion, Survey } from './definition.ts'
import { type Answer, type Answerable, answerChoices } from './told.ts'

/** By id of the question. */
export type Answers = Readonly<Record<string, Answer>>

/** Why an answer is not taken. */
export type Problem = 'required' | 'invalid' | 'long'

export interface ReadForm {
  /** Null = the question was left empty. */
  readonly given: Readonly<Record<string, Answer | null>>
  readonly problems: Readonly<Record<string, Problem>>
}

export const longestText = 2000

/** The questions of a page that are asked after these answers; none = the page is passed over. */
export function asked(survey: Survey, page: number, answers: Answers, now: number): readonly CompiledQuestion[] {
  const found = survey.pages[page]
  const holds = (condition: CompiledQuestion['condition']) => condition?.evaluate({ answers }, now).value ?? true
  if (!found || !holds(found.condition)) return []
  return found.questions.filter(({ condition }) => holds(condition))
}

/** The first page from `from` on that asks something; null = there is none. */
export function pageFrom(survey: Survey, from: number, answers: Answers, now: number): number | null {
  for (let page = Math.max(0, from); page < survey.pages.length; page++)
    if (asked(survey, page, answers, now).length > 0) return page
  return null
}

/** The page before that asks something; null = this is the first. */
export function pageBefore(survey: Survey, page: number, answers: Answers, now: number): number | null {
  for (let before = page - 1; before >= 0; before--) if (asked(survey, before, answers, now).length > 0) return before
  return null
}

/** The first page with a question that must be answered and is not; null = all are. */
export function pageMissing(survey: Survey, answers: Answers, now: number): number | null {
  const found = survey.pages.findIndex((_, page) =>
    asked(survey, page, answers, now).some(({ id, required }) => required && !Object.hasOwn(answers, id)),
  )
  return found < 0 ? null : found
}

/** Without what was answered before a later answer hid the question. */
export function shownAnswers(survey: Survey, answers: Answers, now: number): Answers {
  const shown = survey.pages.flatMap((_, page) => asked(survey, page, answers, now))
  const ids = new Set(shown.flatMap(({ id }) => [id, `${id}_other`]))
  return Object.fromEntries(Object.entries(answers).filter(([id]) => ids.has(id)))
}

/** What stands in the fields of a page's form. */
export function readForm(questions: readonly CompiledQuestion[], form: URLSearchParams): ReadForm {
  const given: Record<string, Answer | null> = {}
  const problems: Record<string, Problem> = {}
  for (const question of questions) {
    const { id, kind, required = false } = question
    const values = form.getAll(id).map((value) => value.trim())
    const filled = values.filter((value) => value !== '')
    if (filled.length === 0) {
      given[id] = null
      if (required) problems[id] = 'required'
      if (question.other) given[`${id}_other`] = null
      continue
    }
    const answer = kind === 'multiple' ? choicesOf(question, filled) : answerOf(question, filled[0])
    if (answer === null) problems[id] = filled[0].length > longestText ? 'long' : 'invalid'
    else given[id] = answer
    if (question.other) given[`${id}_other`] = answer === 'other' ? otherOf(form, id) : null
  }
  return { given, problems }
}

/** A given answer as it is kept; null = the question has no such answer. */
export function answerOf(question: Answerable, text: string): Answer | null {
  const allowed = answerChoices(question)
  if (allowed !== null) {
    if (!allowed.includes(text)) return null
    return question.kind === 'single' || question.kind === 'multiple' || question.kind === 'yesno' ? text : Number(text)
  }
  if (question.kind === 'date') return isDay(text) ? text : null
  return text.length <= longestText && text.isWellFormed() && !text.includes('\0') ? text : null
}

function choicesOf(question: CompiledQuestion, values: readonly string[]): Answer | null {
  const allowed = answerChoices(question) ?? []
  return values.every((value) => allowed.includes(value)) ? allowed.filter((one) => values.includes(one)) : null
}

function otherOf(form: URLSearchParams, id: string): string | null {
  const text = (form.get(`${id}_other`) ?? '').trim().slice(0, longestText).toWellFormed().replaceAll('\0', '')
  return text === '' ? null : text
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false
  const time = Date.parse(`${text}T00:00:00Z`)
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(text)
}
