/** Facts in plain English: one sentence for what it says, one for where it comes from. */
import { describeCondition } from './conditions.ts'
import type { FactView } from './fact-view.ts'

type Fields = Readonly<Record<string, unknown>>
type TitleOf = (item: string) => string

/** What the fact says. `titleOf` gives the title of the shop's item id. */
export function sentenceOf(fact: FactView, titleOf: TitleOf): string {
  const said = plain(fact, titleOf)
  const condition = fact.condition ? `, ${describeCondition(fact.condition)}` : ''
  const changed = fact.by
    ? ` (changed by the ${fact.by}${fact.was === undefined ? '' : `; was ${show(fact.was)}`})`
    : ''
  return `${said}${condition}${changed}`
}

function plain(fact: FactView, titleOf: TitleOf): string {
  const { kind, recipient, value } = fact
  const about = subjectOf(fact.subject, titleOf)
  const fields = (value !== null && typeof value === 'object' ? value : {}) as Fields
  switch (kind) {
    case 'preference':
      return value === 'never' ? `Never wants to see ${about}` : `${value === 'likes' ? 'Likes' : 'Dislikes'} ${about}`
    case 'interest':
      return `${value === 'bought' ? 'Buys' : 'Looks at'} ${about}${fact.evidence.length > 1 ? ' again and again' : ''}`
    case 'usual':
      return `The usual ${about}: ${titleOf(String(value))}`
    case 'quirk':
      return `“${value}”`
    case 'size':
      return `Size ${value} in ${about}`
    case 'fit':
      return `${about} ${value === 'true' ? 'comes out true to size' : `runs ${value}`}`
    case 'diet':
      return `Eats ${value}`
    case 'allergy':
      return `Does not tolerate ${about}${typeof value === 'string' ? ` (${value})` : ''}`
    case 'consent':
      return `${value === 'granted' ? 'Agreed' : 'Refused'} that ${recipient === '' ? `${about} is used` : `something is chosen for ${recipient}`}`
    case 'language':
      return `Speaks ${value}`
    case 'channel':
      return `Comes by ${value}`
    case 'rhythm':
      return fact.subject === 'weekday' ? `Orders mostly on ${value}` : `Orders ${value}`
    case 'attribute':
    case 'setting':
      return `${about}: ${show(value)}`
    case 'return':
      return `Sent back ${about}: ${fields.reason}${fields.text ? ` (“${fields.text}”)` : ''}`
    default:
      return peopleOrDialogue(fact, about, recipient, fields, titleOf)
  }
}

function peopleOrDialogue(
  { kind, value }: FactView,
  about: string,
  recipient: string,
  fields: Fields,
  titleOf: TitleOf,
): string {
  const whose = recipient === '' ? '' : ` of ${recipient}`
  switch (kind) {
    case 'household':
      return `Household: ${show(value)}`
    case 'recipient':
      return `Buys for ${about}${fields.relation ? ` (${fields.relation})` : ''}`
    case 'gift': {
      const items = ((fields.items ?? []) as readonly string[]).map(titleOf).join(', ')
      const occasion = fields.occasion ? ` for ${fields.occasion}` : ''
      return `Gave ${items || 'something'} to ${recipient || 'somebody'}${occasion}${fields.place ? `, sent to ${fields.place}` : ''}`
    }
    case 'address':
      return `Address ${about}${whose}: ${Object.values(fields).join(', ')}`
    case 'occasion':
      return `${about}${whose}: ${fields.date}`
    case 'payment':
      return `Pays with ${fields.label ?? 'a stored means of payment'}`
    case 'complaint':
      return fields.state === 'open'
        ? `Open complaint: ${fields.text ?? about}`
        : `Complaint resolved: ${fields.resolution ?? fields.text ?? about}`
    case 'contact':
      return `Asked for help${fields.channel ? ` by ${fields.channel}` : ''}: ${fields.subject ?? fields.text ?? ''}`.replace(
        /: $/,
        '',
      )
    case 'email':
      return `Mail “${fields.subject ?? about}”: ${fields.response}`
    case 'survey':
      return `${about}: ${show(fields.answer ?? fields.score)}`
    case 'note':
      return `Note${fields.author ? ` by ${fields.author}` : ''}: ${fields.text}`
    case 'question':
      return fields.state === 'declined' ? `Would rather not say: ${about}` : `Was asked: ${about}`
    default:
      return `${kind}: ${show(value)}`
  }
}

/** `item:x` by its title, `category:y` and `attribute:z=v` by their names. */
export function subjectOf(subject: string, titleOf: TitleOf): string {
  if (subject.startsWith('item:')) return titleOf(subject.slice(5))
  if (subject.startsWith('category:')) return subject.slice(9)
  return subject.startsWith('attribute:') ? subject.slice(10).replace('=', ' ') : subject
}

function show(value: unknown): string {
  if (Array.isArray(value)) return value.map(show).join(', ')
  if (value !== null && typeof value === 'object')
    return Object.entries(value)
      .map(([name, one]) => `${name} ${show(one)}`)
      .join(', ')
  return String(value)
}

const channels: Readonly<Record<string, string>> = {
  api: 'told to the shop',
  page: 'told on the customer’s page',
  agent: 'noted by whoever served him',
  question: 'answered when asked',
  identify: 'from the account',
  orders: 'seen in orders',
  visits: 'seen in visits',
  returns: 'seen in returns',
  mail: 'seen in mails',
  import: 'imported',
}

/** Where it comes from. */
export function sourceOf({ channel, provenance }: FactView): string {
  const known = channels[channel]
  if (known) return provenance === 'inferred' ? `inferred; ${known}` : known
  const way = provenance === 'told' ? 'told' : provenance
  return channel === '' ? way : `${way} (${channel})`
}
