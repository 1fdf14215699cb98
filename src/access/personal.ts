/** What this folder holds of a customer: the link to his name in the audit log, and through it who looked at his data. */
import type { Holder } from '../db/personal.ts'
import { heldRows } from '../db/personal.ts'
import { pageCodesData } from './page-codes.ts'

const subjects = heldRows({ table: 'audit_subjects', title: '', customer: 'customer', shown: ['subject'] })

/** Who it was is the shop's own business; that it was a person or a program, and what it did, is the customer's. */
const actors: Readonly<Record<string, string>> = { key: 'a program of the shop', person: 'somebody of the shop' }

const audited: Holder = {
  ...subjects,
  title: 'Who looked at your data or changed it',
  shown: ['time', 'action', 'by'],
  columns: { times: ['time'] },
  async *read(reader, person) {
    for await (const { subject } of subjects.read(reader, person)) {
      const rows = await reader.k
        .selectFrom('audit')
        .select(['time', 'actor', 'action'])
        .where('subject', '=', subject as string)
        .orderBy('id')
        .execute()
      for (const { time, actor, action } of rows) {
        const kind = actor.split(':', 1)[0]
        yield { time, action, by: actors[kind] ?? kind }
      }
    }
  },
}

export const accessData: readonly Holder[] = [audited, pageCodesData]
