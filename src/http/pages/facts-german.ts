/** Was gemerkt ist, dem Kunden ins Gesicht, auf Deutsch. */
import { type FactWords, type Fields, fieldsOf, nameOfLanguage, plain, type Said } from './facts-english.ts'

const list = (words: readonly string[]) => words.map(word).join(' oder ')

/** Words that Habitue itself uses; the shop's and the customer's own stay as they are. */
const known: Readonly<Record<string, string>> = {
  monday: 'Montag',
  tuesday: 'Dienstag',
  wednesday: 'Mittwoch',
  thursday: 'Donnerstag',
  friday: 'Freitag',
  saturday: 'Samstag',
  sunday: 'Sonntag',
  spring: 'Frühling',
  summer: 'Sommer',
  autumn: 'Herbst',
  winter: 'Winter',
  night: 'nachts',
  morning: 'morgens',
  afternoon: 'nachmittags',
  evening: 'abends',
  mobile: 'Mobiltelefon',
  desktop: 'Computer',
  tablet: 'Tablet',
  size: 'Größe',
  quality: 'Qualität',
  damaged: 'beschädigt',
  'not as described': 'anders als beschrieben',
  'changed mind': 'anders überlegt',
  'wrong item': 'falscher Artikel',
  late: 'zu spät',
  other: 'anderer Grund',
  birthday: 'Geburtstag',
  vegan: 'vegan',
  vegetarian: 'vegetarisch',
  shop: 'Laden',
  opened: 'geöffnet',
  clicked: 'angeklickt',
  bounced: 'nicht zustellbar',
  spam: 'als unerwünscht gemeldet',
  unsubscribed: 'abbestellt',
  true: 'ja',
  false: 'nein',
}
const word = (text: unknown) =>
  Object.hasOwn(known, String(text).toLowerCase()) ? known[String(text).toLowerCase()] : plain(text)

export const factsInGerman: FactWords = {
  sentence(fact, about, title) {
    const fields = fieldsOf(fact.value)
    return taste(fact, about, title) ?? people(fact, about, fields, title) ?? dialogue(fact, about, fields)
  },
  condition(condition) {
    const { temperature, timeOfDay: time, weather, weekday, season, occasion, device, place, recipient } = condition
    const { min, max } = temperature ?? {}
    return [
      temperature &&
        (min === undefined ? `unter ${max} °C` : max === undefined ? `ab ${min} °C` : `von ${min} bis ${max} °C`),
      time && ('from' in time ? `von ${time.from} bis ${time.until} Uhr` : list(time)),
      weather && `bei ${list(weather)}`,
      weekday && `am ${list(weekday)}`,
      season && `im ${list(season)}`,
      occasion && `zu ${list(occasion)}`,
      device && `am ${list(device)}`,
      place && `Ort: ${list(place)}`,
      recipient && `für ${list(recipient)}`,
    ]
      .filter(Boolean)
      .join(', ')
  },
  channels: {
    api: 'dem Laden gesagt',
    page: 'auf dieser Seite gesagt',
    agent: 'notiert von jemandem, der Sie bedient hat',
    question: 'Ihre Antwort auf eine Frage',
    identify: 'aus Ihrem Konto',
    orders: 'aus Ihren Bestellungen',
    visits: 'aus Ihren Besuchen',
    returns: 'aus dem, was Sie zurückgeschickt haben',
    mail: 'aus Ihren E-Mails',
    import: 'aus einem anderen System mitgebracht',
  },
  changed: (by, was) => `geändert durch: ${word(by)}${was === null ? '' : `, vorher ${was}`}`,
}

function taste(
  { kind, value, subject, recipient, evidence }: Said,
  about: string,
  title: (item: string) => string,
): string | null {
  switch (kind) {
    case 'preference':
      return value === 'never'
        ? `Sie wollen das nie sehen: ${about}`
        : `${value === 'likes' ? 'Sie mögen' : 'Sie mögen nicht'}: ${about}`
    case 'interest':
      return `Sie ${value === 'bought' ? 'kaufen' : 'sehen an'}${evidence.length > 1 ? ', immer wieder' : ''}: ${about}`
    case 'usual':
      return `Wie immer bei ${about}: ${title(String(value))}`
    case 'quirk':
      return `„${value}“`
    case 'size':
      return `Ihre Größe bei ${about}: ${value}`
    case 'fit':
      return `${about}: ${value === 'true' ? 'passt Ihnen wie angegeben' : value === 'small' ? 'fällt für Sie klein aus' : 'fällt für Sie groß aus'}`
    case 'diet':
      return `Sie essen ${word(value)}`
    case 'allergy':
      return `Sie vertragen nicht: ${about}${typeof value === 'string' ? ` (${value})` : ''}`
    case 'consent':
      return `Sie haben ${value === 'granted' ? 'zugestimmt' : 'abgelehnt'}, dass ${recipient === '' ? `genutzt wird, was Sie bei ${about} tun` : `etwas für ${recipient} ausgesucht wird`}`
    case 'language':
      return `Ihre Sprache: ${nameOfLanguage('de', value)}`
    case 'channel':
      return `Sie kommen über: ${word(value)}`
    case 'rhythm':
      return subject === 'weekday' ? `Sie bestellen meist am ${word(value)}` : rhythm(value)
    case 'attribute':
    case 'setting':
      return `${word(about)}: ${word(value)}`
    default:
      return null
  }
}

/** `every 14 days`, as it is observed. */
function rhythm(value: unknown): string {
  const every = /^(?:about )?every (\d+) days$/.exec(String(value))
  return every ? `Sie bestellen etwa alle ${every[1]} Tage` : `Wie oft Sie bestellen: ${plain(value)}`
}

function people(
  { kind, value, recipient }: Said,
  about: string,
  fields: Fields,
  title: (item: string) => string,
): string | null {
  const whose = recipient === '' ? '' : ` von ${recipient}`
  switch (kind) {
    case 'household':
      return `Ihr Haushalt: ${plain(value)}`
    case 'recipient':
      return `Sie kaufen für ${about}${fields.relation ? ` (${fields.relation})` : ''}`
    case 'gift': {
      const items = Array.isArray(fields.items) ? fields.items.map((item) => title(String(item))).join(', ') : 'etwas'
      return `Sie haben verschenkt: ${items}, an ${recipient || 'jemanden'}${fields.occasion ? ` (${word(fields.occasion)})` : ''}`
    }
    case 'address':
      return `Adresse ${about}${whose}: ${Object.values(fields).map(plain).join(', ')}`
    case 'occasion':
      return `${word(about)}${whose}: ${fields.date}`
    case 'payment':
      return `Sie zahlen mit ${fields.label ?? 'einem gespeicherten Zahlungsmittel'}`
    default:
      return null
  }
}

function dialogue({ kind, value }: Said, about: string, fields: Fields): string {
  switch (kind) {
    case 'return':
      return `Sie haben zurückgeschickt: ${about}, ${word(fields.reason)}${fields.text ? ` („${fields.text}“)` : ''}`
    case 'complaint':
      return `${fields.state === 'open' ? 'Ihre Beschwerde' : 'Ihre Beschwerde, erledigt'}: ${fields.resolution ?? fields.text ?? about}`
    case 'contact':
      return `Sie haben um Hilfe gebeten: ${fields.subject ?? fields.text ?? about}`
    case 'email':
      return `E-Mail „${fields.subject ?? about}“: ${word(fields.response)}`
    case 'survey':
      return `${about}: ${plain(fields.answer ?? fields.score)}`
    case 'note':
      return `Notiz${fields.author ? ` von ${fields.author}` : ''}: ${fields.text}`
    case 'question':
      return `${fields.state === 'declined' ? 'Möchten Sie nicht sagen' : 'Gefragt wurden Sie'}: ${about}`
    default:
      return `${kind}: ${plain(value)}`
  }
}
