/** All that writes in this folder, by name. */
import type { Policy } from '../consent/policy.ts'
import type { Handlers } from '../db/database.ts'
import { addressHandlers } from './addresses.ts'
import { alarmHandlers } from './alarms.ts'
import { clickHandlers } from './clicks.ts'
import { inboxHandlers } from './inbox.ts'
import { ownerHandlers } from './owners.ts'
import { rowHandlers } from './store.ts'
import { templateHandlers } from './template-store.ts'

export function messageHandlers(policy: Policy): Handlers {
  return {
    ...rowHandlers(policy),
    ...addressHandlers,
    ...alarmHandlers,
    ...clickHandlers,
    ...inboxHandlers,
    ...ownerHandlers,
    ...templateHandlers,
  }
}
