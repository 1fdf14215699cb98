/**
 * The door: messages of the tracking API, already parsed from JSON -> events ready for the writer, and refusals with code
 * and reason. Pure, in the thread of the request. Everything that comes after may trust what passed here.
 */
import { HabitueError } from '../errors.ts'
import { normaliseIdentifier } from '../identity/normal.ts'
import type { World } from '../world.ts'
import { signalsOf } from './answers-given.ts'
import { checkContent } from './content.ts'
import { addressOf, reduceContext, searchOf, withoutNetwork } from './context.ts'
import type { EventBody, EventRefusal, EventType, IncomingEvent, Product } from './event.ts'
import { type EventKind, kindOf } from './kinds.ts'
import { decisionIdOf, describe, type Fields, isObject, objectOf } from './message.ts'
import { productsOf } from './products.ts'
import { type Who, whoOf } from './sender.ts'
import { eventTime, sentTime } from './time.ts'

export const largestEvent = 32 * 1024
export const largestBatch = 2500
/** `messageId` must be shorter than this. */
export const longestMessageId = 100
const longestEventName = 255

export interface DoorOptions {
  /** When the request arrived, milliseconds since 1970. */
  readonly received: number
  /** Draws the ids of messages that have none. */
  readonly world: Pick<World, 'uuid'>
  /** The shop's currency, for prices that state none. */
  readonly currency: string
  /** The type that the path states (`/v1/track`); wins over the message's own. */
  readonly type?: EventType
  /** An import: no limit on size and number, and events of nobody are taken. */
  readonly historical?: boolean
}

export interface ParsedEvents {
  readonly events: readonly IncomingEvent[]
  /** Position in the batch of each of `events`. */
  readonly positions: readonly number[]
  readonly refused: readonly EventRefusal[]
}

/** What a batch says for all of its messages. */
interface Shared {
  readonly context: Fields | null
  readonly integrations: Fields | null
  readonly sent: number | null
}

/**
 * The events of a message, of `{batch: [...]}`, or of a plain list. What is wrong with one event refuses that one.
 * @throws HabitueError invalid_body, batch_too_large: nothing of it can be taken; and what `checkContent` throws, where it
 *   concerns the batch's own context
 */
export function parseEvents(body: unknown, options: DoorOptions): ParsedEvents {
  const { messages, shared } = openBatch(body, options)
  const events: IncomingEvent[] = []
  const positions: number[] = []
  const refused: EventRefusal[] = []
  for (let index = 0; index < messages.length; index++) {
    try {
      events.push(parseMessage(messages[index], shared, options))
      positions.push(index)
    } catch (error) {
      if (!(error instanceof HabitueError)) throw error
      refused.push({ index, code: error.code, message: error.message })
    }
  }
  return { events, positions, refused }
}

/** All refusals of a request by position in the batch: those of the door, and those of the writer. */
export function allRefused(parsed: ParsedEvents, byWriter: readonly EventRefusal[]): EventRefusal[] {
  const later = byWriter.map((refusal) => ({ ...refusal, index: parsed.positions[refusal.index] }))
  return [...parsed.refused, ...later].sort((a, b) => a.index - b.index)
}

function openBatch(body: unknown, options: DoorOptions): { messages: readonly unknown[]; shared: Shared } {
  const nothing: Shared = { context: null, integrations: null, sent: null }
  let messages: readonly unknown[]
  let shared = nothing
  if (Array.isArray(body)) messages = body
  else if (isObject(body) && 'batch' in body && options.type === undefined) {
    const { batch, context, integrations, sentAt } = body
    if (!Array.isArray(batch))
      throw new HabitueError('invalid_body', `The batch is ${describe(batch)}; expected a list of events.`)
    messages = batch
    shared = { context: objectOf(context), integrations: objectOf(integrations), sent: sentTime(sentAt) }
    if (shared.context) checkContent(shared.context, 'context')
  } else if (isObject(body)) messages = [body]
  else throw new HabitueError('invalid_body', `The body is ${describe(body)}; expected an event or {"batch": [...]}.`)
  if (messages.length > largestBatch && !options.historical)
    throw new HabitueError(
      'batch_too_large',
      `The batch has ${messages.length} events; at most ${largestBatch} are taken.`,
    )
  return { messages, shared }
}

function parseMessage(message: unknown, shared: Shared, options: DoorOptions): IncomingEvent {
  if (!isObject(message))
    throw new HabitueError('invalid_event', `An event is ${describe(message)}; expected an object.`)
  checkSize(message, checkContent(message, ''), options)
  const own = objectOf(message.context)
  const context: Fields = shared.context ? { ...shared.context, ...own } : (own ?? {})
  checkIntegrations(message, shared)
  const type = typeOf(options.type ?? message.type)
  const kind = type === 'track' ? kindOf(nameOf(message)) : undefined
  const name = type === 'track' ? (kind?.name ?? nameOf(message)) : ''
  const properties = propertiesOf(type, kind, message, context)
  const who = whoOf(type, message, properties, context, options.historical === true)
  const products = kind === undefined ? [] : productsOf(kind, properties, options.currency)
  const time = eventTime(message, sentTime(message.sentAt) ?? shared.sent, options.received)
  const kept = reduceContext(context)
  const body = JSON.stringify(bodyOf(who, properties, kept, usesDefault(products, properties, options), options))
  const messageId = messageIdOf(message, options)
  const signals = signalsOf(context)
  const event = { messageId, type, name, time, ...who, products, decisionId: decisionIdOf(properties, kept), body }
  return signals === undefined ? event : { ...event, signals }
}

/** `atLeast` is a lower bound; escapes and UTF-8 may make six bytes of one unit, so only large events are measured. */
function checkSize(message: Fields, atLeast: number, options: DoorOptions): void {
  if (options.historical || atLeast <= largestEvent / 6) return
  const bytes = Buffer.byteLength(JSON.stringify(message))
  if (bytes > largestEvent)
    throw new HabitueError('event_too_large', `The event is ${bytes} bytes long; at most ${largestEvent} are taken.`)
}

/** `integrations` says for which destinations an event is; of those only Habitue is here. */
function checkIntegrations(message: Fields, shared: Shared): void {
  const own = objectOf(message.integrations)
  const ours = own?.Habitue ?? shared.integrations?.Habitue
  if (ours === false)
    throw new HabitueError('consent_refused', 'The sender withheld the event: integrations.Habitue is false.')
}

const types: ReadonlySet<unknown> = new Set<EventType>(['track', 'identify', 'page', 'screen', 'group', 'alias'])

function typeOf(given: unknown): EventType {
  if (types.has(given)) return given as EventType
  throw new HabitueError('invalid_event', `The type is ${describe(given)}; expected one of ${[...types].join(', ')}.`)
}

function nameOf(message: Fields): string {
  const { event } = message
  const name = typeof event === 'string' ? event.trim() : ''
  if (name === '')
    throw new HabitueError('invalid_event', `The name of the track, \`event\`, is ${describe(event)}; expected a text.`)
  if (name.length > longestEventName)
    throw new HabitueError(
      'invalid_event',
      `The name of the track is ${name.length} characters long; at most ${longestEventName} are taken.`,
    )
  return name
}

function messageIdOf(message: Fields, options: DoorOptions): string {
  const { messageId } = message
  if (messageId === undefined || messageId === null || messageId === '') return options.world.uuid()
  if (typeof messageId !== 'string')
    throw new HabitueError('invalid_event', `The messageId is ${describe(messageId)}; expected a string.`)
  if (messageId.length >= longestMessageId)
    throw new HabitueError(
      'invalid_event',
      `The messageId is ${messageId.length} characters long; expected fewer than ${longestMessageId}.`,
    )
  return messageId
}

/** The other person to whom something was shown: not our customer, and not asked. */
const otherPeople = ['recipient', 'share_message'] as const

function propertiesOf(type: EventType, kind: EventKind | undefined, message: Fields, context: Fields): Fields {
  const field = type === 'identify' || type === 'group' ? 'traits' : 'properties'
  const given = message[field]
  if (given !== undefined && given !== null && !isObject(given))
    throw new HabitueError('invalid_event', `The ${field} are ${describe(given)}; expected an object.`)
  let properties: Fields = given ?? {}
  if (type === 'identify') {
    const further = objectOf(context.traits)
    if (further) properties = { ...further, ...properties }
  } else if (type === 'page' || type === 'screen') properties = pageOf(message, properties)
  else if (type === 'group') properties = { ...properties, groupId: groupOf(message) }
  properties = withoutNetwork(properties)
  if (kind?.name === 'Product Shared' || kind?.name === 'Cart Shared') properties = without(properties, otherPeople)
  return properties
}

function pageOf(message: Fields, properties: Fields): Fields {
  const page: Record<string, unknown> = { ...properties }
  if (typeof message.name === 'string') page.name = message.name
  if (typeof message.category === 'string') page.category = message.category
  for (const field of ['url', 'referrer', 'path']) if (field in page) page[field] = addressOf(page[field])
  if ('search' in page) page.search = searchOf(page.search)
  return page
}

function groupOf(message: Fields): string {
  const id = normaliseIdentifier('group', message.groupId)
  if (id === null) throw new HabitueError('invalid_event', 'A group needs a groupId that names a group.')
  return id
}

/** Did a product take its currency from the shop's? */
function usesDefault(products: readonly Product[], properties: Fields, options: DoorOptions): boolean {
  return (
    products.some((product) => product.currency === options.currency) &&
    (properties.currency ?? '') !== options.currency
  )
}

function bodyOf(who: Who, properties: Fields, context: Fields, ownCurrency: boolean, options: DoorOptions): EventBody {
  return {
    user: who.userId ?? undefined,
    anonymous: who.anonymousId ?? undefined,
    identifiers: who.identifiers.length > 0 ? who.identifiers : undefined,
    previous: who.previousId ?? undefined,
    historical: options.historical ? true : undefined,
    currency: ownCurrency ? options.currency : undefined,
    properties: isEmpty(properties) ? undefined : properties,
    context: isEmpty(context) ? undefined : context,
  }
}

function isEmpty(fields: Fields): boolean {
  for (const _ in fields) return false
  return true
}

function without(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))
}
