/** What is remembered, to the customer's face, in English. */
import type { FactView } from '../../engine-api.ts'

export type Said = Pick<FactView, 'kind' | 'subject' | 'recipient' | 'value' | 'evidence'>
type Condition = NonNullable<FactView['condition']>

/** How a language says a fact. `about` = its subject in words; `title` gives the title of the shop's item id. */
export interface FactWords {
  sentence(fact: Said, about: string, title: (item: string) => string): string
  condition(condition: Condition): string
  /** Of a channel; absent ones are shown as they are. */
  readonly channels: Readonly<Record<string, string>>
  /** "changed by ..., it was ..." */
  changed(by: string, was: string | null): string
}

export type Fields = Readonly<Record<string, unknown>>

/** The fields of a value that has some. */
export function fieldsOf(value: unknown): Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : {}
}

/** Any value as text. */
export function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(', ')
  if (value !== null && typeof value === 'object')
    return Object.entries(value)
      .map(([name, one]) => `${name}: ${plain(one)}`)
      .join(', ')
  return String(value)
}

const list = (words: readonly string[]) => words.join(' or ')

export const factsInEnglish: FactWords = {
  sentence(fact, about, title) {
    const fields = fieldsOf(fact.value)
    return taste(fact, about, title) ?? people(fact, about, fields, title) ?? dialogue(fact, about, fields)
  },
  condition(condition) {
    const { temperature, timeOfDay: time, weather, weekday, season, occasion, device, place, recipient } = condition
    const { min, max } = temperature ?? {}
    return [
      temperature &&
        (min === undefined ? `below ${max} °C` : max === undefined ? `from ${min} °C` : `from ${min} to ${max} °C`),
      time && ('from' in time ? `from ${time.from} to ${time.until}` : `in the ${list(time)}`),
      weather && `when it is ${list(weather)}`,
      weekday && `on ${list(weekday)}`,
      season && `in ${list(season)}`,
      occasion && `for ${list(occasion)}`,
      device && `on ${list(device)}`,
      place && `at ${list(place)}`,
      recipient && `for ${list(recipient)}`,
    ]
      .filter(Boolean)
      .join(', ')
  },
  channels: {
    api: 'told to the shop',
    page: 'told on this page',
    agent: 'noted by somebody who served you',
    question: 'your answer to a question',
    identify: 'from your account',
    orders: 'from your orders',
    visits: 'from your visits',
    returns: 'from what you sent back',
    mail: 'from your mails',
    import: 'brought along from another system',
  },
  changed: (by, was) => `changed by the ${by}${was === null ? '' : `, it was ${was}`}`,
}

function taste(
  { kind, value, subject, recipient, evidence }: Said,
  about: string,
  title: (item: string) => string,
): string | null {
  switch (kind) {
    case 'preference':
      return value === 'never'
        ? `You never want to see ${about}`
        : `You ${value === 'likes' ? 'like' : 'do not like'} ${about}`
    case 'interest':
      return `You ${value === 'bought' ? 'buy' : 'look at'} ${about}${evidence.length > 1 ? ' again and again' : ''}`
    case 'usual':
      return `Your usual ${about} is ${title(String(value))}`
    case 'quirk':
      return `“${value}”`
    case 'size':
      return `Your size in ${about} is ${value}`
    case 'fit':
      return `${about} ${value === 'true' ? 'is true to size' : `runs ${value}`} for you`
    case 'diet':
      return `You eat ${value}`
    case 'allergy':
      return `You do not tolerate ${about}${typeof value === 'string' ? ` (${value})` : ''}`
    case 'consent':
      return `You ${value === 'granted' ? 'agreed' : 'refused'} that ${recipient === '' ? `what you did in ${about} is used` : `something is chosen for ${recipient}`}`
    case 'language':
      return `Your language: ${nameOfLanguage('en', value)}`
    case 'channel':
      return `You come by ${value}`
    case 'rhythm':
      return subject === 'weekday' ? `You order mostly on ${value}` : `You order ${value}`
    case 'attribute':
    case 'setting':
      return `${about}: ${plain(value)}`
    default:
      return null
  }
}

function people(
  { kind, value, recipient }: Said,
  about: string,
  fields: Fields,
  title: (item: string) => string,
): string | null {
  const whose = recipient === '' ? '' : ` of ${recipient}`
  switch (kind) {
    case 'household':
      return `Your household: ${plain(value)}`
    case 'recipient':
      return `You buy for ${about}${fields.relation ? ` (${fields.relation})` : ''}`
    case 'gift': {
      const items = Array.isArray(fields.items)
        ? fields.items.map((item) => title(String(item))).join(', ')
        : 'something'
      return `You gave ${items} to ${recipient || 'somebody'}${fields.occasion ? ` for ${fields.occasion}` : ''}`
    }
    case 'address':
      return `Address ${about}${whose}: ${Object.values(fields).map(plain).join(', ')}`
    case 'occasion':
      return `${about}${whose}: ${fields.date}`
    case 'payment':
      return `You pay with ${fields.label ?? 'a stored means of payment'}`
    default:
      return null
  }
}

function dialogue({ kind, value }: Said, about: string, fields: Fields): string {
  switch (kind) {
    case 'return':
      return `You sent back ${about}: ${fields.reason}${fields.text ? ` (“${fields.text}”)` : ''}`
    case 'complaint':
      return `${fields.state === 'open' ? 'Your complaint' : 'Your complaint, resolved'}: ${fields.resolution ?? fields.text ?? about}`
    case 'contact':
      return `You asked for help: ${fields.subject ?? fields.text ?? about}`
    case 'email':
      return `Mail “${fields.subject ?? about}”: ${fields.response}`
    case 'survey':
      return `${about}: ${plain(fields.answer ?? fields.score)}`
    case 'note':
      return `Note${fields.author ? ` by ${fields.author}` : ''}: ${fields.text}`
    case 'question':
      return fields.state === 'declined' ? `You would rather not say: ${about}` : `You were asked: ${about}`
    default:
      return `${kind}: ${plain(value)}`
  }
}

/** `de` -> German, in the words of `language`. */
export function nameOfLanguage(language: string, tag: unknown): string {
  try {
    return new Intl.DisplayNames([language], { type: 'language' }).of(String(tag)) ?? String(tag)
  } catch {
    return String(tag)
  }
}
