/** Admitted events for tests: what a test does not care about is filled in. Times are small numbers. */
import type { AdmittedEvent, Product } from '../events/event.ts'

interface Example {
  readonly name?: string
  readonly type?: AdmittedEvent['type']
  readonly time?: number
  readonly message?: string
  readonly identifier?: number | null
  readonly properties?: Readonly<Record<string, unknown>>
  /** Internal item ids, or items with what the test cares about. */
  readonly items?: readonly (number | ExampleItem)[]
  readonly source?: string
}

interface ExampleItem {
  readonly item: number
  readonly quantity?: number
  readonly price?: number | null
  readonly recipient?: string
}

let made = 0

export function exampleEvent(example: Example): AdmittedEvent {
  const items = (example.items ?? []).map((one) => (typeof one === 'number' ? { item: one } : one))
  const identifier = example.identifier === undefined ? 1 : example.identifier
  const time = example.time ?? 1000
  made += 1
  return {
    messageId: example.message ?? `m${made}`,
    type: example.type ?? 'track',
    name: example.name ?? '',
    time,
    userId: null,
    anonymousId: null,
    identifiers: [],
    previousId: null,
    properties: example.properties ?? {},
    context: {},
    products: items.map(productOf),
    source: example.source ?? 'test',
    received: time,
    identifier,
    customer: identifier,
    items: items.map(({ item }) => item),
    historical: false,
    missing: [],
  }
}

function productOf({ item, quantity = 1, price = null, recipient = '' }: ExampleItem): Product {
  const gift = recipient !== ''
  return { names: [`item-${item}`], title: null, category: null, price, currency: null, quantity, gift, recipient }
}
