/** Reasons: the structured cause of each item. What they read stands in reason-words.ts. */
import { whyNot } from '../consent/permit.ts'
import type { CustomerState } from './customer-state.ts'
import type { DecisionRequest, Reason, Unpersonalised } from './request.ts'
import type { Candidate } from './rules.ts'

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
