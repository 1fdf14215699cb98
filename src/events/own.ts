/** Events that Habitue's own resources make (a fact told, an answer given): they go through the same ingest as all others. */
import { HabitueError } from '../errors.ts'
import type { Identifier } from '../identity/identity.ts'
import { normaliseIdentifier } from '../identity/normal.ts'
import { checkContent } from './content.ts'
import { largestEvent } from './door.ts'
import type { EventBody, IncomingEvent } from './event.ts'
import { kindOf } from './kinds.ts'
import { productsOf } from './products.ts'

export interface OwnEvent {
  /** A name of `eventKinds`; '' = an identify, whose properties are traits. */
  readonly name: string
  readonly who: Identifier
  readonly messageId: string
  /** Milliseconds since 1970. */
  readonly time: number
  readonly properties: Readonly<Record<string, unknown>>
}

/**
 * The event as the door would have made it of a server's message. `currency` = the shop's.
 * @throws HabitueError invalid_identifier, and what the content of any event may not hold
 */
export function ownEvent({ name, who, messageId, time, properties }: OwnEvent, currency: string): IncomingEvent {
  const value = normaliseIdentifier(who.kind, who.value)
  if (value === null)
    throw new HabitueError('invalid_identifier', `The ${who.kind} id ${JSON.stringify(who.value)} names nobody.`)
  checkContent(properties, '')
  const kind = kindOf(name)
  if (name !== '' && kind?.name !== name) throw new Error(`There is no event kind ${name}`)
  const userId = who.kind === 'user' ? value : null
  const anonymousId = who.kind === 'anonymous' ? value : null
  const identifiers = userId === null && anonymousId === null ? [{ kind: who.kind, value }] : []
  const body: EventBody = {
    user: userId ?? undefined,
    anonymous: anonymousId ?? undefined,
    identifiers: identifiers.length > 0 ? identifiers : undefined,
    properties,
  }
  const text = JSON.stringify(body)
  if (Buffer.byteLength(text) > largestEvent)
    throw new HabitueError('event_too_large', `What was told is longer than ${largestEvent} bytes.`)
  const products = kind ? productsOf(kind, properties, currency) : []
  return {
    type: name === '' ? 'identify' : 'track',
    name,
    messageId,
    time,
    userId,
    anonymousId,
    identifiers,
    previousId: null,
    products,
    decisionId: null,
    body: text,
  }
}
