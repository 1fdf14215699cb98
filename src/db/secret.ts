/** Keys for keyed hashes and signatures, all derived from the one secret that the first migration drew. */
import { createHmac } from 'node:crypto'
import type { Reader } from './database.ts'

/** 32 bytes that stay the same for this database and this purpose, and say nothing of other purposes' keys. */
export async function secretKey(reader: Reader, purpose: string): Promise<Uint8Array> {
  const row = await reader.k.selectFrom('meta').select('value').where('key', '=', 'secret').executeTakeFirstOrThrow()
  return createHmac('sha256', Buffer.from(row.value, 'hex')).update(purpose).digest()
}
