/**
 * What a decision knows of somebody for whom a customer buys: what the customer told of that person, and nothing that either
 * of them did. Of a child only with the consent of a parent who is told to be an adult; without it what is rated for everyone.
 */
import type { Catalogue } from '../catalog/catalogue.ts'
import { type Ceiling, permit, type RulingReason } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { personOf } from '../consent/store.ts'
import type { Database } from '../db/database.ts'
import type { Identifier } from '../identity/identity.ts'
import { resolve } from '../identity/store.ts'
import { ruleOf } from '../memory/decision-facts.ts'
import { discreetFor } from '../memory/discreet.ts'
import { currentFacts, type FactView } from '../memory/fact-view.ts'
import { storedFacts } from '../memory/facts.ts'
import { type ToldRecipient, toldRecipient } from '../memory/recipient-facts.ts'
import type { World } from '../world.ts'
import { type CustomerState, idsOf } from './customer-state.ts'
import { countMatches, neverShown } from './never-shown.ts'
import type { Serving } from './serving.ts'

export interface RecipientNeeds {
  readonly db: Database
  readonly catalogue: Catalogue
  readonly policy: Policy
  readonly world: World
}

export interface Recipients {
  /** Null = nobody of this name, or the customer told of no such recipient. */
  of(who: Identifier, recipient: string, ceiling: Ceiling, serving: Serving | null): Promise<CustomerState | null>
}

export function recipientStates({ db, catalogue, policy, world }: RecipientNeeds): Recipients {
  return {
    async of(who, recipient, ceiling, serving) {
      const identity = await resolve(db, who)
      // A page that cannot prove who its visitor is learns of nobody's people.
      if (!identity || ceiling === 'anonymous') return null
      const now = world.now()
      const person = await personOf(db, policy, identity, now)
      const known = permit(person, 'personalisation', { ceiling }) ?? permit(person, 'service', { ceiling })
      const facts = known ? currentFacts(await storedFacts(db, known), now) : []
      const told = toldRecipient(facts, recipient, { majority: policy.majority, now })
      if (!told) return null
      const { allowed, reason } = person.ruling('personalisation')
      const hasParent = told.agreed && person.audience.kind === 'adult'
      const refusal = allowed ? (told.isMinor && !hasParent ? 'parent' : null) : reason
      return stateOf({ told, refusal, own: facts, until: person.until }, serving, catalogue)
    },
  }
}

interface Known {
  readonly told: ToldRecipient
  readonly refusal: RulingReason | null
  /** What the customer told of himself. */
  readonly own: readonly FactView[]
  readonly until: number
}

const nothing = { items: new Int32Array(0), weights: new Float32Array(0) }
const none = idsOf([])

/** Nothing of it is logged under a name: a recipient has no profile. */
function stateOf({ told, refusal, own, until }: Known, serving: Serving | null, catalogue: Catalogue): CustomerState {
  // What the customer never wants to see is not shown to him for others either.
  const ownRules = own.flatMap((fact) =>
    fact.provenance === 'told' && fact.recipient === '' && fact.kind === 'preference' ? (ruleOf(fact) ?? []) : [],
  )
  return {
    customer: 0,
    version: 0,
    renamings: catalogue.renamings,
    refusal,
    // Whose age nobody told gets what is rated for everyone.
    age: refusal === 'parent' ? 0 : (told.age ?? 0),
    until,
    rows: told.likes.length,
    identifier: null,
    serving,
    history: nothing,
    owned: none,
    refused: none,
    observed: none,
    provenance: refusal === null && told.likes.length > 0 ? ['told'] : [],
    traits: {},
    recent: [],
    cart: [],
    never: neverShown([...told.never, ...ownRules], catalogue),
    changed: [],
    discreet: discreetFor(new Set(), catalogue),
    ...(refusal === null && told.likes.length > 0 ? { likes: countMatches(told.likes, catalogue) } : {}),
  }
}
