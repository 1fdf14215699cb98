/** Messages that wait for a customer on the shop's pages. What he refuses since, and items that are gone, are not shown. */
import type { Catalogue } from '../catalog/catalogue.ts'
import { type Permit, type Person, permit } from '../consent/permit.ts'
import type { Handler, Handlers, Reader } from '../db/database.ts'
import { marketingSilencedBy } from '../memory/complaints.ts'
import type { OfferedItem } from './offered.ts'
import type { StoredMessage } from './store.ts'

export interface InboxMessage {
  readonly id: number
  readonly title: string
  readonly body: string
  readonly image: string
  readonly alt: string
  readonly url: string
  readonly items: readonly OfferedItem[]
  /** Milliseconds. */
  readonly time: number
  readonly seen: boolean
}

const shownAtOnce = 20

export async function inboxOf(
  reader: Reader,
  person: Person,
  catalogue: Pick<Catalogue, 'idOf' | 'sellable'>,
  now: number,
): Promise<InboxMessage[]> {
  if (!person.identity) return []
  const rows = await reader.k
    .selectFrom('messages')
    .selectAll()
    .where('identifier', 'in', [...person.identity.identifiers])
    .where('channel', '=', 'on-site')
    .where('state', '=', 'sent')
    .where('dismissed', 'is', null)
    .orderBy('id', 'desc')
    .limit(shownAtOnce)
    .execute()
  const allowed = await allowedPurposes(reader, person, now)
  return rows.filter(({ purpose }) => allowed.has(purpose)).map((row) => shown(row as StoredMessage, catalogue, now))
}

async function allowedPurposes(reader: Reader, person: Person, now: number): Promise<ReadonlySet<string>> {
  const service = permit(person, 'service')
  const marketing: Permit | null = permit(person, 'marketing', { channel: 'on-site' })
  const isSilent = marketing !== null && (await marketingSilencedBy(reader, marketing, now)) !== null
  return new Set([...(service ? ['service'] : []), ...(marketing && !isSilent ? ['marketing'] : [])])
}

function shown(row: StoredMessage, catalogue: Pick<Catalogue, 'idOf' | 'sellable'>, now: number): InboxMessage {
  const content = JSON.parse(row.content ?? '{}') as Omit<InboxMessage, 'id' | 'time' | 'seen'>
  const items = (content.items ?? []).filter(({ id }) => {
    const internal = catalogue.idOf(id)
    return internal !== undefined && catalogue.sellable(internal, now)
  })
  return { ...content, items, id: row.id, time: row.sent ?? row.created, seen: row.seen !== null }
}

const mark: Handler<
  { id: number; identifiers: readonly number[]; as: 'seen' | 'dismissed'; now: number },
  boolean
> = async (tx, { id, identifiers, as, now }) => {
  const row = await tx.k
    .selectFrom('messages')
    .select(['id', 'seen', 'dismissed'])
    .where('id', '=', id)
    .where('identifier', 'in', identifiers)
    .where('channel', '=', 'on-site')
    .executeTakeFirst()
  if (!row) return false
  // The first time counts.
  if (row[as] === null)
    await tx.k
      .updateTable('messages')
      .set({ [as]: now })
      .where('id', '=', id)
      .execute()
  return true
}

export const inboxHandlers: Handlers = { 'messages.markInbox': mark }
