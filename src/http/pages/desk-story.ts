/** The story on a customer's page at the desk: orders, messages, and everything that happened. */
import { fromMinorUnits, type OrderView, type TimelineView } from '../../engine-api.ts'
import { escaped as e } from '../html.ts'
import { block, list } from './desk-frame.ts'
import type { DeskView } from './desk-view.ts'

export function storyBlocks(view: DeskView): string[] {
  const { orders, cart, messages, tasks, timeline, clock, who, names } = view
  const open = (cart?.lines ?? []).map(({ item, title, quantity }) => `${quantity} × ${e(title ?? item)}`)
  const written = messages.map(
    ({ channel, template, subject, state, reason, created }) =>
      `${e(clock.dateTime(created))}: ${e(subject ?? template)} <span class="soft">${e(`${channel}, ${state}${reason === null ? '' : ` (${reason})`}`)}</span>`,
  )
  const done = tasks
    .filter(({ state }) => state === 'resolved')
    .map(
      ({ reason, outcome, resolved, owner }) =>
        `${e(clock.date(resolved ?? 0))}: ${e(`${reason}: ${outcome}`)} <span class="soft">${e(owner === null ? '' : (names.get(owner.replace(/^person:/, '')) ?? owner))}</span>`,
    )
  const older =
    timeline.next === null
      ? ''
      : `<p><a href="?kind=${encodeURIComponent(who.kind)}&amp;before=${encodeURIComponent(timeline.next)}#timeline">Older</a></p>`
  return [
    block('cart', 'In the cart', list(open)),
    block('orders', 'Orders', list(orders.map((order) => orderText(order, clock.date(order.time))))),
    block('messages', 'Messages to him', list(written)),
    block('resolved', 'What was taken care of', list(done)),
    block(
      'timeline',
      'What happened',
      list(timeline.events.map((event) => eventText(event, clock.dateTime(event.time)))) + older,
    ),
  ]
}

function orderText({ number, state, total, currency, lines }: OrderView, date: string): string {
  const items = lines.map(({ title, item, quantity, returned, recipient, reason }) => {
    const back = returned > 0 ? ` – sent back${reason === null ? '' : `: ${e(reason)}`}` : ''
    return `${quantity} × ${e(title ?? item)}${recipient === '' ? '' : ` for ${e(recipient)}`}${back}`
  })
  const cost = total === null || currency === null ? '' : `, ${fromMinorUnits(total, currency)} ${e(currency)}`
  return `<strong>${e(number)}</strong>, ${e(date)}${cost} <span class="mark">${e(state)}</span>${list(items)}`
}

/** Properties worth a line; whatever else an event has is a matter for programs. */
const told = [
  'kind',
  'subject',
  'value',
  'text',
  'note',
  'reason',
  'outcome',
  'question',
  'answer',
  'resolution',
  'order_id',
  'product_id',
  'query',
  'channel',
] as const

function eventText({ name, type, body }: TimelineView['events'][number], time: string): string {
  const { properties = {} } = body as { properties?: Readonly<Record<string, unknown>> }
  const said = told.flatMap((field) => {
    const value = properties[field]
    return typeof value === 'string' || typeof value === 'number' ? [`${field.replace('_', ' ')}: ${value}`] : []
  })
  const page = name === '' && typeof properties.name === 'string' ? `: ${properties.name}` : ''
  const words = said.length === 0 ? '' : ` <span class="soft">${e(said.join('; ').slice(0, 300))}</span>`
  return `${e(time)}: ${e(name || type)}${e(page)}${words}`
}
