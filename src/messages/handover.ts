/**
 * Hands a message over to its channel, and writes down what is known of it then. Between `messages.begin` and
 * `messages.finish` the row says `sending`; whatever dies there leaves it so, and it becomes one in doubt.
 */
import type { Database } from '../db/database.ts'
import { gathered } from '../db/gather.ts'
import type { World } from '../world.ts'
import type { Begin, Begun, Finish, Put } from './attempt.ts'
import { backoff, longestTryMs } from './backoff.ts'
import type { Caps } from './caps.ts'
import type { Attempt, Channel, Delivery } from './channels/channel.ts'
import type { Outcome } from './message.ts'
import type { Ready } from './prepare.ts'
import { type NewMessage, type OutcomeRow, outcomeOf, type StoredMessage } from './store.ts'

export interface HandoverNeeds {
  readonly db: Database
  readonly world: World
  readonly caps: Caps
  /** How long an attempt may be under way, milliseconds. */
  readonly leaseMs: number
  /** Told of a mail that did not reach its address. */
  readonly bounced?: (message: Bounced, bounce: Bounce) => Promise<void>
}

export type Bounced = Pick<NewMessage, 'identifier' | 'token'> & { readonly subject: string | null }

export interface Bounce {
  /** What the server said. */
  readonly reason: string
  /** The address works no more; false = it was full, slow, or did not want this mail. */
  readonly permanent: boolean
  readonly now: number
}

export interface Handover {
  /** Says of a message that nobody saw what becomes of it. */
  put(message: NewMessage, change: Omit<Put, 'message'>): Promise<Outcome>
  /** `tried` = how often it was tried before. */
  deliver(channel: Channel, message: NewMessage, ready: Ready, tried: number): Promise<Outcome>
  /** By channel: since when nobody could be reached, and why; absent = it works. */
  readonly troubles: ReadonlyMap<string, Trouble>
}

export interface Trouble {
  readonly since: number
  readonly reason: string
  readonly count: number
  readonly until: number
}

/** After so many failures in a row to reach the other side, nobody tries for a while. */
const downAfter = 3
const downMs = 15_000

/** Attempts that are written by one transaction. */
const atOnce = 64

interface Ended {
  readonly message: NewMessage
  readonly holder: string
  readonly delivery: Delivery | 'taken'
  readonly begun: Begun | null
  readonly tried: number
}

export function createHandover({ db, world, caps, leaseMs, bounced }: HandoverNeeds): Handover {
  const troubles = new Map<string, Trouble>()
  const beginOne = gathered(atOnce, (all: readonly Begin[]) => db.write<Begun[]>('messages.begin', all))
  const finishOne = gathered(atOnce, (all: readonly Finish[]) =>
    db.write<(OutcomeRow | null)[]>('messages.finish', all),
  )
  const put: Handover['put'] = async (message, change) =>
    outcomeOf(await db.write<StoredMessage>('messages.put', { message, ...change } satisfies Put))

  /** Puts off what could not be handed over; after days of trying it is a dead letter. */
  const again = (attempts: number, created: number, reason: string): Pick<Put, 'state' | 'reason' | 'due'> => {
    const due = world.now() + backoff(attempts, world.random())
    return due - created > longestTryMs ? { state: 'failed', reason, due: null } : { state: 'planned', reason, due }
  }
  const noteReach = (channel: string, delivery: Delivery): void => {
    if (delivery.kind === 'sent' || delivery.kind === 'refused') {
      troubles.delete(channel)
      return
    }
    const { since, count } = troubles.get(channel) ?? { since: world.now(), count: 0 }
    troubles.set(channel, { since, reason: delivery.reason, count: count + 1, until: world.now() + downMs })
  }
  const notBegun = ({ begun, message }: Ended, channel: string): Promise<Outcome> | Outcome => {
    if (begun === null || begun.go) throw new Error(`The channel ${channel} did not begin`)
    if ('row' in begun) return outcomeOf(begun.row)
    if ('refused' in begun) return put(message, { state: 'suppressed', reason: begun.refused, due: null, tried: false })
    return put(message, { state: 'planned', reason: begun.cap.reason, due: begun.cap.at, tried: false })
  }
  const ended = async (channel: Channel, end: Ended): Promise<Outcome> => {
    const { message, holder, delivery, begun, tried } = end
    if (delivery === 'taken') return notBegun(end, channel.name)
    noteReach(channel.name, delivery)
    const reason = delivery.kind === 'sent' ? '' : delivery.reason
    const later = again(tried + 1, message.created, reason)
    // It failed before anybody could have seen it.
    if (begun === null)
      return put(
        message,
        delivery.kind === 'refused' ? { state: 'failed', reason, due: null, tried: true } : { ...later, tried: true },
      )
    const now = world.now()
    const finish: Finish = { key: message.key, holder, now, ...finishOf(delivery, later) }
    const row = await finishOne(finish)
    if (delivery.kind === 'refused' && delivery.address)
      await bounced?.({ ...message, subject: row?.subject ?? null }, { reason, permanent: true, now })
    return row ? outcomeOf(row) : { kind: 'failed', reason: 'the customer was erased' }
  }
  return {
    put,
    troubles,
    async deliver(channel, message, ready, tried) {
      const trouble = troubles.get(channel.name)
      if (trouble && trouble.count >= downAfter && world.now() < trouble.until) {
        const change = again(tried + 1, message.created, trouble.reason)
        const due = change.due === null ? null : Math.max(change.due, trouble.until)
        return put(message, { ...change, due, tried: false })
      }
      const holder = Buffer.from(world.bytes(12)).toString('hex')
      let begun: Begun | null = null
      const begin = async (): Promise<Attempt | null> => {
        const now = world.now()
        const lease = now + leaseMs
        const { identity } = ready.recipient
        const payload: Begin = { message, shown: ready.shown, holder, now, lease, ...identity, caps }
        begun = await beginOne(payload)
        return begun.go ? { holds: () => world.now() < lease - leaseMs / 10 } : null
      }
      const delivery = await channel.deliver(ready.parcel, begin)
      return ended(channel, { message, holder, delivery, begun, tried })
    },
  }
}

function finishOf(
  delivery: Delivery,
  later: Pick<Put, 'state' | 'reason' | 'due'>,
): Pick<Finish, 'state' | 'reason' | 'response' | 'due'> {
  switch (delivery.kind) {
    case 'sent':
      return { state: 'sent', reason: null, response: delivery.response, due: null }
    case 'in_doubt':
      return { state: 'in_doubt', reason: delivery.reason, response: null, due: null }
    case 'refused':
      return { state: 'failed', reason: delivery.reason, response: delivery.reason, due: null }
    case 'not_sent':
      return { state: later.state as 'planned' | 'failed', reason: later.reason, response: null, due: later.due }
  }
}
