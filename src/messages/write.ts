/** All that writes in this folder, by name. */
import type { Policy } from '../consent/policy.ts'
import type { Handlers } from '../db/database.ts'
import { addressHandlers } from './addresses.ts'
import { alarmHandlers } from './alarms.ts'
import { attemptHandlers } from './attempt.ts'
import { clickHandlers } from './clicks.ts'
import { inboxHandlers } from './inbox.ts'
import { ownerHandlers } from './owners.ts'
import { receiverHandlers } from './receivers.ts'
import { retainMessages } from './retention.ts'
import { settlingHandlers } from './settling.ts'
import { templateHandlers } from './template-store.ts'

export function messageHandlers(policy: Policy, unfinished: Parameters<typeof retainMessages>[0]): Handlers {
  return {
    'messages.retain': retainMessages(unfinished),
    ...attemptHandlers(policy),
    ...settlingHandlers,
    ...addressHandlers,
    ...alarmHandlers,
    ...clickHandlers,
    ...inboxHandlers,
    ...ownerHandlers,
    ...receiverHandlers,
    ...templateHandlers,
  }
}
