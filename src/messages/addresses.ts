/** E-mail addresses that are not written to any more, because they do not work or because whoever reads them complained. */
import { selectByKeys } from '../db/batch.ts'
import type { Handler, Handlers, Reader } from '../db/database.ts'

export interface AddressState {
  readonly identifier: number
  readonly state: 'bounced' | 'complained'
  readonly reason: string
  readonly time: number
}

/** The last word counts; a complaint stays one. */
const mark: Handler<AddressState, void> = async (tx, row) => {
  const reason = row.reason.slice(0, 500)
  await tx.k
    .insertInto('mail_addresses')
    .values({ ...row, reason })
    .onConflict((conflict) =>
      conflict
        .column('identifier')
        .doUpdateSet({ state: row.state, reason, time: row.time })
        .where('mail_addresses.state', '!=', 'complained'),
    )
    .execute()
}

/** It works again, as somebody says who knows. */
const clear: Handler<{ identifier: number }, boolean> = async (tx, { identifier }) => {
  const { numDeletedRows } = await tx.k
    .deleteFrom('mail_addresses')
    .where('identifier', '=', identifier)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

export const addressHandlers: Handlers = { 'messages.markAddress': mark, 'messages.clearAddress': clear }

/** By identifier; those that work are absent. */
export async function addressStates(
  reader: Reader,
  identifiers: readonly number[],
): Promise<ReadonlyMap<number, AddressState>> {
  const keys = identifiers.map((identifier) => [identifier])
  const columns = ['identifier', 'state', 'reason', 'time'] as const
  const rows = await selectByKeys<AddressState>(reader, 'mail_addresses', ['identifier'], keys, columns)
  return new Map(rows.map((row) => [row.identifier, row]))
}
