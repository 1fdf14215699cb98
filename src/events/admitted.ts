/** An admitted event whose properties and context are read from its stored body only when somebody asks for them. */
import type { Identifier } from '../identity/identity.ts'
import type { AdmittedEvent, AnswerMark, EventBody, EventHead, EventType, Product } from './event.ts'

/** What the writer adds to an incoming event. */
export interface Arrival {
  readonly source: string
  readonly received: number
  readonly identifier: number | null
  readonly customer: number | null
  readonly items: readonly number[]
  readonly missing?: readonly number[]
  readonly historical: boolean
  /** As it is stored: JSON of an `EventBody`. */
  readonly body: string
  readonly claimed: EventBody['claimed']
  readonly answer?: AnswerMark
}

const none: readonly never[] = []

export class StoredEvent implements AdmittedEvent {
  readonly messageId: string
  readonly type: EventType
  readonly name: string
  readonly time: number
  readonly userId: string | null
  readonly anonymousId: string | null
  readonly identifiers: readonly Identifier[]
  readonly previousId: string | null
  readonly products: readonly Product[]
  readonly source: string
  readonly received: number
  readonly identifier: number | null
  readonly customer: number | null
  readonly items: readonly number[]
  readonly missing: readonly number[]
  readonly historical: boolean
  readonly decisionId: string | null
  readonly answer: AnswerMark | undefined
  readonly #body: string
  #parsed: EventBody | undefined

  /** Of what is only claimed nothing is taken over. */
  constructor(event: EventHead, arrival: Arrival) {
    const { claimed } = arrival
    this.messageId = event.messageId
    this.type = event.type
    this.name = event.name
    this.time = event.time
    this.userId = claimed === 'who' ? null : event.userId
    this.anonymousId = event.anonymousId
    this.identifiers = claimed === undefined ? event.identifiers : none
    this.previousId = claimed === 'who' ? null : event.previousId
    this.products = event.products
    this.source = arrival.source
    this.received = arrival.received
    this.identifier = arrival.identifier
    this.customer = arrival.customer
    this.items = arrival.items
    this.missing = arrival.missing ?? none
    this.historical = arrival.historical
    this.decisionId = event.decisionId ?? null
    this.answer = arrival.answer
    this.#body = arrival.body
  }

  get properties(): Readonly<Record<string, unknown>> {
    return this.#read().properties ?? {}
  }

  get context(): Readonly<Record<string, unknown>> {
    return this.#read().context ?? {}
  }

  #read(): EventBody {
    this.#parsed ??= JSON.parse(this.#body) as EventBody
    return this.#parsed
  }
}
