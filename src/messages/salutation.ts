/** How a customer is addressed. What is no name is not used: nobody is ever greeted as "Dear null". */

/** The parts of a name as traits tell them. */
export interface PersonName {
  readonly first: string | null
  readonly last: string | null
  /** A form of address as told: Ms, Mr, Frau, Herr, Dr. */
  readonly title: string | null
}

const noNames = new Set(
  ['null', 'undefined', 'none', 'n/a', 'na', 'nan', 'unknown', 'anonymous', 'guest', 'test', 'user', 'customer'].concat(
    ['unbekannt', 'gast', 'kunde', 'true', 'false', 'firstname', 'lastname', 'first name', 'name', 'vorname'],
  ),
)
const longestName = 60

/** The text where it can be a name: letters, and nothing that is a link, an address, a template's hole or a number. */
export function nameOf(value: unknown): string | null {
  if (typeof value !== 'string') return null
  const text = value.normalize('NFC').replace(/\s+/g, ' ').trim()
  if (text.length === 0 || text.length > longestName || noNames.has(text.toLowerCase())) return null
  if (!/\p{L}/u.test(text) || /[@<>{}\\/|#*_=\d]|www\.|\.(com|net|org|ru|info)\b/iu.test(text)) return null
  // Shouted or mumbled names are written the usual way; a name of mixed letters is as its bearer wrote it.
  const isFlat = text === text.toLowerCase() || (text === text.toUpperCase() && text.length > 3)
  return isFlat ? text.toLowerCase().replace(/(^|[\s'-])\p{L}/gu, (letter) => letter.toUpperCase()) : text
}

export function personName(traits: Readonly<Record<string, unknown>>): PersonName {
  const first = nameOf(traits.firstName ?? traits.first_name ?? traits.givenName)
  const last = nameOf(traits.lastName ?? traits.last_name ?? traits.familyName)
  const title = nameOf(traits.title ?? traits.salutation ?? traits.honorific)
  if (first !== null || last !== null) return { first, last, title }
  const whole = nameOf(traits.name)
  if (whole === null) return { first: null, last: null, title }
  const parts = whole.split(' ')
  return parts.length === 1
    ? { first: whole, last: null, title }
    : { first: parts[0], last: parts[parts.length - 1], title }
}

interface Manner {
  formal(title: string, last: string): string
  familiar(first: string): string
  readonly nobody: string
}

/** By language, two letters. */
const manners: Readonly<Record<string, Manner>> = {
  en: { formal: (title, last) => `Dear ${title} ${last}`, familiar: (first) => `Hello ${first}`, nobody: 'Hello' },
  de: {
    formal: (title, last) => `Guten Tag ${title} ${last}`,
    familiar: (first) => `Hallo ${first}`,
    nobody: 'Guten Tag',
  },
  fr: {
    formal: (title, last) => `Bonjour ${title} ${last}`,
    familiar: (first) => `Bonjour ${first}`,
    nobody: 'Bonjour',
  },
  es: { formal: (title, last) => `Hola, ${title} ${last}`, familiar: (first) => `Hola, ${first}`, nobody: 'Hola' },
  it: {
    formal: (title, last) => `Gentile ${title} ${last}`,
    familiar: (first) => `Ciao ${first}`,
    nobody: 'Buongiorno',
  },
  nl: { formal: (title, last) => `Beste ${title} ${last}`, familiar: (first) => `Hallo ${first}`, nobody: 'Hallo' },
}

/** Without a comma at its end. In a language that is not listed, in English. */
export function salutation({ first, last, title }: PersonName, language: string): string {
  const manner = manners[language] ?? manners.en
  if (title !== null && last !== null) return manner.formal(title, last)
  return first !== null ? manner.familiar(first) : manner.nobody
}

/** The first two letters of what `language` or `locale` says; null where neither says any. */
export function languageOf(traits: Readonly<Record<string, unknown>>): string | null {
  for (const name of ['language', 'locale', 'lang']) {
    const value = traits[name]
    if (typeof value === 'string' && /^[A-Za-z]{2}(?:$|[-_])/.test(value)) return value.slice(0, 2).toLowerCase()
  }
  return null
}
