/**
 * A permit says: these rows of this customer may be read, for this purpose, up to this ceiling. No store function
 * reads a customer's rows without one, and only this folder makes one.
 */
import type { Identity } from '../identity/identity.ts'

/** Why data is used. */
export type Purpose = 'service' | 'personalisation' | 'marketing' | 'training' | 'research'

/** How personal an answer may be, from the least: a permit's rows may inform nothing above its ceiling. */
export type Ceiling = 'anonymous' | 'general' | 'known' | 'intimate'

/** What makes it lawful; `session` = not to be stored. */
export type Basis = 'consent' | 'contract' | 'legitimate-interest'

declare const granted: unique symbol

export interface Permit {
  readonly [granted]: true
  readonly customer: number
  /** The identifiers that are linked to the customer; rows of memory belong to these. */
  readonly identifiers: readonly number[]
  readonly purpose: Purpose
  readonly ceiling: Ceiling
}

/** A permit over everybody, for a purpose that names nobody (training, statistics). */
export interface PopulationPermit {
  readonly [granted]: true
  readonly purpose: Purpose
}

export interface Policy {
  /** The basis that the operator states and vouches for; null = none. */
  readonly basis: Basis | null
}

/** May this be done with this customer? The one place that decides; pure. Without a basis the answer is no. */
export function may(policy: Policy, _purpose: Purpose): boolean {
  return policy.basis !== null
}

/** What became of an event at the gate: `basis` is kept with it (`purpose:basis`), for it is the decision of its arrival. */
export type Admission =
  | { readonly basis: string; readonly refused?: undefined }
  | { readonly refused: 'consent_refused'; readonly message: string }

/**
 * The one place, before anything is stored, where an event is admitted or refused; pure. `purpose` = why an event of its
 * kind would be kept.
 */
export function admit(policy: Policy, event: { readonly purpose: Purpose }): Admission {
  const { purpose } = event
  if (may(policy, purpose)) return { basis: `${purpose}:${policy.basis}` }
  return {
    refused: 'consent_refused',
    message: `No legal basis is stated for the purpose ${purpose}; the operator states one in the configuration (legalBasis).`,
  }
}

/** The permit to use `identity` for `purpose`, or null where consent does not reach. */
export function permit(
  policy: Policy,
  identity: Identity,
  purpose: Purpose,
  ceiling: Ceiling = 'known',
): Permit | null {
  if (!may(policy, purpose)) return null
  return { customer: identity.customer, identifiers: identity.identifiers, purpose, ceiling } as Permit
}

/** The permit to use what everybody did, for `purpose`, or null. */
export function populationPermit(policy: Policy, purpose: Purpose): PopulationPermit | null {
  return may(policy, purpose) ? ({ purpose } as PopulationPermit) : null
}

/** For now the operator states one basis for all; the full rules come in here. */
export function policyOf(config: { readonly legalBasis: Basis | null }): Policy {
  return { basis: config.legalBasis }
}
