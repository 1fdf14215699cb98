/**
 * What can be seen in a customer's events without a model: sizes, language, devices, rhythms, for whom he buys and where it
 * goes, why things came back, what he comes back to. A pure function of the events, made whenever somebody asks: so a
 * deletion, a merge or its undoing has nothing to repair here.
 */
import type { AdmittedEvent } from '../events/event.ts'
import type { Statement } from './fact.ts'
import type { FactKindName } from './fact-kinds.ts'
import { observedPeople } from './observed-people.ts'
import { type Purchase, purchasesOf } from './purchases.ts'
import { fitOf, returnReason } from './return-reasons.ts'
import { type Observing, sighted } from './sighted.ts'
import { toldTraits } from './told-traits.ts'

const MS_A_DAY = 86_400_000

/**
 * All that the events of a customer show. What is no more than the record of his orders, returns and mails is shown whatever
 * he allows; a profile (taste, rhythms, sizes) is made only of what may be used for one, `profile`.
 */
export function observe(given: Omit<Observing, 'purchases'>, profile: readonly AdmittedEvent[]): Statement[] {
  const seen: Observing = { ...given, purchases: purchasesOf(given.events) }
  const used: Observing =
    profile === given.events ? seen : { ...given, events: profile, purchases: purchasesOf(profile) }
  return [
    ...toldTraits(seen.events),
    ...returns(seen),
    ...observedPeople(seen),
    ...mails(seen),
    ...sizes(used),
    ...language(used),
    ...devices(used),
    ...rhythms(used),
    ...interests(used),
  ]
}

interface Count {
  readonly messages: string[]
  first: number
  last: number
}

/** Counts of values by what they are about. */
class Counts {
  readonly of = new Map<string, Map<string, Count>>()

  add(subject: string, value: string, message: string, time: number): void {
    const values = this.of.get(subject) ?? new Map<string, Count>()
    this.of.set(subject, values)
    const count = values.get(value) ?? { messages: [], first: time, last: time }
    values.set(value, count)
    if (!count.messages.includes(message)) count.messages.push(message)
    count.last = Math.max(count.last, time)
  }

  /** The value of `subject` that at least `share` of `least` or more sightings agree on. */
  agreed(subject: string, least: number, share: number): { value: string; count: Count; confidence: number } | null {
    const values = [...(this.of.get(subject) ?? [])]
    const total = values.reduce((sum, [, { messages }]) => sum + messages.length, 0)
    values.sort(([a, x], [b, y]) => y.messages.length - x.messages.length || (a < b ? -1 : 1))
    if (values.length === 0 || total < least) return null
    const [value, count] = values[0]
    const n = count.messages.length
    return n / total < share ? null : { value, count, confidence: (n / total) * (n / (n + 1)) }
  }
}

function sightOf(
  kind: FactKindName,
  subject: string,
  agreed: NonNullable<ReturnType<Counts['agreed']>>,
  channel: string,
): Statement {
  const { value, confidence, count } = agreed
  const { messages: evidence, first, last } = count
  return sighted({ kind, subject, value, confidence: round(confidence), evidence, first, last, channel })
}

const round = (share: number) => Math.round(share * 100) / 100

/** The size that he keeps buying, by category; what came back because of its size is no witness. */
function sizes({ purchases, catalogue, barred, discreet }: Observing): Statement[] {
  const counts = new Counts()
  for (const { lines, message, time } of purchases) {
    for (const line of lines) {
      if (line.recipient !== '' || line.state !== 'bought') continue
      const item = catalogue.canonical(line.item)
      if (discreet(item)) continue
      const size = attribute(catalogue, item, 'size')
      const [category] = catalogue.categories(item)
      if (!size || !category || barred({ kind: 'size', subject: category, recipient: '' }).has(message)) continue
      counts.add(category, size.slice(0, 50), message, time)
    }
  }
  return [...counts.of.keys()].flatMap((category) => {
    const agreed = counts.agreed(category, 2, 2 / 3)
    return agreed ? [sightOf('size', category, agreed, 'orders')] : []
  })
}

export function attribute(catalogue: Observing['catalogue'], item: number, name: string): string | null {
  const term = catalogue.attributeTerms(item).find((one) => one.toLowerCase().startsWith(`${name}=`))
  return term ? term.slice(name.length + 1) : null
}

function returns({ purchases, catalogue, barred }: Observing): Statement[] {
  const found: Statement[] = []
  for (const { lines, number, message } of purchases) {
    for (const { item, returned, returnedAt, reason: text } of lines) {
      const reason = returnReason(text)
      if (returned <= 0 || text === null || reason === null) continue
      const subject = `item:${catalogue.shopId(catalogue.canonical(item)) ?? item}`
      const said = { evidence: [message], first: returnedAt, last: returnedAt, channel: 'returns' }
      const value = { reason, text: text.slice(0, 500), ...(number === null ? {} : { order: number }) }
      if (!barred({ kind: 'return', subject, recipient: '' }).has(message))
        found.push(sighted({ kind: 'return', subject, value, ...said }))
      const fit = reason === 'size' ? fitOf(text) : null
      if (fit && !barred({ kind: 'fit', subject, recipient: '' }).has(message))
        found.push(sighted({ kind: 'fit', subject, value: fit, ...said }))
    }
  }
  return found
}

function language({ events, barred }: Observing): Statement[] {
  const counts = new Counts()
  for (const { context, messageId, time } of events.slice(-200)) {
    const { locale } = context
    if (typeof locale !== 'string' || !/^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$/.test(locale)) continue
    if (!barred({ kind: 'language', subject: '', recipient: '' }).has(messageId))
      counts.add('', locale.split(/[-_]/)[0].toLowerCase(), messageId, time)
  }
  const agreed = counts.agreed('', 3, 0.7)
  return agreed ? [sightOf('language', '', agreed, 'visits')] : []
}

const personalDevices = new Set(['mobile', 'tablet', 'desktop'])

function devices({ events, barred }: Observing): Statement[] {
  const counts = new Counts()
  for (const { context, messageId, time } of events.slice(-200)) {
    const { device } = context
    if (typeof device !== 'string' || !personalDevices.has(device)) continue
    if (!barred({ kind: 'channel', subject: 'device', recipient: '' }).has(messageId))
      counts.add('device', device, messageId, time)
  }
  const agreed = counts.agreed('device', 5, 0.6)
  return agreed ? [sightOf('channel', 'device', agreed, 'visits')] : []
}

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

/** How often he orders, and on which day of the week (UTC), where there is one. */
function rhythms({ purchases, barred }: Observing): Statement[] {
  const placed = purchases.filter(({ state }) => state !== 'cancelled' && state !== 'unknown')
  const found: Statement[] = []
  const steady = placed.filter(
    ({ message }) => !barred({ kind: 'rhythm', subject: 'orders', recipient: '' }).has(message),
  )
  const days = steady.map(({ time }) => time / MS_A_DAY)
  const gaps = days
    .slice(1)
    .map((day, i) => day - days[i])
    .sort((a, b) => a - b)
  const median = gaps[gaps.length >> 1]
  if (gaps.length >= 2 && median >= 1) {
    const value = `about every ${Math.round(median) === 1 ? 'day' : `${Math.round(median)} days`}`
    const evidence = steady.map(({ message }) => message)
    const confidence = round(gaps.length / (gaps.length + 2))
    found.push(
      sighted({
        kind: 'rhythm',
        subject: 'orders',
        value,
        confidence,
        evidence,
        first: steady[0].time,
        last: (steady.at(-1) as Purchase).time,
        channel: 'orders',
      }),
    )
  }
  const counts = new Counts()
  for (const { time, message } of placed) {
    if (!barred({ kind: 'rhythm', subject: 'weekday', recipient: '' }).has(message))
      counts.add('weekday', weekdays[new Date(time).getUTCDay()], message, time)
  }
  const agreed = counts.agreed('weekday', 4, 0.6)
  if (agreed) found.push(sightOf('rhythm', 'weekday', agreed, 'orders'))
  return found
}

const mostInterests = 10
/** Fewer looks than this at something that was not bought say little. */
const fewestLooks = 3

/** Items and categories that he came back to, the most often first. */
function interests({ events, purchases, catalogue, forgotten, barred, discreet }: Observing): Statement[] {
  const bought = new Counts()
  const viewed = new Counts()
  const gifts = new Set<number>()
  const count = (counts: Counts, id: number, message: string, time: number) => {
    const item = catalogue.canonical(id)
    if (forgotten.has(item) || forgotten.has(id) || discreet(item)) return
    const subjects = [
      `item:${catalogue.shopId(item) ?? item}`,
      ...catalogue.categories(item).map((name) => `category:${name}`),
    ]
    for (const subject of subjects) {
      if (!barred({ kind: 'interest', subject, recipient: '' }).has(message)) counts.add(subject, '', message, time)
    }
  }
  for (const { lines, message, time } of purchases) {
    for (const { item, recipient, state, quantity } of lines) {
      if (recipient !== '') gifts.add(item)
      else if (state === 'bought' && quantity > 0) count(bought, item, message, time)
    }
  }
  for (const { name, items, messageId, time } of events) {
    if (name !== 'Product Viewed' && name !== 'Product Clicked') continue
    for (const item of items) if (!gifts.has(item)) count(viewed, item, messageId, time)
  }
  const top = (counts: Counts, value: 'bought' | 'viewed', prefix: string, least: number) =>
    [...counts.of]
      .filter(([subject]) => subject.startsWith(prefix) && !(value === 'viewed' && bought.of.has(subject)))
      .map(([subject, values]) => ({ subject, seen: values.get('') as Count }))
      .filter(({ seen }) => seen.messages.length >= least)
      .sort(
        (a, b) =>
          b.seen.messages.length - a.seen.messages.length ||
          b.seen.last - a.seen.last ||
          (a.subject < b.subject ? -1 : 1),
      )
      .slice(0, mostInterests)
      .map(({ subject, seen: { messages, first, last } }) => {
        const confidence = round(messages.length / (messages.length + 1))
        return sighted({
          kind: 'interest',
          subject,
          value,
          confidence,
          evidence: messages,
          first,
          last,
          channel: value === 'bought' ? 'orders' : 'visits',
        })
      })
  return ['item:', 'category:'].flatMap((prefix) => [
    ...top(bought, 'bought', prefix, 1),
    ...top(viewed, 'viewed', prefix, fewestLooks),
  ])
}

/** The latest response to each of the latest mails; bounces and the like are kept as facts of their own. */
function mails({ events, barred }: Observing): Statement[] {
  const latest = new Map<string, Statement>()
  for (const { name, properties, messageId, time } of events) {
    if (name !== 'Email Opened' && name !== 'Email Link Clicked') continue
    const id = properties.campaign_id ?? properties.email_id
    const subject = typeof id === 'string' || typeof id === 'number' ? String(id) : ''
    if (barred({ kind: 'email', subject, recipient: '' }).has(messageId)) continue
    const title =
      typeof properties.email_subject === 'string' ? { subject: properties.email_subject.slice(0, 500) } : {}
    const response = name === 'Email Opened' ? 'opened' : 'clicked'
    latest.delete(subject)
    latest.set(
      subject,
      sighted({
        kind: 'email',
        subject,
        value: { response, ...title },
        evidence: [messageId],
        first: time,
        last: time,
        channel: 'mail',
      }),
    )
  }
  return [...latest.values()].slice(-20)
}
