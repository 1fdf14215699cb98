/** Which other programs were told of a customer by a webhook: kept as long as he is, so that they hear of his erasure. */
import { insertMissing, selectByKeys } from '../db/batch.ts'
import type { Handlers, Reader, Tx } from '../db/database.ts'

export interface Receiver {
  readonly identifier: number
  readonly url: string
  readonly now: number
}

/** Before anything is said to it. */
export async function noteReceiver(tx: Tx, { identifier, url, now }: Receiver): Promise<void> {
  const columns = ['identifier', 'url', 'first']
  await insertMissing(tx, 'webhook_receivers', ['identifier', 'url'], columns, [[identifier, url, now]])
}

export const receiverHandlers: Handlers = { 'messages.noteReceiver': noteReceiver }

export async function receiversOf(reader: Reader, identifiers: readonly number[]): Promise<string[]> {
  const keys = identifiers.map((identifier) => [identifier])
  const rows = await selectByKeys<{ url: string }>(reader, 'webhook_receivers', ['identifier'], keys, ['url'])
  return [...new Set(rows.map(({ url }) => url))]
}
