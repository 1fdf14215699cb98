/** What this folder holds of a customer: to which surveys he was invited, and what he answered. */
import { type Holder, heldRows } from '../db/personal.ts'

export const surveyData: readonly Holder[] = [
  heldRows({
    table: 'survey_answers',
    title: 'What you answered in surveys',
    identifier: 'identifier',
    shown: ['time', 'invitation', 'question', 'answer'],
    orderBy: ['time', 'invitation', 'question'],
    times: ['time'],
    json: ['answer'],
    prose: ['answer'],
  }),
  heldRows({
    table: 'survey_invitations',
    title: 'Surveys to which you were invited',
    identifier: 'identifier',
    shown: ['id', 'survey', 'version', 'language', 'created', 'expires', 'finished', 'revoked'],
    orderBy: ['created', 'id'],
    times: ['created', 'expires', 'finished', 'revoked'],
  }),
]
