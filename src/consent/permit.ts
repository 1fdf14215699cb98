/**
 * A permit says: these rows of this customer may be read, for this purpose, up to this ceiling. No store function
 * reads a customer's rows without one, and only this folder makes one.
 */
import type { Identity } from '../identity/identity.ts'
import { type AnswerRow, inOrder, rowsFor, type Standing, standingOf, strictest, unanswered } from './answers.ts'
import { type Audience, audienceOf, unknownAudience } from './audience.ts'
import { basisOf, type ChannelBasis, type Policy, type Purpose, textOfPurpose } from './policy.ts'

/** How personal an answer may be, from the least: a permit's rows may inform nothing above its ceiling. */
export type Ceiling = 'anonymous' | 'general' | 'known' | 'intimate'

declare const granted: unique symbol

export interface Permit {
  readonly [granted]: true
  readonly customer: number
  /** The identifiers that are linked to the customer; rows of memory belong to these. */
  readonly identifiers: readonly number[]
  readonly purpose: Purpose
  readonly ceiling: Ceiling
  /**
   * By identifier the time before which what it did is not used for this purpose, because it was refused since; one that
   * never refused is absent. Null = none did.
   */
  readonly since: ReadonlyMap<number, number> | null
}

/** A permit over many, for a purpose that names nobody (training, statistics). */
export interface PopulationPermit {
  readonly [granted]: true
  readonly purpose: Purpose
  /** When it was made, and from which age on somebody is no minor. */
  readonly now: number
  readonly majority: number
  /** The permit of one customer, or null where consent does not reach him. */
  of(customer: number, identifiers: readonly number[]): Permit | null
}

/** Why something may, or may not, be done. */
export type RulingReason =
  | 'granted'
  | 'contract'
  | 'legitimate-interest'
  | 'soft-opt-in'
  | 'no-basis'
  | 'unset'
  | 'expired'
  | 'denied'
  | 'minor'
  /** Of a recipient who is a minor: no parent, told to be an adult, agreed. */
  | 'parent'

export interface Ruling {
  readonly allowed: boolean
  readonly reason: RulingReason
  /** What makes it lawful: the operator's basis, or what an import stated. */
  readonly basis: ChannelBasis | null
  readonly standing: Standing
  /** What happened before this time was not gathered under it. */
  readonly from: number
  /** When it may become another by itself. */
  readonly until: number
}

/** A person of whom all answers are known: what every question about consent is asked of. Rulings are kept. */
export class Person {
  readonly policy: Policy
  /** Null = somebody of whom nothing is stored. */
  readonly identity: Identity | null
  readonly now: number
  /** All that he answered, in order of arrival. */
  readonly answers: readonly AnswerRow[]
  readonly #rows: ReadonlyMap<number, readonly AnswerRow[]>
  /** When anything about him may become another by itself. */
  readonly until: number
  readonly #rulings = new Map<string, Ruling>()
  #audience: Audience | undefined

  /** He bought before: what the soft opt-in asks. Not known here: who asks about it says so. */
  readonly hasBought: boolean

  /** `rows` = all answers of the identifiers of `identity`. */
  constructor(policy: Policy, identity: Identity | null, rows: readonly AnswerRow[], now: number, hasBought = false) {
    this.hasBought = hasBought
    this.policy = policy
    this.identity = identity
    this.now = now
    this.answers = inOrder(rows)
    const ends = rows.flatMap(({ expires }) => (expires !== null && expires > now ? [expires] : []))
    const own = new Set(identity?.identifiers)
    this.#rows =
      rows.length === 0
        ? none
        : new Map([...own].map((identifier) => [identifier, rowsFor(this.answers, identifier, own)]))
    this.until = Math.min(this.audience.until, ...ends)
  }

  /** Did he ever answer anything, or tell of his age? */
  get answered(): boolean {
    return this.#rows.size > 0
  }

  get audience(): Audience {
    if (this.#audience === undefined) {
      const told = [...this.#rows.values()].map((rows) => rows.filter(({ purpose }) => purpose === 'audience'))
      this.#audience = told.length === 0 ? unknownAudience : audienceOf(this.policy, told, this.now)
    }
    return this.#audience
  }

  /** Has the same as `now`, as long as `until` is not reached. */
  ruling(purpose: Purpose, channel = ''): Ruling {
    const key = channel === '' ? purpose : textOfPurpose(purpose, channel)
    let ruling = this.#rulings.get(key)
    if (ruling === undefined) {
      ruling = rule(this, purpose, channel)
      this.#rulings.set(key, ruling)
    }
    return ruling
  }

  /** What his answers come to, whatever the basis. */
  standing(purpose: Purpose, channel = ''): Standing {
    return this.answered ? strictest([...this.standings(purpose, channel).values()]) : unanswered
  }

  /** The same, by identifier. */
  standings(purpose: Purpose, channel = ''): Map<number, Standing> {
    const found = new Map<number, Standing>()
    for (const [identifier, rows] of this.#rows) {
      const about = rows.filter((row) => row.purpose === purpose && (row.channel === '' || row.channel === channel))
      found.set(identifier, standingOf(about, this.now))
    }
    return found
  }

  /** As far as one identifier's own rows tell. */
  audienceOf(identifier: number): Audience {
    const rows = this.answers.filter((row) => row.purpose === 'audience' && row.identifier === identifier)
    return audienceOf(this.policy, [rows], this.now)
  }

  /** Did this identifier's browser send the signal of Global Privacy Control before? */
  hasSignal(identifier: number): boolean {
    return this.#rows.get(identifier)?.some((row) => row.identifier === identifier && row.source === 'gpc') ?? false
  }
}

const none: ReadonlyMap<number, readonly AnswerRow[]> = new Map()

/** May this be done with this person? The one place that decides. */
function rule(person: Person, purpose: Purpose, channel: string): Ruling {
  const basis = basisOf(person.policy, purpose, channel)
  const standing = person.standing(purpose, channel)
  const { audience } = person
  const until = Math.min(standing.until, audience.until)
  const ruled = (allowed: boolean, reason: RulingReason): Ruling => {
    const stated = allowed && standing.answer === 'granted' ? (standing.row?.basis as ChannelBasis) : basis
    return { allowed, reason, basis: stated, standing, from: standing.from, until }
  }
  if (basis === null) return ruled(false, 'no-basis')
  // What is needed to do what he asked for is no matter of answers, nor of age.
  if (purpose === 'service' && basis === 'contract') return ruled(true, 'contract')
  if (audience.kind === 'minor' && !(purpose === 'service' || (purpose === 'research' && audience.band === 'teen')))
    return ruled(false, 'minor')
  if (standing.answer === 'denied') return ruled(false, 'denied')
  if (standing.answer === 'granted') return ruled(true, 'granted')
  if (basis === 'consent' || (basis === 'soft-opt-in' && !person.hasBought))
    return ruled(false, standing.expired ? 'expired' : 'unset')
  return ruled(true, basis)
}

/** What became of an event at the gate: `basis` is kept with it (`purpose:basis`), for it is the decision of its arrival. */
export type Admission =
  | { readonly basis: string; readonly refused?: undefined }
  | { readonly refused: 'consent_refused'; readonly message: string }

/**
 * Where an event is admitted or refused, before anything of it is stored. `purpose` = why an event of its kind would be
 * kept; `person` null = it names nobody, and feeds aggregates only; `answers` = it is an answer about consent itself.
 */
export function admit(
  policy: Policy,
  person: Person | null,
  { purpose, time, answers = false }: { readonly purpose: Purpose; readonly time: number; readonly answers?: boolean },
): Admission {
  if (person === null) {
    const basis = policy.bases[purpose]
    return basis === null ? refusal('no-basis', purpose) : { basis: `${purpose}:${basis}` }
  }
  const ruling = person.ruling(purpose)
  // Else nobody could ever agree, nor refuse: that somebody answered is kept because the shop must be able to show it.
  if (answers && ruling.reason !== 'no-basis') return { basis: `${purpose}:${ruling.basis}` }
  if (!ruling.allowed) return refusal(ruling.reason, purpose)
  // Service does not begin with an answer; everything else is admitted only from the answer on.
  if (time < ruling.from && purpose !== 'service')
    return {
      refused: 'consent_refused',
      message: `It happened before ${purpose} was allowed, at ${new Date(ruling.from).toISOString()}.`,
    }
  return { basis: `${purpose}:${ruling.basis}` }
}

function refusal(reason: RulingReason, purpose: Purpose): Admission {
  return { refused: 'consent_refused', message: sentences[reason]?.(purpose) ?? `Consent does not reach ${purpose}.` }
}

/** Why not, for the developer who meets it. */
const sentences: Partial<Record<RulingReason, (purpose: Purpose) => string>> = {
  'no-basis': (purpose) =>
    `No legal basis is stated for the purpose ${purpose}; the operator states one in the configuration.`,
  unset: (purpose) => `The purpose ${purpose} rests on consent, and this customer has given no answer.`,
  expired: (purpose) => `This customer's consent to the purpose ${purpose} has expired.`,
  denied: (purpose) => `This customer refused the purpose ${purpose}.`,
  parent: () =>
    'This recipient is a minor: nothing is chosen for him until the customer, who must be known to be an adult, agrees to it.',
  minor: (purpose) => `This customer is a minor: nothing is done for the purpose ${purpose}.`,
}

/** The same for people. */
export function whyNot(reason: RulingReason, purpose: Purpose): string {
  return sentences[reason]?.(purpose) ?? `Consent does not reach ${purpose}.`
}

export interface PermitOptions {
  /** `known` by default. */
  readonly ceiling?: Ceiling
  /** Of marketing. */
  readonly channel?: string
  /** The rows of this identifier alone. */
  readonly alone?: number
}

/** The permit to use what is remembered of `person` for `purpose`, or null where consent does not reach. */
export function permit(
  person: Person,
  purpose: Purpose,
  { ceiling = 'known', channel = '', alone }: PermitOptions = {},
): Permit | null {
  const { identity } = person
  if (identity === null || !person.ruling(purpose, channel).allowed) return null
  const { customer } = identity
  const identifiers = alone === undefined ? identity.identifiers : [alone]
  return { customer, identifiers, purpose, ceiling, since: sinceOf(person, purpose, channel) } as Permit
}

function sinceOf(person: Person, purpose: Purpose, channel: string): Permit['since'] {
  if (!person.answered || purpose === 'service') return null
  const refused = [...person.standings(purpose, channel)].flatMap(([identifier, { since }]) =>
    since > 0 ? [[identifier, since] as const] : [],
  )
  return refused.length > 0 ? new Map(refused) : null
}

/** For `store.ts`: a permit over everybody. */
export function populationPermitOf(
  purpose: Purpose,
  { now, majority }: Pick<PopulationPermit, 'now' | 'majority'>,
  of: PopulationPermit['of'],
): PopulationPermit {
  return { purpose, now, majority, of } as PopulationPermit
}
