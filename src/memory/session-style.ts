/**
 * What a session shows before an item is chosen in it: what was searched for and looked through, in which range of prices and
 * how long, on what device, from where and at what time of day. By name, as traits are; the names begin with `session:`.
 */
import { isZone } from '../calendar/zone.ts'
import type { EventBody, EventType } from '../events/event.ts'
import { viewNames } from '../events/kinds.ts'
import { isObject } from '../events/message.ts'
import { countsForItems } from './interactions.ts'

/** By name: text, number, or true. */
export type SessionStyle = Readonly<Record<string, string | number | boolean>>

export interface StyleEvent {
  readonly type: EventType
  readonly name: string
  /** Milliseconds. */
  readonly time: number
  /** JSON of an `EventBody`. */
  readonly body: string
}

/** Is this word, or the name of a category, of what may not be gone by? */
export type Unsaid = (text: string) => boolean

export const stylePrefix = 'session:'
/** A session ends with so long a pause. */
const idleMs = 30 * 60_000
/** Events of a session that are read. */
export const mostStyleEvents = 30
const mostWords = 30
const longestWord = 40
const longestName = 80
const devices: ReadonlySet<unknown> = new Set(['mobile', 'tablet', 'desktop'])
const lookedAround: ReadonlySet<string> = new Set(viewNames)
const searchParameters = ['q', 'query', 'search', 's'] as const

/** Of the first session in `events`, which are in order of time. Empty where nothing was looked around. */
export function openingStyle(events: readonly StyleEvent[], zone: string, unsaid: Unsaid): SessionStyle {
  const browsing = events.filter(isBrowsing)
  const pause = browsing.findIndex((event, i) => i > 0 && event.time - browsing[i - 1].time > idleMs)
  return styleOf(pause < 0 ? browsing : browsing.slice(0, pause), zone, unsaid)
}

/** Of the last session in `events`, which are in order of time. */
export function latestStyle(events: readonly StyleEvent[], zone: string, unsaid: Unsaid): SessionStyle {
  const browsing = events.filter(isBrowsing)
  const pause = browsing.findLastIndex((event, i) => i > 0 && event.time - browsing[i - 1].time > idleMs)
  return styleOf(pause < 0 ? browsing : browsing.slice(pause), zone, unsaid)
}

function isBrowsing({ type, name }: StyleEvent): boolean {
  return type === 'page' || type === 'screen' || lookedAround.has(name) || countsForItems(name)
}

function styleOf(session: readonly StyleEvent[], zone: string, unsaid: Unsaid): SessionStyle {
  const [entry] = session
  if (entry === undefined || (countsForItems(entry.name) && !lookedAround.has(entry.name))) return {}
  const style: Record<string, string | number | boolean> = {}
  const say = (name: string, value: string | number | null) => {
    if (value !== null && value !== '') style[stylePrefix + name] = value
  }
  const { context } = bodyOf(entry)
  if (context.device === 'bot' || context.device === 'server') return {}
  say('device', devices.has(context.device) ? String(context.device) : null)
  say('referrer', referrerOf(context))
  say('campaign', textOf(objectOf(context.campaign).source))
  say('hour', hourAt(entry.time, isZone(context.timezone) ? context.timezone : zone))
  const chosen = session.findIndex(({ name }) => countsForItems(name))
  const before = (chosen < 0 ? session : session.slice(0, chosen)).slice(0, mostStyleEvents).map(bodyOf)
  say('depth', before.length)
  const words = [...new Set(before.flatMap(wordsSearched))].filter((word) => !unsaid(word)).slice(0, mostWords)
  for (const word of words) style[`${stylePrefix}searched ${word}`] = true
  for (const category of new Set(before.flatMap(categoryOf))) {
    if (!unsaid(category)) style[`${stylePrefix}category ${category}`] = true
  }
  const prices = before.flatMap(pricesOf).sort((a, b) => a - b)
  say('price', prices.length === 0 ? null : prices[prices.length >> 1])
  return style
}

interface Body {
  readonly name: string
  readonly properties: Readonly<Record<string, unknown>>
  readonly context: Readonly<Record<string, unknown>>
}

function bodyOf({ name, body }: StyleEvent): Body {
  const { properties = {}, context = {} } = JSON.parse(body) as EventBody
  return { name, properties, context }
}

/** Whence he came, if from elsewhere: the host alone. */
function referrerOf(context: Body['context']): string | null {
  const page = objectOf(context.page)
  const from = addressOf(page.referrer)
  return from === null || from.host === addressOf(page.url)?.host ? null : from.host.replace(/^www\./, '')
}

function hourAt(time: number, timeZone: string): number {
  return Number(clockOf(timeZone).format(time))
}

/** A format costs a thousand times its use. Zones are few; a pure function's memo, bounded. */
const clocks = new Map<string, Intl.DateTimeFormat>()

function clockOf(timeZone: string): Intl.DateTimeFormat {
  let clock = clocks.get(timeZone)
  if (clock === undefined) {
    if (clocks.size >= 600) clocks.clear()
    clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', hourCycle: 'h23' })
    clocks.set(timeZone, clock)
  }
  return clock
}

/** Of the event `Products Searched`, or of the address of a page that shows what was found. */
function wordsSearched({ name, properties, context }: Body): string[] {
  const { query } = properties
  if (name === 'Products Searched') return typeof query === 'string' ? styleWords(query) : []
  const address = addressOf(properties.url) ?? addressOf(objectOf(context.page).url)
  return searchParameters.flatMap((parameter) => styleWords(address?.searchParams.get(parameter) ?? ''))
}

/** Lower-cased runs of letters and digits; single characters say nothing. */
export function styleWords(text: string): string[] {
  const words =
    text
      .slice(0, 500)
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  return words.filter((word) => word.length > 1 && word.length <= longestWord)
}

function categoryOf({ name, properties }: Body): string[] {
  if (!name.startsWith('Product List')) return []
  const category = textOf(properties.category) ?? textOf(properties.list_id)
  return category === null ? [] : [category.toLowerCase()]
}

/** What was listed costs, or what a filter by price allows. In major units: no more is asked of it than which range it is. */
function pricesOf({ name, properties }: Body): number[] {
  if (!name.startsWith('Product List')) return []
  const listed = listOf(properties.products).map(({ price }) => Number(price))
  const filtered = listOf(properties.filters)
    .filter(({ type }) => typeof type === 'string' && /price/i.test(type))
    .flatMap(({ value }) => String(value).match(/\d+(\.\d+)?/g) ?? [])
    .map(Number)
  return [...listed, ...filtered].filter((price) => price > 0 && Number.isFinite(price))
}

function listOf(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {}
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, longestName) : null
}

function addressOf(value: unknown): URL | null {
  return typeof value === 'string' ? URL.parse(value) : null
}
