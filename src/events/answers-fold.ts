/** Events that answer about consent -> rows of `consents`. The same fold serves arrival and replay. */
import type { AnswerRow } from '../consent/answers.ts'
import { appendAnswers } from '../consent/store.ts'
import { answersAgain } from './answers-given.ts'
import type { AdmittedEvent, Fold } from './event.ts'

export const answersFold: Fold = {
  name: 'answers',
  apply: (tx, events) => appendAnswers(tx, events.flatMap(answerRows)),
}

/** The rows of one event; none where it answers nothing. */
export function answerRows(event: AdmittedEvent): AnswerRow[] {
  const { answer, identifier } = event
  if (answer === undefined || identifier === null) return []
  const { received, messageId: message, historical } = event
  const common = {
    identifier,
    // A clock that runs ahead must not make an answer the last word for a day.
    time: Math.min(event.time, received),
    received,
    position: answer.position,
    message,
    verified: answer.verified ? 1 : 0,
    covers: JSON.stringify(answer.covers),
  }
  return answersAgain(event, answer.born).map((given) => ({
    ...given,
    ...common,
    weak: historical || given.source === 'categories' ? 1 : 0,
  }))
}
