/** Where something for somebody goes, and with what it is paid: facts, to which others refer by their ids. Pure. */
import type { FactView } from './fact-view.ts'
import { sameName } from './recipient-words.ts'

/** As the kind `address` has it. */
export interface Address {
  readonly name?: string
  readonly street?: string
  readonly postcode?: string
  readonly city?: string
  readonly region?: string
  readonly country?: string
  readonly note?: string
}

/** The address that he told of this person, else the one to which he had something sent last; null = none is known. */
export function addressFor(facts: readonly FactView[], recipient: string): FactView | null {
  return latest(facts.filter((fact) => fact.kind === 'address' && sameName(fact.recipient, recipient)))
}

/** With what he paid last; null = nothing is known, and the shop asks. */
export function paymentOf(facts: readonly FactView[]): FactView | null {
  return latest(facts.filter(({ kind, recipient }) => kind === 'payment' && recipient === ''))
}

/** Told before observed; of equals what was said or seen last. */
function latest(facts: readonly FactView[]): FactView | null {
  const told = (fact: FactView) => (fact.provenance === 'told' ? 1 : 0)
  const always = facts.filter(({ condition }) => condition === null)
  return always.toSorted((a, b) => told(b) - told(a) || b.confirmed - a.confirmed)[0] ?? null
}

/**
 * Enough to know it again, too little to find it: `M. R., Ga… 12, 80…, München, DE`. The number of a house is shown, for it
 * tells two addresses in one street apart.
 */
export function maskedAddress({ name, street, postcode, city, country }: Address): string {
  const initials = words(name).map((word) => `${[...word][0]}.`)
  const number = words(street).findLast((word) => /^\d/.test(word))
  const parts = [
    initials.join(' '),
    [
      begun(
        words(street).find((word) => !/^\d/.test(word)),
        2,
      ),
      number,
    ]
      .filter(Boolean)
      .join(' '),
    begun(postcode, 2),
    city ?? '',
    country ?? '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}

const words = (text: string | undefined) => (text ?? '').split(/\s+/).filter((word) => word !== '')

function begun(text: string | undefined, letters: number): string {
  return text === undefined || text === '' ? '' : `${[...text].slice(0, letters).join('')}…`
}
