/** Reasons: the structured cause of each item, and one short sentence for people. */
import { whyNot } from '../consent/permit.ts'
import type { CustomerState } from './customer-state.ts'
import { ratedText } from './rated.ts'
import type { DecisionRequest, Reason, Unpersonalised } from './request.ts'
import type { Candidate } from './rules.ts'

export interface NamedItem {
  readonly id: string
  readonly title: string | null
}

/** The sentence that goes with a reason. It names items only where the reason names them as evidence. */
export function sentence(reason: Reason): string {
  const names = (reason.because ?? []).map(({ id, title }) => title ?? id)
  switch (reason.kind) {
    case 'because':
      return `Because of ${joined(names)}`
    case 'taste':
      return 'Suits your taste'
    case 'similar':
      return names.length > 0 ? `Similar to ${joined(names)}` : 'Similar'
    case 'together':
      return names.length > 0 ? `Often chosen with ${joined(names)}` : 'Often chosen together'
    case 'instead':
      return names.length > 0 ? `Instead of ${joined(names)}` : 'Available now'
    case 'popular':
      return 'Popular right now'
    case 'alike':
      return 'Popular with customers like you'
    case 'trending':
      return 'In demand this week'
    case 'rated':
      return reason.rating ? ratedText(reason.rating) : 'Well rated'
    case 'trial':
      return 'To be discovered'
    case 'new':
      return 'New here'
    case 'recent':
      return 'You looked at this recently'
    case 'recipient':
      return 'Fits what you told us'
    case 'again':
      return 'You had this before'
    case 'asked':
      return 'From your list'
    case 'rule':
      return 'Chosen by the shop'
  }
}

function joined(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`
}

/** A rule that pinned or boosted an item is the reason, whatever a model thinks of it. */
export function ruleReason(candidate: Candidate): Reason | null {
  return candidate.rule === undefined ? null : { kind: 'rule', rule: candidate.rule }
}

/** Why an answer used nothing of what is remembered. */
export function unpersonalised(
  request: Pick<DecisionRequest, 'customer' | 'ceiling'>,
  customer: CustomerState | null,
  serving: unknown,
): Unpersonalised {
  if (request.customer === null) return { code: 'nobody', text: 'It was asked for nobody.' }
  if (customer === null) return { code: 'unknown', text: 'Nobody is remembered by this name.' }
  if (customer.refusal !== null) return { code: customer.refusal, text: whyNot(customer.refusal, 'personalisation') }
  if (request.ceiling === 'anonymous')
    return { code: 'ceiling', text: 'It was asked to use nothing that is remembered.' }
  if (customer.rows === 0) return { code: 'no-history', text: 'Nothing is remembered of this customer yet.' }
  if (serving === null) return { code: 'no-model', text: 'No model is trained yet.' }
  return { code: 'placement', text: 'What was asked for is the same for everybody.' }
}
