/** The shop's rules as rows. */
import type { Handlers, Reader } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import { checkRule, type Rule } from './rules.ts'

export const ruleHandlers: Handlers = {
  'rules.put': async (tx, { rule, now }: { rule: unknown; now: number }) => {
    const checked = checkRule(rule)
    const row = { id: checked.id, doc: JSON.stringify(checked), updated: now }
    await tx.k
      .insertInto('rules')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ doc: row.doc, updated: row.updated }))
      .execute()
    tx.changed('rules', checked.id)
  },

  'rules.remove': async (tx, { id }: { id: string }) => {
    const result = await tx.k.deleteFrom('rules').where('id', '=', id).executeTakeFirst()
    if (result.numDeletedRows === 0n) throw new HabitueError('not_found', `There is no rule "${id}".`)
    tx.changed('rules', id)
  },
}

/** All rules, by id. */
export async function listRules(reader: Reader): Promise<Rule[]> {
  const rows = await reader.k.selectFrom('rules').select('doc').orderBy('id').execute()
  return rows.map(({ doc }) => JSON.parse(doc) as Rule)
}
