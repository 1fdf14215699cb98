/** What a customer allowed and refused, and what follows from it, as HTTP and the customer's page show it. */
import type { AnswerRow } from './answers.ts'
import type { Audience } from './audience.ts'
import type { Person, Ruling } from './permit.ts'
import { type ChannelBasis, type Policy, type Purpose, profileChannel, purposes, textOfPurpose } from './policy.ts'

export interface PurposeView {
  /** `personalisation`, `marketing:email`. */
  readonly purpose: string
  readonly basis: ChannelBasis | null
  readonly answer: 'granted' | 'denied' | 'unset'
  /** May it be done now? */
  readonly allowed: boolean
  readonly reason: Ruling['reason']
  /** Of the answer that holds; null = none was given. */
  readonly given: Pick<AnswerRow, 'time' | 'source' | 'wording' | 'expires'> | null
}

export interface AnswerView extends Pick<AnswerRow, 'time' | 'received' | 'source' | 'wording' | 'proof' | 'expires'> {
  readonly purpose: string
  readonly answer: AnswerRow['answer']
  readonly basis: string
}

export interface ConsentView {
  readonly policy: Policy['name']
  readonly purposes: readonly PurposeView[]
  readonly audience: Pick<Audience, 'kind' | 'band' | 'age'>
  /** One of his browsers sent the signal of Global Privacy Control. */
  readonly globalPrivacyControl: boolean
  /** Every answer that was ever given, the latest first. */
  readonly history: readonly AnswerView[]
}

export function consentView(person: Person): ConsentView {
  const { audience, answers, policy, identity } = person
  const { kind, band, age } = audience
  return {
    policy: policy.name,
    purposes: shownPurposes(person).map(([purpose, channel]) => purposeView(person, purpose, channel)),
    audience: { kind, band, age },
    globalPrivacyControl: identity?.identifiers.some((identifier) => person.hasSignal(identifier)) ?? false,
    history: answers.toReversed().map((row) => ({
      purpose: row.purpose === 'audience' ? 'audience' : textOfPurpose(row.purpose, row.channel),
      answer: row.answer,
      basis: row.basis,
      time: row.time,
      received: row.received,
      source: row.source,
      wording: row.wording,
      proof: row.proof,
      expires: row.expires,
    })),
  }
}

/** All purposes, and of marketing the channels that the policy or an answer names. */
function shownPurposes({ policy, answers }: Person): (readonly [Purpose, string])[] {
  const answered = answers.filter(({ purpose, channel }) => purpose === 'marketing' && channel !== '')
  const channels = new Set([
    'email',
    profileChannel,
    ...Object.keys(policy.channels),
    ...answered.map((row) => row.channel),
  ])
  return purposes.flatMap((purpose): (readonly [Purpose, string])[] =>
    purpose === 'marketing' ? ['', ...channels].map((channel) => [purpose, channel]) : [[purpose, '']],
  )
}

function purposeView(person: Person, purpose: Purpose, channel: string): PurposeView {
  const { basis, allowed, reason, standing } = person.ruling(purpose, channel)
  const { row } = standing
  return {
    purpose: textOfPurpose(purpose, channel),
    basis,
    answer: standing.answer,
    allowed,
    reason,
    given: row && { time: row.time, source: row.source, wording: row.wording, expires: row.expires },
  }
}
