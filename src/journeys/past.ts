/** What one customer's events say of him as of a time: his open cart, and where he was. Quickest with times that rise. */
import { zoneOf } from '../calendar/zone.ts'
import type { AdmittedEvent } from '../events/event.ts'
import { type CartLine, type CartState, cartLines, cartOf, emptyCart, mergeCarts } from '../memory/carts.ts'
import { toldWhereabouts } from '../memory/whereabouts.ts'

export class Past {
  readonly #changes: readonly CartState[]
  readonly #zones: readonly { readonly time: number; readonly zone: string }[]
  /** Where he never told where he is, he was where he is now, as far as is known. */
  readonly #zone: string
  #cart = { at: Number.NEGATIVE_INFINITY, next: 0, state: emptyCart }

  /** `events` in order of time; `shop` = its zone, `now` = the customer's today. */
  constructor(events: readonly AdmittedEvent[], { shop, now }: { readonly shop: string; readonly now: string }) {
    this.#changes = events.flatMap((event) => cartOf(event) ?? [])
    this.#zones = zonesOf(events, shop)
    this.#zone = this.#zones.length === 0 ? now : shop
  }

  cart(at: number): { readonly lines: readonly CartLine[]; readonly updated: number } {
    if (at < this.#cart.at) this.#cart = { at, next: 0, state: emptyCart }
    let { next, state } = this.#cart
    for (; next < this.#changes.length && this.#changes[next].updated <= at; next++)
      state = mergeCarts(state, this.#changes[next])
    this.#cart = { at, next, state }
    return { lines: cartLines(state), updated: state.updated }
  }

  zone(at: number): string {
    return this.#zones.findLast(({ time }) => time <= at)?.zone ?? this.#zone
  }
}

/** Since when he was in which zone, by what `identify` told. */
function zonesOf(events: readonly AdmittedEvent[], shop: string): { time: number; zone: string }[] {
  const traits: Record<string, unknown> = {}
  const zones: { time: number; zone: string }[] = []
  for (const { type, time, properties } of events) {
    if (type !== 'identify') continue
    for (const [name, value] of Object.entries(properties)) traits[name] = value ?? undefined
    const { timezone, country } = toldWhereabouts(traits)
    if (timezone !== undefined || country !== undefined) zones.push({ time, zone: zoneOf({ timezone, country }, shop) })
  }
  return zones
}
