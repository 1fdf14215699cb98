/**
 * What the operator states of a file that holds no answers itself: on which basis its customers are remembered, and how that
 * can be shown. Each customer's first message of a batch is preceded by an answer as of that time; like every imported answer
 * it ends no refusal.
 */
import type { Stated } from './columns.ts'
import type { TrackingMessage } from './messages.ts'

/** For what the customers of an imported history are taken to have agreed. */
const purposes = ['personalisation', 'training']

/** The messages with the answers before them. */
export function withStatements(messages: readonly TrackingMessage[], stated: Stated): TrackingMessage[] {
  const first = new Map<string, TrackingMessage>()
  for (const message of messages) {
    const who = whoOf(message)
    if (who === null) continue
    const known = first.get(who)
    if (known === undefined || Number(message.timestamp) < Number(known.timestamp)) first.set(who, message)
  }
  const answers = [...first.values()].map(({ messageId, userId, anonymousId, context, traits, timestamp }) => ({
    type: 'track',
    event: 'Consent Given',
    messageId: `${messageId}~basis`,
    ...(userId === undefined ? {} : { userId }),
    ...(anonymousId === undefined ? {} : { anonymousId }),
    context: { ...context, ...(traits?.email === undefined ? {} : { traits: { email: traits.email } }) },
    timestamp,
    properties: {
      purposes,
      basis: stated.basis ?? 'consent',
      source: stated.source ?? 'import',
      wording: stated.wording,
    },
  }))
  return [...answers, ...messages]
}

function whoOf({ userId, anonymousId, traits, context }: TrackingMessage): string | null {
  const email = traits?.email ?? (context?.traits as { email?: unknown } | undefined)?.email
  if (userId !== undefined) return `user ${userId}`
  if (anonymousId !== undefined) return `anonymous ${anonymousId}`
  return email === undefined ? null : `email ${String(email)}`
}
