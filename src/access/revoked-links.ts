/** Links to customers' pages that were taken back, one by one, before their time. */
import type { Handlers, Reader } from '../db/database.ts'
import { longestLinkMs } from './page-link.ts'

/** Whoever takes a link back need not know how long it would have worked. */
export const revokedLinkHandlers: Handlers = {
  'access.revokePageLink': async (tx, { link, now }: { link: string; now: number }) => {
    await tx.k.deleteFrom('revoked_links').where('until', '<=', now).execute()
    await tx.k
      .insertInto('revoked_links')
      .values({ link, until: now + longestLinkMs })
      .onConflict((conflict) => conflict.column('link').doUpdateSet({ until: now + longestLinkMs }))
      .execute()
  },
}

/** `link` = `linkDigest` of its token. */
export async function isRevoked(reader: Reader, link: string): Promise<boolean> {
  const row = await reader.k.selectFrom('revoked_links').select('link').where('link', '=', link).executeTakeFirst()
  return row !== undefined
}
