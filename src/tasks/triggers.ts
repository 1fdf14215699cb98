/**
 * When a person takes over: events that open a task by themselves, in the transaction of the event. Rules are switched in
 * the configuration (`tasks.triggers`). Each event opens its task once, and repeated failures open none while one waits.
 */
import { createHash } from 'node:crypto'
import type { Config } from '../config.ts'
import type { Purpose } from '../consent/policy.ts'
import type { Tx } from '../db/database.ts'
import type { AdmittedEvent, Fold } from '../events/event.ts'
import { purposeOf } from '../events/kinds.ts'
import { countNamed } from '../events/store.ts'
import { identifiersOf } from '../identity/store.ts'
import { hasWaiting } from './store.ts'
import { checkTask, limits, priorities, type TaskContent } from './task.ts'
import { insertTask, source } from './write.ts'

type Settings = Config['tasks']
type Rule = keyof Settings['triggers']

interface Trigger {
  readonly rule: Rule
  /** What the task says; null = this event opens none. */
  opens(event: AdmittedEvent, settings: Settings): TaskContent | null
  /** Of these names as many as `tasks.failures` within `tasks.withinDays`, or none is opened. */
  readonly repeated?: true
}

const hour = 3_600_000
const words = (value: unknown, most = 500): string => {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' ? value.trim().slice(0, most).toWellFormed() : ''
}
const about = (fields: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (words(value) ? [[name, words(value, 255)]] : [])),
  )
const dueIn = (event: AdmittedEvent, hours: number) => event.time + hours * hour

/** By name of the event. */
const triggers: Readonly<Record<string, Trigger>> = {
  'Complaint Received': {
    rule: 'complaint',
    opens: (event) => {
      const { complaint_id, text, subject, order_id, product_id } = event.properties
      const complaint = words(complaint_id) || event.messageId
      const data = about({ complaint, order: order_id, item: product_id })
      return {
        reason: 'complaint',
        priority: priorities.high,
        note: words(text ?? subject),
        data,
        due: dueIn(event, 24),
      }
    },
  },
  'Person Requested': {
    rule: 'personRequested',
    opens: (event) => {
      const { text, channel } = event.properties
      const note = words(text)
      return {
        reason: 'asks for a person',
        priority: priorities.high,
        note,
        data: about({ channel }),
        due: dueIn(event, 4),
      }
    },
  },
  'Payment Failed': {
    rule: 'paymentFailed',
    repeated: true,
    opens: ({ properties: { order_id, reason } }) => {
      return {
        reason: 'payment failed again',
        priority: priorities.raised,
        note: words(reason),
        data: about({ order: order_id }),
      }
    },
  },
  'Delivery Failed': {
    rule: 'deliveryFailed',
    repeated: true,
    opens: ({ properties: { order_id, reason } }) => {
      return {
        reason: 'delivery failed again',
        priority: priorities.raised,
        note: words(reason),
        data: about({ order: order_id }),
      }
    },
  },
  'Cart Abandoned': {
    rule: 'highValue',
    opens: ({ properties: { value, cart_id } }, { highValue }) => {
      if (!(Number(value) >= highValue)) return null
      const note = `A cart worth ${words(value)} was left.`
      return { reason: 'high value at risk', priority: priorities.raised, note, data: about({ cart: cart_id, value }) }
    },
  },
}

/** A task of each event that hands the customer over to a person. Costs a look-up of its name for every other event. */
export function triggersFold(settings: Settings): Fold {
  return {
    name: 'tasks',
    async apply(tx, events) {
      for (const event of events) {
        const trigger = Object.hasOwn(triggers, event.name) ? triggers[event.name] : null
        if (trigger && settings.triggers[trigger.rule]) await handOver(tx, trigger, event, settings)
        if (event.name === 'Complaint Resolved' && event.source !== source) await noteEnd(tx, event)
      }
    },
    async forget(tx, identifiers) {
      const own = tx.k.selectFrom('tasks').select('id').where('identifier', 'in', identifiers)
      const gone = own.where('purpose', '=', 'personalisation')
      await tx.k.deleteFrom('task_notes').where('task', 'in', gone).execute()
      await tx.k
        .deleteFrom('tasks')
        .where('identifier', 'in', identifiers)
        .where('purpose', '=', 'personalisation')
        .execute()
    },
  }
}

async function handOver(tx: Tx, trigger: Trigger, event: AdmittedEvent, settings: Settings): Promise<void> {
  const { identifier, customer, historical, time, received, name, type } = event
  // What is imported or came late is no news to anybody.
  if (identifier === null || customer === null || historical || received - time > settings.oldestHours * hour) return
  const content = trigger.opens(event, settings)
  if (content === null) return
  const origin = `trigger:${trigger.rule}`
  if (trigger.repeated) {
    const own = (await identifiersOf(tx, { customer })).map(({ id }) => id)
    if ((await countNamed(tx, own, [name], time - settings.withinDays * 24 * hour)) < settings.failures) return
    if (await hasWaiting(tx, own, origin)) return
  }
  const purpose: Purpose = purposeOf(type, name)
  const key = keyOf(trigger.rule, event, content)
  await insertTask(tx, { ...checkTask(content), key, identifier, origin, purpose, created: received })
}

/** Whoever has the task of a complaint that was settled elsewhere reads it there; to end the task stays his. */
async function noteEnd(tx: Tx, event: AdmittedEvent): Promise<void> {
  const { identifier, properties, received } = event
  const complaint = words(properties.complaint_id)
  if (identifier === null || complaint === '') return
  const key = keyOf('complaint', event, { reason: '', data: { complaint } })
  const row = await tx.k.selectFrom('tasks').select(['id', 'state']).where('key', '=', key).executeTakeFirst()
  if (!row || row.state === 'resolved') return
  const how = words(properties.resolution ?? properties.text)
  const text = `The complaint was settled elsewhere${how === '' ? '.' : `: ${how}`}`
  await tx.k
    .insertInto('task_notes')
    .values({ task: Number(row.id), identifier, author: 'engine', time: received, text })
    .execute()
}

/** A complaint that is sent twice is one; everything else happens as often as it is told. */
function keyOf(rule: Rule, { identifier, source, messageId }: AdmittedEvent, { data }: TaskContent): string {
  const named = rule === 'complaint' ? ['complaint', String(identifier), String(data?.complaint)] : [source, messageId]
  return `trigger:${rule}:${createHash('sha256').update(JSON.stringify(named)).digest('base64url')}`.slice(
    0,
    limits.key,
  )
}
