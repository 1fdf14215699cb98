/** Events on their way in, with what visitors do before they log in kept aside, and taken over when they do. */
import type { Policy } from '../consent/policy.ts'
import type { Database } from '../db/database.ts'
import { answersIn } from '../events/answers-given.ts'
import type { IncomingEvent, IngestAnswer, IngestRequest } from '../events/event.ts'
import { type Believed, believe } from '../events/party.ts'
import { type PassingEvent, VolatileSessions } from '../events/volatile-sessions.ts'
import type { World } from '../world.ts'

export interface BeforeLogin {
  readonly visitors: VolatileSessions
  /** Writes what may be stored, keeps what counts for sessions, and takes over the session of who turns out to be known. */
  ingest(request: IngestRequest): Promise<IngestAnswer>
  close(): void
}

interface Needs {
  readonly db: Database
  readonly world: World
  readonly policy: Policy
  /** Told what became of a session's events when its visitor became known. */
  readonly onAdopted: (request: IngestRequest, answer: IngestAnswer) => void
}

/** How often idle sessions are looked for where nobody comes: they are to be gone, not only unseen. */
const everyMs = 60_000

export function beforeLogin({ db, world, policy, onAdopted }: Needs): BeforeLogin {
  const visitors = new VolatileSessions(world)
  const timer = setInterval(() => visitors.sweep(), everyMs)
  timer.unref()
  const write = (request: IngestRequest) => db.write<IngestAnswer>('events.ingest', request)

  /** Of a visitor who is known now: each event is asked about as it would be now. What is not admitted is forgotten. */
  const adopt = async (visitor: string): Promise<void> => {
    const session = visitors.of(visitor)
    if (session === null) return
    const events = [...session.events]
    let isStill = false
    for (const same of Map.groupBy(events, cameAs).values()) {
      const [{ cameWith }] = same
      const own = same.map(({ event }) => event)
      const request = { ...cameWith, received: world.now(), historical: false, events: own }
      const answer = await write(request)
      onAdopted(request, answer)
      isStill ||= answer.session !== undefined
    }
    if (!isStill) visitors.forget(visitor)
  }

  return {
    visitors,
    async ingest(request) {
      const answer = await write(request)
      const passing = new Set(answer.session)
      if (passing.size === 0 && visitors.size === 0) return answer
      const refused = new Set(answer.refused.flatMap((one) => (one.code === 'consent_refused' ? [one.index] : [])))
      const known = new Set<string>()
      for (const [i, event] of request.events.entries()) {
        const visitor = event.anonymousId ?? event.previousId
        if (visitor === null) continue
        if (passing.has(i)) visitors.add(visitor, event, cameWithOf(request))
        else if (endsSession(event, refused.has(i), policy)) visitors.forget(visitor)
        else for (const one of joined(event, request)) if (visitors.of(one) !== null) known.add(one)
      }
      for (const visitor of known) await adopt(visitor)
      return answer
    },
    close() {
      clearInterval(timer)
      visitors.clear()
    },
  }
}

function cameWithOf({ source, trust, gpc }: IngestRequest): PassingEvent['cameWith'] {
  return { source, trust, gpc }
}

const cameAs = ({ cameWith: { source, trust, gpc } }: PassingEvent) => `${trust} ${gpc === true} ${source}`

/** Does the visitor refuse to be gone by, or does his consent banner? */
function endsSession(event: IncomingEvent, isRefused: boolean, policy: Policy): boolean {
  if (isRefused) return event.userId === null && event.signals?.categories !== undefined
  if (event.name !== 'Consent Withdrawn') return false
  return answersIn(event, policy).some(({ purpose, answer }) => purpose === 'personalisation' && answer === 'denied')
}

/** The visitors whom an event joins with somebody who is known. */
function joined(event: IncomingEvent, request: IngestRequest): string[] {
  let believed: Believed
  try {
    believed = believe(event, request)
  } catch {
    return []
  }
  const { trusted, previous } = believed
  if (!trusted.some(({ kind }) => kind !== 'anonymous')) return []
  const own = trusted.filter(({ kind }) => kind === 'anonymous').map(({ value }) => value)
  return previous === null ? own : [...own, previous]
}
