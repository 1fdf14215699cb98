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

export interface Counted {
  readonly message: Pick<MessageRow, 'key' | 'channel' | 'purpose' | 'priority'>
  /** All of the customer. */
  readonly identifiers: readonly number[]
}

export function capFor({ channel, purpose }: Counted['message'], caps: Caps): Cap | null {
  const cap = caps[`${channel}:${purpose}`]
  return cap && (cap.day > 0 || cap.week > 0) ? cap : null
}

/** What keeps each from being sent now, of different customers; null = nothing. Counts what was sent and what may have been. */
export async function capVerdicts(
  reader: Reader,
  all: readonly Counted[],
  caps: Caps,
  now: number,
): Promise<(CapVerdict | null)[]> {
  const capped = all.filter(({ message }) => capFor(message, caps) !== null)
  const verdicts = new Map<Counted, CapVerdict | null>()
  for (const same of Map.groupBy(capped, ({ message }) => `${message.channel}:${message.purpose}`).values()) {
    const others = Map.groupBy(await othersOf(reader, same, now), ({ identifier }) => identifier)
    for (const one of same) {
      const own = one.identifiers.flatMap((identifier) => others.get(identifier) ?? [])
      verdicts.set(one, verdictOf(one.message, own, capFor(one.message, caps) as Cap, now))
    }
  }
  return all.map((one) => verdicts.get(one) ?? null)
}

type Other = Pick<MessageRow, 'identifier' | 'key' | 'state' | 'created' | 'sent' | 'priority' | 'due'>

/** Messages of the same channel and purpose to any of these customers. */
function othersOf(reader: Reader, asked: readonly Counted[], now: number): Promise<Other[]> {
  const { channel, purpose } = asked[0].message
  return reader.k
    .selectFrom('messages')
    .select(['identifier', 'key', 'state', 'created', 'sent', 'priority', 'due'])
    .where('identifier', 'in', [...new Set(asked.flatMap(({ identifiers }) => identifiers))])
    .where('channel', '=', channel)
    .where('purpose', '=', purpose)
    .where('state', 'in', ['sent', 'sending', 'in_doubt', 'planned'])
    .where('created', '>', now - 2 * weekMs)
    .execute()
}

function verdictOf(row: Counted['message'], all: readonly Other[], cap: Cap, now: number): CapVerdict | null {
  const others = all.filter(({ key }) => key !== row.key)
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
