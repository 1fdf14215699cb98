/** What would have held a message back at a time: consent, an open complaint, quiet hours and caps, by their own rules. */
import { quietUntil } from '../calendar/zone.ts'
import type { Config } from '../config.ts'
import type { Person } from '../consent/permit.ts'
import { type Caps, exceeded } from '../messages/caps.ts'
import { capsOf } from '../messages/messenger.ts'
import { parseQuietHours } from '../messages/quiet-hours.ts'
import type { ActionSteps, Outcome } from './actions.ts'
import type { Act, Heard } from './state.ts'

export interface RestraintNeeds {
  readonly config: Pick<Config, 'messages'>
  zone(at: number): string
  readonly personAt: (at: number) => Person
  readonly events: readonly Heard[]
}

const day = 86_400_000

/** Of one customer; keeps what was sent. */
export class Restraint {
  readonly #needs: RestraintNeeds
  readonly #caps: Caps
  /** By `channel:purpose` the times of messages. */
  readonly #sent = new Map<string, number[]>()

  constructor(needs: RestraintNeeds) {
    this.#needs = needs
    this.#caps = capsOf(needs.config.messages.caps)
  }

  /** What would have come of an act. What people and pages would have answered is not known: it comes as done. */
  outcome(act: Act, at: number): Outcome {
    if (act.action !== 'message') return { kind: 'done', detail: { simulated: true } }
    return this.#message(act.options as ActionSteps['message'], at)
  }

  #message({ channel, purpose }: ActionSteps['message'], at: number): Outcome {
    const { personAt, config, zone } = this.#needs
    if (this.#complains(at)) return { kind: 'suppressed', reason: 'open-complaint' }
    if (purpose === 'marketing') {
      const { allowed, reason } = personAt(at).ruling('marketing', channel)
      if (!allowed) return { kind: 'suppressed', reason: `consent: ${reason}` }
      const hours = parseQuietHours(config.messages.quietHours)
      const until = hours === null || hours === 'none' ? null : quietUntil(at, hours, zone(at))
      if (until !== null) return { kind: 'later', at: until, reason: 'quiet hours' }
    }
    const key = `${channel}:${purpose}`
    const sent = this.#sent.get(key) ?? []
    const cap = this.#caps[key]
    const full =
      cap && (exceeded(sent, 0, cap.day, day, at, 'a day') ?? exceeded(sent, 0, cap.week, 7 * day, at, 'a week'))
    if (full) return { kind: 'later', at: full.at, reason: full.reason }
    this.#sent.set(key, [...sent, at])
    return { kind: 'done', detail: { simulated: true } }
  }

  #complains(at: number): boolean {
    let open = 0
    for (const { name, time } of this.#needs.events) {
      if (time > at) break
      if (name === 'Complaint Received') open++
      if (name === 'Complaint Resolved') open = Math.max(0, open - 1)
    }
    return open > 0
  }
}
