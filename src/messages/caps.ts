/**
 * How many messages a customer gets, by channel and purpose. Counted where the attempt is committed, so that two that are
 * sent at once cannot both be the last that is allowed.
 */
import type { Reader } from '../db/database.ts'
import type { MessageRow } from '../db/message-row.ts'

export interface Cap {
  /** In any 24 hours; 0 = as many as there are. */
  readonly day: number
  /** In any seven days. */
  readonly week: number
}

/** By `channel:purpose`, such as `email:marketing`; what is absent has no cap. */
export type Caps = Readonly<Record<string, Cap>>

export interface CapVerdict {
  readonly reason: string
  /** When there is room again, as far as it is known now. */
  readonly at: number
}

const dayMs = 86_400_000
const weekMs = 7 * dayMs

/** What keeps `row` from being sent now; null = nothing. Counts what was sent and what may have been. */
export async function capOf(
  reader: Reader,
  row: Pick<MessageRow, 'key' | 'channel' | 'purpose' | 'priority'>,
  identifiers: readonly number[],
  caps: Caps,
  now: number,
): Promise<CapVerdict | null> {
  const cap = caps[`${row.channel}:${row.purpose}`]
  if (!cap || (cap.day === 0 && cap.week === 0)) return null
  const others = await reader.k
    .selectFrom('messages')
    .select(['state', 'created', 'sent', 'priority', 'due'])
    .where('identifier', 'in', identifiers)
    .where('channel', '=', row.channel)
    .where('purpose', '=', row.purpose)
    .where('key', '!=', row.key)
    .where('state', 'in', ['sent', 'sending', 'in_doubt', 'planned'])
    .where('created', '>', now - 2 * weekMs)
    .execute()
  const taken = others.filter(({ state }) => state !== 'planned').map((one) => one.sent ?? one.created)
  // Room is kept for what is more important and will go out within the day.
  const ahead = others.filter(
    (one) => one.state === 'planned' && one.priority > row.priority && (one.due ?? now) <= now + dayMs,
  ).length
  return exceeded(taken, ahead, cap.day, dayMs, now, 'a day') ?? exceeded(taken, ahead, cap.week, weekMs, now, 'a week')
}

/** When there is room again, with `taken` = times of those sent; null = there is room now. */
export function exceeded(
  taken: readonly number[],
  ahead: number,
  most: number,
  span: number,
  now: number,
  words: string,
): CapVerdict | null {
  if (most === 0) return null
  const within = taken.filter((time) => time > now - span).sort((a, b) => a - b)
  if (within.length + ahead < most) return null
  const free = within.length >= most ? within[within.length - most] + span : now + span
  return { reason: `cap: ${most} ${words}`, at: free + 1 }
}
