/** What of an event's word about its sender is believed: all from a server, only the visitor's own id from a page. */
import { type ErrorCode, HabitueError } from '../errors.ts'
import type { Identifier } from '../identity/identity.ts'
import { normaliseIdentifier } from '../identity/normal.ts'
import type { Party } from '../identity/resolve.ts'
import type { EventBody, IncomingEvent, IngestRequest, Subject } from './event.ts'

export interface Believed extends Pick<Party, 'trusted' | 'claimed' | 'previous'> {
  /** What is kept of it, see `EventBody.claimed`. */
  readonly mark: EventBody['claimed']
}

/** The party of an event; `trusted` is empty for an event of nobody. @throws HabitueError customer_token_required, invalid_identifier */
export function believe(event: IncomingEvent, request: IngestRequest): Believed {
  const user = event.userId === null ? [] : [{ kind: 'user', value: event.userId }]
  const visitor = event.anonymousId === null ? [] : [{ kind: 'anonymous', value: event.anonymousId }]
  if (request.trust === 'verified') {
    const trusted = [...user, ...event.identifiers, ...visitor]
    if (trusted.length === 0 && !request.historical) throw nobody('invalid_identifier', 'The event names nobody.')
    return { trusted, claimed: [], previous: event.previousId, mark: undefined }
  }
  if (request.subject && event.userId !== null && event.userId === normaliseIdentifier('user', request.subject.user)) {
    const proved = event.identifiers.filter((identifier) => isProved(identifier, request.subject!))
    const claimed = event.identifiers.filter((identifier) => !proved.includes(identifier))
    const mark = event.identifiers.length > 0 ? 'further' : undefined
    return { trusted: [...user, ...proved, ...visitor], claimed, previous: event.previousId, mark }
  }
  if (visitor.length === 0)
    throw nobody(
      'customer_token_required',
      'A page alone may send events of an anonymous visitor (anonymousId); for a userId it needs a customer token of him.',
    )
  const claimed = [...user, ...event.identifiers]
  return { trusted: visitor, claimed, previous: null, mark: claimed.length > 0 || event.previousId ? 'who' : undefined }
}

/** Did the shop's server vouch for this address in the token? */
function isProved({ kind, value }: Identifier, { email }: Subject): boolean {
  return kind === 'email' && email !== null && value === normaliseIdentifier('email', email)
}

function nobody(code: ErrorCode, message: string): HabitueError {
  return new HabitueError(code, message)
}
