/**
 * The gate: which events of a batch are admitted, asked of the answers of each one's customer. An answer counts for what
 * comes after it in the same batch, so a batch is taken in *runs*: each ends where the next event hangs on what the run is
 * about to change. A batch in which nobody answers anything is one run.
 */
import { tellsAdult } from '../consent/audience.ts'
import { admit, whyNot } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import type { Tx } from '../db/database.ts'
import { HabitueError } from '../errors.ts'
import { answersIn, answersOfCategories, type Given } from './answers-given.ts'
import { type Candidate, isConditional, isPassing, signalled } from './candidate.ts'
import type { EventRefusal, IngestRequest } from './event.ts'
import { purposeOf } from './kinds.ts'
import { believe } from './party.ts'
import type { People, Sender } from './people.ts'
import { bannerEvents, signalEvent } from './signals.ts'

/** A candidate that may be stored, unless it was before. */
export interface Admitted extends Candidate {
  /** `purpose:basis`. */
  readonly basis: string
  /** Null = nobody, or somebody whose answers it does not hang on. */
  readonly sender: Sender | null
}

export interface Run {
  readonly admitted: readonly Admitted[]
  readonly refused: readonly EventRefusal[]
  /** Positions of events that count for the visitor's session only: nothing of them is stored. */
  readonly session: readonly number[]
  /** What comes after the run is stored. */
  readonly rest: readonly Candidate[]
}

export interface Gate {
  readonly people: People
  readonly policy: Policy
  readonly request: IngestRequest
}

/** Whom each event is believed to be from, and what it answers. Nothing is stored yet. */
export function candidatesOf(
  request: IngestRequest,
  policy: Policy,
): { candidates: Candidate[]; refused: EventRefusal[] } {
  const candidates: Candidate[] = []
  const refused: EventRefusal[] = []
  for (const [index, event] of request.events.entries()) {
    try {
      const believed = believe(event, request)
      const verified = request.trust === 'verified' || believed.trusted.some(({ kind }) => kind === 'user')
      const purpose = purposeOf(event.type, event.name)
      const given = answersIn(event, policy)
      candidates.push({ index, position: 2 * index + 1, event, believed, purpose, given, verified, derived: false })
    } catch (error) {
      if (!(error instanceof HabitueError)) throw error
      refused.push({ index, code: error.code, message: error.message })
    }
  }
  return { candidates, refused }
}

/** The next run of `candidates`, which are not empty. */
export async function nextRun(tx: Tx, candidates: readonly Candidate[], gate: Gate): Promise<Run> {
  const senders = await sendersOf(tx, candidates, gate)
  const admitted: Admitted[] = []
  const refused: EventRefusal[] = []
  const session: number[] = []
  const changed = new Changed()
  const refusing = new Changed()
  for (const [i, candidate] of candidates.entries()) {
    const sender = senders.get(candidate) ?? null
    // What a refusal takes is gone before anything else that the same customer answers in the batch.
    const hangsOn = isConditional(candidate, gate.policy) ? changed : refusing
    if (i > 0 && hangsOn.concerns(candidate, sender)) return { admitted, refused, session, rest: candidates.slice(i) }
    const banner = sender === null ? [] : bannerEvents(candidate, sender, gate.policy)
    if (banner.length > 0) {
      const rest = [...banner, { ...candidate, heard: true }, ...candidates.slice(i + 1)]
      return { admitted, refused, session, rest }
    }
    const outcome = beforeLogin(candidate, sender, gate) ?? decide(candidate, sender, gate.policy)
    const isStored = outcome !== 'session' && 'basis' in outcome
    const signal = sender === null ? null : signalEvent(candidate, sender, gate, isStored)
    if (signal !== null && sender !== null && changed.isFirstSignal(signal))
      admitted.push({ ...signal, basis: 'service:contract', sender })
    if (isStored) {
      admitted.push(outcome)
      const felt = isFelt(candidate, sender, gate)
      changed.note(candidate, sender, felt)
      if (felt && candidate.given.some(mayTake)) refusing.note(candidate, sender, true)
    } else if (outcome === 'session') session.push(candidate.index)
    else refused.push({ index: candidate.index, ...outcome })
  }
  return { admitted, refused, session, rest: [] }
}

/** By candidate; those of nobody, and those that hang on nobody's answers, are absent. */
async function sendersOf(tx: Tx, candidates: readonly Candidate[], { people, policy, request }: Gate) {
  const hanging = candidates.some((candidate) => isConditional(candidate, policy))
  const asked = candidates.filter((candidate) => {
    const { trusted, previous } = candidate.believed
    if (trusted.length === 0) return false
    const joins = hanging && (trusted.length > 1 || previous !== null)
    return joins || isConditional(candidate, policy) || candidate.given.length > 0 || signalled(candidate, request)
  })
  const askings = asked.map(({ believed: { trusted, claimed, previous }, event: { time } }) => {
    return { trusted, claimed, previous, time }
  })
  const found = await people.of(tx, askings, request.received)
  return new Map(asked.map((candidate, i) => [candidate, found[i]]))
}

type Refused = Pick<EventRefusal, 'code' | 'message'>

/**
 * What becomes of what a visitor does in passing; null = he is known, or agreed to be remembered, or the policy makes no
 * difference, so it is decided as everything is. Nothing that is a refusal elsewhere is a session here.
 */
function beforeLogin(candidate: Candidate, sender: Sender | null, gate: Gate): 'session' | Refused | null {
  const { policy, request } = gate
  if (policy.beforeLogin === 'remember' || request.historical) return null
  if (sender === null || sender.isKnown || !isPassing(candidate)) return null
  if (policy.beforeLogin === 'never')
    return { code: 'consent_refused', message: 'This shop neither uses nor keeps what visitors do before they log in.' }
  const { allowed, reason } = sender.person.ruling('personalisation')
  if (reason === 'granted') return null
  const categories = candidate.event.signals?.categories
  const banner = categories === undefined ? [] : answersOfCategories(categories, policy)
  const isRefused = banner.some(({ purpose, answer }) => purpose === 'personalisation' && answer === 'denied')
  if ((allowed || reason === 'unset' || reason === 'expired') && !isRefused) return 'session'
  return { code: 'consent_refused', message: whyNot(isRefused ? 'denied' : reason, 'personalisation') }
}

/** Kinds of events that are nothing but an answer. */
const answering: ReadonlySet<string> = new Set(['Consent Given', 'Consent Withdrawn', 'Consent Reset', 'Audience Told'])

function decide(candidate: Candidate, sender: Sender | null, policy: Policy): Admitted | Refused {
  const { given, verified, purpose, event } = candidate
  if (!verified && sender?.isKnown && given.some(({ answer }) => answer === 'granted' || answer === 'unset'))
    return {
      code: 'customer_token_required',
      message: 'A page alone cannot agree for a known customer: send his customer token with the answer.',
    }
  const answers = answering.has(event.name)
  const admission = admit(policy, sender?.person ?? null, { purpose, time: event.time, answers })
  if (admission.refused !== undefined) return { code: admission.refused, message: admission.message }
  return { ...candidate, basis: admission.basis, sender }
}

/** Nearly every identify tells a birthday: that of an adult, of whom nobody thought otherwise, ends no run. */
function isFelt({ given }: Candidate, sender: Sender | null, { policy, request }: Gate): boolean {
  const wasMinor = sender?.person.audience.kind === 'minor'
  return given.some((one) => one.purpose !== 'audience' || wasMinor || !tellsAdult(one, policy, request.received))
}

/** A refusal, or an age. */
function mayTake({ answer }: Given): boolean {
  return answer === 'denied' || answer === 'told'
}

/** Whose answers, or links of somebody who answered, a run is about to change. */
class Changed {
  readonly #names = new Set<string>()
  readonly #customers = new Set<number>()
  readonly #signals = new Set<string>()

  /** `felt` = what it answers may change what is allowed. */
  note({ believed: { trusted, previous } }: Candidate, sender: Sender | null, felt: boolean): void {
    const joins = sender !== null && !sender.isWhole && sender.person.answered
    if (!felt && !joins) return
    for (const { kind, value } of trusted) this.#names.add(`${kind} ${value}`)
    if (previous !== null) this.#names.add(`anonymous ${previous}`)
    for (const customer of sender?.customers ?? []) this.#customers.add(customer)
  }

  concerns({ believed: { trusted } }: Candidate, sender: Sender | null): boolean {
    if (this.#names.size === 0) return false
    if (trusted.some(({ kind, value }) => this.#names.has(`${kind} ${value}`))) return true
    return sender?.customers.some((customer) => this.#customers.has(customer)) ?? false
  }

  /** One browser's signal is noted once a batch. */
  isFirstSignal({ believed: { trusted } }: Candidate): boolean {
    const [{ kind, value }] = trusted
    const name = `${kind} ${value}`
    if (this.#signals.has(name)) return false
    this.#signals.add(name)
    return true
  }
}
