/** What consent holds of a customer, for export and erasure: what he answered, and what was told of his age. */
import { type Holder, heldRows } from '../db/personal.ts'

export const consentData: readonly Holder[] = [
  heldRows({
    table: 'consents',
    title: 'What you allowed and refused',
    identifier: 'identifier',
    shown: [
      'purpose',
      'channel',
      'answer',
      'basis',
      'time',
      'received',
      'source',
      'wording',
      'proof',
      'expires',
      'born',
    ],
    orderBy: ['received', 'position', 'purpose', 'channel'],
    times: ['time', 'received', 'expires', 'born'],
  }),
]
