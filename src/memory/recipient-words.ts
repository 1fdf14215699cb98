/**
 * What the events of a customer say of one person for whom he buys, taken out of them: the name, the address, the occasion,
 * words to and about that person. That something was bought for somebody else stays, under a label that names nobody. Pure.
 */
import type { AdmittedEvent } from '../events/event.ts'
import { tellsFacts } from './fact-events.ts'

type Properties = AdmittedEvent['properties']
type Fields = Readonly<Record<string, unknown>>

/** Are these names of one person? */
export function sameName(a: string, b: string): boolean {
  return folded(a) === folded(b)
}

const folded = (name: string) => name.normalize('NFC').trim().toLowerCase()

export interface ErasedRecipient {
  readonly name: string
  /** The label for the name as it is spelled there. */
  label(spelling: string): string
}

/** What an order says of where it goes, for whom and why. */
const aboutThem = [
  'shipping_address',
  'shippingAddress',
  'address',
  'occasion',
  'occasion_date',
  'occasionDate',
] as const
const addresses = ['shipping_address', 'shippingAddress', 'address', 'billing_address'] as const
/** Words to the recipient, of a line or of the order. */
const toThem = [
  'gift_message',
  'giftMessage',
  'gift_note',
  'card',
  'card_text',
  'engraving',
  'message',
  'note',
] as const
/** Words in which somebody may be spoken of. */
const prose = new Set([
  'text',
  'note',
  'message',
  'comment',
  'comments',
  'subject',
  'reason',
  'resolution',
  'answer',
  'value',
  'delivery_note',
  ...toThem,
])

/** The properties without that person; null = nothing of that person is in them. */
export function withoutRecipient(event: AdmittedEvent, erased: ErasedRecipient): Properties | null {
  const { properties, name } = event
  if (!JSON.stringify(properties).normalize('NFC').toLowerCase().includes(inJson(erased.name))) return null
  if (tellsFacts(name) && isAbout(properties, erased.name)) return { redacted: true }
  const rewritten = spokenOf(orderOf(properties, erased), erased.name)
  return JSON.stringify(rewritten) === JSON.stringify(properties) ? null : rewritten
}

const inJson = (name: string) => JSON.stringify(folded(name)).slice(1, -1)

/** A fact about the person, or a question. */
function isAbout({ kind, subject, recipient, question }: Properties, name: string): boolean {
  const is = (given: unknown) =>
    (typeof given === 'string' || typeof given === 'number') && sameName(String(given), name)
  if (is(recipient) || (kind === 'recipient' && is(subject))) return true
  return typeof question === 'string' && question.startsWith('birthday:') && is(question.slice('birthday:'.length))
}

function orderOf(properties: Properties, erased: ErasedRecipient): Fields {
  const lines = Array.isArray(properties.products) ? (properties.products as unknown[]) : null
  const own = relabelled(properties, erased)
  if (!lines) return own === properties ? properties : without(own, [...aboutThem, ...toThem])
  const products = lines.map((line) => {
    if (line === null || typeof line !== 'object' || Array.isArray(line)) return line
    const fields = relabelled(line as Fields, erased)
    return fields === line ? line : without(fields, toThem)
  })
  if (own === properties && products.every((line, i) => line === lines[i])) return properties
  const isTheirs = own !== properties || products.every((line, i) => line !== lines[i])
  return isTheirs
    ? without({ ...own, products }, [...aboutThem, ...toThem])
    : unaddressed({ ...own, products }, erased.name)
}

/** The recipient of one line, or of the whole event, by the label; the same object where it is somebody else. */
function relabelled(fields: Fields, erased: ErasedRecipient): Fields {
  const name = nameOf(fields.recipient)
  return name !== null && sameName(name, erased.name) ? { ...fields, recipient: erased.label(name) } : fields
}

/** As `productsOf` (events/products.ts) understands a recipient. */
function nameOf(given: unknown): string | null {
  if (typeof given === 'string') return given.trim()
  if (typeof given === 'number') return String(given)
  if (given === null || typeof given !== 'object') return null
  const { id, name, relation } = given as Fields
  return nameOf(id ?? name ?? relation)
}

/** Where others get something too, only an address that names the person goes. */
function unaddressed(fields: Fields, name: string): Fields {
  const theirs = addresses.filter((field) => mentions(JSON.stringify(fields[field] ?? ''), name))
  return without(fields, theirs)
}

function without(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))
}

const pattern = (name: string) =>
  new RegExp(`(?<![\\p{L}\\p{N}])${name.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\p{L}\\p{N}])`, 'giu')

const mentions = (text: string, name: string) => pattern(name).test(text)

/** The text without the name. */
export function unnamed(text: string, name: string): string {
  return text.replace(pattern(name), '…')
}

/** The name in prose, wherever it stands. */
function spokenOf(fields: Fields, name: string): Fields {
  const walk = (value: unknown, isProse: boolean): unknown => {
    if (typeof value === 'string') return isProse ? unnamed(value, name) : value
    if (Array.isArray(value)) return value.map((one) => walk(one, isProse))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, walk(one, prose.has(key))]))
  }
  return walk(fields, false) as Fields
}
