/**
 * What a browser says with every event, made into events of their own where it is news: the state of the consent banner, and
 * Global Privacy Control. They belong to the browser, so that one browser's state never undoes what another's said.
 */

import type { Policy } from '../consent/policy.ts'
import { textOfPurpose } from '../consent/policy.ts'
import { answersOfCategories, answersOfSignal, type Given } from './answers-given.ts'
import type { Candidate } from './candidate.ts'
import type { EventBody, IncomingEvent, IngestRequest } from './event.ts'
import type { Sender } from './people.ts'

/** Events that say what is new about the banner; none where nothing is. */
export function bannerEvents(candidate: Candidate, sender: Sender, policy: Policy): Candidate[] {
  const { event, heard, derived, verified } = candidate
  if (event.signals?.categories === undefined || heard || derived) return []
  const browser = browserOf(candidate, sender)
  const news = answersOfCategories(event.signals.categories, policy).filter((given) => {
    const { purpose, channel, answer } = given
    // Alone, a page cannot agree for a known customer; refuse it can.
    if (answer === 'granted' && !verified && sender.isKnown) return false
    // Of a stranger a refusal needs no row where no answer means no.
    if (
      answer === 'denied' &&
      sender.person.identity === null &&
      policy.bases[given.purpose as 'marketing'] === 'consent'
    )
      return false
    const before = sender.person.answers.findLast(
      (row) =>
        row.source === 'categories' && row.identifier === browser && row.purpose === purpose && row.channel === channel,
    )
    return before?.answer !== answer
  })
  const byAnswer = Map.groupBy(news, ({ answer }) => answer)
  return [...byAnswer.values()].map((given) => derivedFrom(candidate, given))
}

/**
 * The event that says that the signal of Global Privacy Control came, the first time from this browser; null where it did
 * not. Of a stranger of whom nothing is stored, nothing is noted either.
 */
export function signalEvent(
  candidate: Candidate,
  sender: Sender,
  { policy, request }: { readonly policy: Policy; readonly request: IngestRequest },
  isStored: boolean,
): Candidate | null {
  const { event, derived } = candidate
  if (derived || !policy.globalPrivacyControl || !(event.signals?.gpc || request.gpc)) return null
  const { person } = sender
  const browser = browserOf(candidate, sender)
  if (!isStored && person.identity === null) return null
  const heardFrom = browser === null ? (hasBrowser(candidate) ? [] : (person.identity?.identifiers ?? [])) : [browser]
  return heardFrom.some((identifier) => person.hasSignal(identifier)) ? null : derivedFrom(candidate, answersOfSignal)
}

/** The row of the id of the visitor from whose browser it came; null where it is new, or none. */
function browserOf({ believed }: Candidate, { identifiers }: Sender): number | null {
  const visitor = believed.trusted.find(({ kind }) => kind === 'anonymous')?.value
  return identifiers.find(({ kind, value }) => kind === 'anonymous' && value === visitor)?.id ?? null
}

const hasBrowser = ({ believed }: Candidate) => believed.trusted.some(({ kind }) => kind === 'anonymous')

/** `given` all have one answer and one source. */
function derivedFrom({ index, position, event, believed, verified }: Candidate, given: readonly Given[]): Candidate {
  const [{ source, answer }] = given
  const browser = believed.trusted.filter(({ kind }) => kind === 'anonymous')
  const trusted = browser.length > 0 ? browser : believed.trusted
  const of = (wanted: string) => trusted.find(({ kind }) => kind === wanted)?.value
  const identifiers = trusted.filter(({ kind }) => kind !== 'user' && kind !== 'anonymous')
  const body: EventBody = {
    user: of('user'),
    anonymous: of('anonymous'),
    identifiers: identifiers.length > 0 ? identifiers : undefined,
    properties: { purposes: given.map((one) => textOfPurpose(one.purpose as 'marketing', one.channel)), source },
  }
  const made: IncomingEvent = {
    messageId: `${event.messageId}~${source}-${answer}`,
    type: 'track',
    name: answer === 'granted' ? 'Consent Given' : 'Consent Withdrawn',
    time: event.time,
    userId: of('user') ?? null,
    anonymousId: of('anonymous') ?? null,
    identifiers,
    previousId: null,
    products: [],
    body: JSON.stringify(body),
  }
  return {
    index,
    position: position - 1,
    event: made,
    believed: { trusted, claimed: [], previous: null, mark: undefined },
    purpose: 'service',
    given,
    verified,
    derived: true,
  }
}
