/** The part of the engine that is about one customer: what is remembered of him, what he allows, what he is asked. */
import type { Ceiling } from '../consent/permit.ts'
import type { ConsentView } from '../consent/view.ts'
import type { TimelinePage } from '../events/store.ts'
import type { Identifier } from '../identity/identity.ts'
import type { MemoryDocument, MemoryStatement } from '../memory/document.ts'
import type { GivenFact } from '../memory/fact.ts'
import type { FactView } from '../memory/fact-view.ts'
import type { Question } from '../memory/questions.ts'

export interface CustomersApi {
  find(by: { identifier?: string; order?: string; name?: string; limit: number }): Promise<readonly CustomerSummary[]>
  get(who: Identifier): Promise<CustomerView | null>
  /** The newest first; `before` = the `next` of the page before. Null when nobody is known by that name. */
  timeline(who: Identifier, page: { before?: string; limit: number }): Promise<TimelineView | null>
  orders(who: Identifier): Promise<readonly OrderView[] | null>
  cart(who: Identifier): Promise<CartView | null>
  merges(who: Identifier): Promise<readonly MergeView[] | null>
  /** What was decided for him, the latest first, and what became of it. */
  decisions(who: Identifier, limit: number): Promise<readonly DecisionView[] | null>
  /** @throws HabitueError not_found, conflict */
  undoMerge(id: number): Promise<void>
}

export interface IdentifierView {
  readonly kind: string
  readonly value: string
  readonly firstSeen: number
  readonly lastSeen: number
}

export interface CustomerSummary {
  readonly customer: number
  readonly identifiers: readonly IdentifierView[]
  readonly name: string | null
}

export interface CustomerView extends CustomerSummary {
  readonly created: number
  readonly traits: Readonly<Record<string, unknown>>
  /** What the customer did with each item, the latest first. */
  readonly interactions: readonly InteractionView[]
  /** What pages claimed without proof. */
  readonly claims: readonly { readonly kind: string; readonly value: string; readonly time: number }[]
}

export interface InteractionView {
  readonly item: string
  readonly title: string | null
  readonly recipient: string
  readonly views: number
  readonly carts: number
  readonly bought: number
  readonly orders: number
  readonly returned: number
  readonly wished: number
  readonly refused: number
  readonly rating: number | null
  readonly last: number
}

export type TimelineView = TimelinePage

export interface OrderView {
  readonly number: string
  readonly time: number
  readonly state: string
  readonly total: number | null
  readonly currency: string | null
  readonly lines: readonly {
    readonly item: string
    readonly title: string | null
    readonly quantity: number
    readonly price: number | null
    readonly recipient: string
    readonly returned: number
    readonly reason: string | null
    readonly state: string
  }[]
}

export interface CartView {
  readonly updated: number | null
  readonly currency: string | null
  readonly lines: readonly {
    readonly item: string
    readonly title: string | null
    readonly quantity: number
    readonly price: number | null
  }[]
}

export interface DecisionView {
  readonly decisionId: string
  readonly time: number
  readonly placement: string
  readonly model: string
  readonly items: readonly { readonly item: string; readonly score: number; readonly reason: string }[]
  readonly outcomes: readonly { readonly item: string; readonly kind: string; readonly time: number }[]
}

export interface MergeView {
  readonly id: number
  readonly kept: number
  readonly merged: number
  readonly identifiers: readonly { readonly kind: string; readonly value: string }[]
  readonly cause: string
  readonly time: number
  readonly undone: number | null
}

export interface ConsentApi {
  /** Null where nobody is known by that name. */
  get(who: Identifier): Promise<ConsentView | null>
  /** @throws HabitueError invalid_event where a purpose is unknown */
  answer(who: Identifier, given: GivenAnswers, teller: Teller): Promise<ConsentView>
  /** One of `birthday`, `age` and `audience`. @throws HabitueError invalid_event where it cannot be understood */
  tellAge(who: Identifier, told: Readonly<Record<string, unknown>>, teller: Teller): Promise<ConsentView>
}

export interface GivenAnswers {
  /** By purpose: `personalisation`, `marketing:email`. */
  readonly answers: Readonly<Record<string, 'granted' | 'denied' | 'unset'>>
  readonly source?: string
  readonly wording?: string
  readonly proof?: string
  /** ISO 8601. */
  readonly expires?: string
  readonly basis?: string
  /** When it was given; now where absent. */
  readonly time?: number
}

/** By whom something is told, corrected or deleted. */
export interface Teller {
  /** Id of the key. */
  readonly source: string
  /** `api`, `page`, `agent`, `question`. */
  readonly channel: string
}

/** What a customer told, what was observed and inferred of him; null where nobody is known by that name. */
export interface FactsApi {
  /** What holds now. */
  list(who: Identifier): Promise<readonly FactView[] | null>
  /** @throws HabitueError invalid_fact, consent_refused, card_number */
  tell(who: Identifier, fact: GivenFact, teller: Teller): Promise<FactView>
  /** Puts another in its place; the old one does not come back. @throws HabitueError not_found, invalid_fact */
  correct(who: Identifier, fact: string, changes: GivenFact, teller: Teller): Promise<FactView>
  /** @throws HabitueError not_found */
  remove(who: Identifier, fact: string, teller: Teller): Promise<void>
  /** Takes an item out of his taste, or puts it back. @throws HabitueError unknown_item */
  forget(who: Identifier, item: string, forgotten: boolean, teller: Teller): Promise<void>
  /** What whoever serves him must see first: complaints that are open. */
  attention(who: Identifier): Promise<readonly MemoryStatement[] | null>
  /** Everything as one document; `at` = what was known then, milliseconds. */
  memory(who: Identifier, at?: number): Promise<MemoryDocument | null>
}

/** At most one question at a time, never twice, never what is known. */
export interface QuestionsApi {
  /** Null = nothing is worth asking, or nobody is known. `peek` = look only; else it counts as asked. */
  ask(
    who: Identifier,
    options: { readonly peek: boolean; readonly ceiling?: Ceiling },
    teller: Teller,
  ): Promise<Question | null>
  /** @throws HabitueError not_found (it was not asked), conflict (it was answered), invalid_fact */
  answer(
    who: Identifier,
    given: { readonly question: string; readonly answer: unknown; readonly declined: boolean },
    teller: Teller,
  ): Promise<void>
}
