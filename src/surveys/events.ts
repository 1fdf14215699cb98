/** What answers tell: an event for each, and a fact where the question says which. Their message ids are those of the answers. Pure. */
import type { OwnEvent } from '../events/own.ts'
import type { Identifier } from '../identity/identity.ts'
import { parseFact } from '../memory/fact.ts'
import { type CompiledQuestion, type Survey, wordsIn } from './definition.ts'
import type { Answers } from './flow.ts'
import { type Answer, factsOf } from './told.ts'

export interface Change {
  readonly question: string
  /** Null = taken back. */
  readonly answer: Answer | null
  readonly before: Answer | null
  readonly revision: number
}

interface About {
  readonly survey: Survey
  readonly invitation: string
  readonly who: Identifier
  readonly now: number
}

const longestKept = 500

export function eventsOfAnswers(
  about: About & { readonly questions: readonly CompiledQuestion[] },
  changes: readonly Change[],
): OwnEvent[] {
  const byId = new Map(about.questions.map((question) => [question.id, question]))
  const other = (id: string) => changes.find(({ question }) => question === `${id}_other`)?.answer
  return changes.flatMap((change) => {
    const question = byId.get(change.question)
    if (!question) return []
    const messageId = messageOf(about.invitation, question.id, change.revision)
    const facts = factEvents(about, question, change, messageId)
    return change.answer === null
      ? facts
      : [answered(about, question, change.answer, other(question.id) ?? null, messageId), ...facts]
  })
}

/** `answers`: by question all that was answered. */
export function finishedEvent({ survey, invitation, who, now }: About, answers: Answers): OwnEvent {
  const properties = { survey_id: survey.name, version: survey.version, invitation, answers: cutTexts(answers) }
  return { name: 'Survey Finished', who, messageId: `survey-${invitation}-finished`, time: now, properties }
}

/** The answer that made a message; null = it is of something else. */
export function questionOfMessage(message: unknown): { invitation: string; question: string } | null {
  const match = typeof message === 'string' ? /^survey-([\w-]{22})-([a-z][a-z0-9_]*)-\d+$/.exec(message) : null
  return match && { invitation: match[1], question: match[2] }
}

function messageOf(invitation: string, question: string, revision: number): string {
  return `survey-${invitation}-${question}-${revision}`
}

function answered(
  { survey, invitation, who, now }: About,
  question: CompiledQuestion,
  answer: Answer,
  other: Answer | null,
  messageId: string,
): OwnEvent {
  const { name, version, language } = survey
  const words = wordsIn(question.text, language, language).text
  const properties = {
    survey_id: name,
    version,
    invitation,
    question: words.slice(0, 200),
    question_id: question.id,
    kind: question.kind,
    answer: typeof answer === 'string' ? answer.slice(0, longestKept).toWellFormed() : answer,
    ...(typeof answer === 'number' ? { score: answer } : {}),
    ...(other === null ? {} : { text: other }),
    ...(typeof answer === 'string' && answer.length > longestKept ? { text: answer } : {}),
  }
  return { name: 'Survey Answered', who, messageId, time: now, properties }
}

/** What the answer before had told and this one does not is taken back. */
function factEvents(
  { who, now }: About,
  question: CompiledQuestion,
  { answer, before }: Change,
  message: string,
): OwnEvent[] {
  const told = answer === null ? [] : factsOf(question, answer).filter((given) => isFact(given, now))
  const slots = new Set(told.map(({ kind, subject }) => `${kind}/${subject}`))
  const gone =
    before === null ? [] : factsOf(question, before).filter(({ kind, subject }) => !slots.has(`${kind}/${subject}`))
  return [...told, ...gone.map((given) => ({ ...given, value: null }))].map((given, n) => {
    const properties = { ...given, channel: 'survey', evidence: [message] }
    return { name: 'Fact Told', who, messageId: `${message}-fact-${n}`, time: now, properties }
  })
}

/** A free text need not have the form of the fact that it was meant for: then it is an answer and nothing more. */
function isFact(given: Parameters<typeof parseFact>[0], now: number): boolean {
  try {
    parseFact(given, now, 'survey')
    return true
  } catch {
    return false
  }
}

function cutTexts(answers: Answers): Record<string, unknown> {
  const cut = (answer: Answer) => (typeof answer === 'string' ? answer.slice(0, longestKept).toWellFormed() : answer)
  return Object.fromEntries(Object.entries(answers).map(([id, answer]) => [id, cut(answer)]))
}
