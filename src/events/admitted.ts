/** An admitted event whose properties and context are read from its stored body only when somebody asks for them. */
import type { Identifier } from '../identity/identity.ts'
import type { AdmittedEvent, EventBody, EventType, IncomingEvent, Product } from './event.ts'

/** What the writer adds to an incoming event. */
export interface Arrival {
  readonly source: string
  readonly received: number
  readonly identifier: number | null
  readonly customer: number | null
  readonly items: readonly number[]
  readonly historical: boolean
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
  readonly historical: boolean
  /** JSON of an `EventBody`. */
  readonly body: string
  #parsed: EventBody | undefined

  /** `event.body` is as it is stored, marked with what is only claimed: of that nothing is taken over. */
  constructor(event: IncomingEvent, arrival: Arrival, claimed: EventBody['claimed']) {
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
    this.historical = arrival.historical
    this.body = event.body
  }

  get properties(): Readonly<Record<string, unknown>> {
    return this.#read().properties ?? {}
  }

  get context(): Readonly<Record<string, unknown>> {
    return this.#read().context ?? {}
  }

  #read(): EventBody {
    this.#parsed ??= JSON.parse(this.body) as EventBody
    return this.#parsed
  }
}
