/** All that writes here, by name. */
import type { Handlers } from '../db/database.ts'
import { type SettleNeeds, settleHandler, sweepHandler } from './settle.ts'
import { definitionHandlers } from './store.ts'
import { surveyHandlers } from './survey.ts'

export function segmentHandlers(needs: SettleNeeds): Handlers {
  return {
    ...definitionHandlers,
    ...surveyHandlers,
    'segments.settle': settleHandler(needs),
    'segments.sweep': sweepHandler,
  }
}
