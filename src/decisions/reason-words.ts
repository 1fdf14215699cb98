/** Reasons as one short sentence for people, by language. A sentence names items only where the reason names them as evidence. */
import type { Reason } from './request.ts'

/** A reason as far as it is worded. */
export type Worded = { readonly kind: string } & Pick<Reason, 'because' | 'rating'>

type Rating = NonNullable<Reason['rating']>

interface ReasonWords {
  /** What a reason says that names nothing. */
  readonly general: Readonly<Record<Reason['kind'], string>>
  /** What it says of the items that it names. */
  readonly naming: Readonly<Partial<Record<Reason['kind'], (items: string) => string>>>
  readonly rated: (rating: Rating) => string
  readonly and: string
}

const english: ReasonWords = {
  general: {
    because: 'Because of what you chose',
    taste: 'Suits your taste',
    similar: 'Similar',
    together: 'Often chosen together',
    instead: 'Available now',
    popular: 'Popular right now',
    alike: 'Popular with customers like you',
    trending: 'In demand this week',
    rated: 'Well rated',
    trial: 'To be discovered',
    new: 'New here',
    recent: 'You looked at this recently',
    recipient: 'Fits what you told us',
    again: 'You had this before',
    asked: 'From your list',
    rule: 'Chosen by the shop',
  },
  naming: {
    because: (items) => `Because of ${items}`,
    similar: (items) => `Similar to ${items}`,
    together: (items) => `Often chosen with ${items}`,
    instead: (items) => `Instead of ${items}`,
  },
  rated: ({ expected, ratings, verified }) => {
    const raters = ratings === 1 ? 'one customer' : `${ratings} customers`
    const buyers = verified === 0 ? '' : ratings === 1 ? ', a verified buyer' : `, ${verified} of them verified buyers`
    return `Rated ${expected.toFixed(1)} by ${raters}${buyers}`
  },
  and: 'and',
}

const german: ReasonWords = {
  general: {
    because: 'Wegen dem, was Sie gewählt haben',
    taste: 'Passt zu Ihrem Geschmack',
    similar: 'Ähnlich',
    together: 'Wird oft zusammen gewählt',
    instead: 'Jetzt zu haben',
    popular: 'Gerade beliebt',
    alike: 'Beliebt bei Kunden wie Ihnen',
    trending: 'Diese Woche gefragt',
    rated: 'Gut bewertet',
    trial: 'Zum Entdecken',
    new: 'Neu hier',
    recent: 'Das haben Sie kürzlich angesehen',
    recipient: 'Passt zu dem, was Sie uns gesagt haben',
    again: 'Das hatten Sie schon einmal',
    asked: 'Aus Ihrer Liste',
    rule: 'Vom Laden ausgewählt',
  },
  naming: {
    because: (items) => `Wegen ${items}`,
    similar: (items) => `Ähnlich wie ${items}`,
    together: (items) => `Oft gewählt mit ${items}`,
    instead: (items) => `Anstelle von ${items}`,
  },
  rated: ({ expected, ratings, verified }) => {
    const raters = ratings === 1 ? 'einem Kunden' : `${ratings} Kunden`
    const buyers = verified === 0 ? '' : ratings === 1 ? ', der es gekauft hat' : `, davon ${verified} mit Kauf`
    return `Mit ${expected.toFixed(1).replace('.', ',')} bewertet von ${raters}${buyers}`
  },
  and: 'und',
}

/** To add a language: a line here. */
const languages = new Map<string, ReasonWords>([
  ['en', english],
  ['de', german],
])

/**
 * '' where there is no such kind.
 * @param language a tag such as `de` or `de-AT`; English where it is not listed
 */
export function sentence({ kind, because = [], rating }: Worded, language = 'en'): string {
  const words = languages.get(language) ?? languages.get(language.split('-')[0]) ?? english
  if (!isKind(kind)) return ''
  if (kind === 'rated' && rating) return words.rated(rating)
  const naming = words.naming[kind]
  const names = because.map(({ id, title }) => title ?? id)
  return naming && names.length > 0 ? naming(joined(names, words.and)) : words.general[kind]
}

const isKind = (kind: string): kind is Reason['kind'] => Object.hasOwn(english.general, kind)

function joined(names: readonly string[], and: string): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} ${and} ${names[names.length - 1]}`
}

/** "Rated 4.6 by 120 customers, 95 of them verified buyers" */
export const ratedText = english.rated
