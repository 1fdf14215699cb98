/** Whom a message says it is from: ids and further identifiers, in their normal forms, those that name nobody left out. */
import { HabitueError } from '../errors.ts'
import type { Identifier } from '../identity/identity.ts'
import { normaliseIdentifier } from '../identity/normal.ts'
import type { EventType, IncomingEvent } from './event.ts'
import { describe, type Fields, isObject, objectOf } from './message.ts'

const mostIdentifiers = 20

/** How an event names its sender. */
export type Who = Pick<IncomingEvent, 'userId' | 'anonymousId' | 'identifiers' | 'previousId'>

/**
 * How a message names its sender, in normal forms. Only an import (`historical`) may name nobody.
 * @throws HabitueError invalid_identifier
 */
export function whoOf(type: EventType, message: Fields, properties: Fields, context: Fields, historical: boolean): Who {
  const userId = normaliseIdentifier('user', message.userId)
  const anonymousId = normaliseIdentifier('anonymous', message.anonymousId)
  const identifiers = furtherIdentifiers(type === 'identify' ? properties : null, context)
  if (type === 'alias') return { userId, anonymousId, identifiers, previousId: previousOf(message, userId) }
  if (userId === null && anonymousId === null && (identifiers.length === 0 || !historical)) {
    const absent = (message.userId ?? '') === '' && (message.anonymousId ?? '') === ''
    if (!(historical && absent))
      throw new HabitueError(
        'invalid_identifier',
        `The event names nobody: userId is ${describe(message.userId)}, anonymousId is ${describe(message.anonymousId)}.`,
      )
  }
  return { userId, anonymousId, identifiers, previousId: null }
}

/** `previousId` of an alias; null where it equals the new id, which says nothing. */
function previousOf(message: Fields, userId: string | null): string | null {
  const previousId = normaliseIdentifier('previous', message.previousId)
  if (userId === null || previousId === null) {
    const given = `userId is ${describe(message.userId)}, previousId is ${describe(message.previousId)}`
    throw new HabitueError('invalid_identifier', `An alias needs two ids that name somebody: ${given}.`)
  }
  return previousId === userId ? null : previousId
}

const none: readonly Identifier[] = []
const ownKinds: ReadonlyMap<string, string> = new Map([
  ['email', 'email'],
  ['phone', 'phone'],
])
/** Types of `externalIds` that repeat what the message has fields for. */
const fieldKinds: ReadonlySet<string> = new Set([
  'user_id',
  'userId',
  'user',
  'anonymous_id',
  'anonymousId',
  'anonymous',
])
/** Kinds that only the engine itself makes. */
const reservedKinds: ReadonlySet<string> = new Set(['claim'])

/** E-mail, phone and `context.externalIds`, in their normal forms, each once. */
function furtherIdentifiers(traits: Fields | null, context: Fields): readonly Identifier[] {
  const further = traits ?? objectOf(context.traits)
  const external = context.externalIds
  if (further === null && !Array.isArray(external)) return none
  const found: Identifier[] = []
  const add = (kind: string, given: unknown) => {
    const value = normaliseIdentifier(kind, given)
    if (value === null || found.some((one) => one.kind === kind && one.value === value)) return
    if (found.length >= mostIdentifiers)
      throw new HabitueError('invalid_identifier', `The event has more than ${mostIdentifiers} identifiers.`)
    found.push({ kind, value })
  }
  if (further) {
    if (typeof further.email === 'string') add('email', further.email)
    if (typeof further.phone === 'string') add('phone', further.phone)
  }
  for (const one of Array.isArray(external) ? external : []) {
    if (!isObject(one) || typeof one.type !== 'string' || fieldKinds.has(one.type)) continue
    if (!/^[a-zA-Z][\w.-]{0,49}$/.test(one.type) || reservedKinds.has(one.type))
      throw new HabitueError(
        'invalid_identifier',
        `The type of an external id is ${describe(one.type)}; expected a word.`,
      )
    add(ownKinds.get(one.type.toLowerCase()) ?? one.type, one.id)
  }
  return found.length === 0 ? none : found
}
