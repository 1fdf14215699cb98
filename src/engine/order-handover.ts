/** Hands what customers ordered on pages of Habitue to the shop, until it takes it; what it does not take waits for a person. */
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { personOf } from '../consent/store.ts'
import type { Database } from '../db/database.ts'
import type { TasksApi } from '../engine-api/tasks.ts'
import { eventOf } from '../events/store.ts'
import { bestName, identitiesBehind } from '../identity/store.ts'
import { knownFacts } from '../memory/document.ts'
import type { FactView } from '../memory/fact-view.ts'
import { backoff, longestTryMs } from '../messages/backoff.ts'
import type { Hooks } from '../messages/channels/webhook.ts'
import { dueReorders, nextReorder, type Reorder } from '../reorders/store.ts'
import { type Handing, messageOf, source } from '../reorders/write.ts'
import { priorities } from '../tasks/task.ts'
import type { World } from '../world.ts'
import type { Work } from './loop.ts'
import type { ReorderNeeds } from './reorders.ts'

export interface HandoverNeeds extends Pick<ReorderNeeds, 'catalogue'> {
  readonly db: Database
  readonly config: Pick<Config, 'orders'>
  readonly policy: Policy
  readonly world: World
  readonly hooks: Hooks
  readonly tasks: Pick<TasksApi, 'hand'>
  readonly log: Logger
}

const atOnce = 20

/** The shop knows an order by its key, so two processes that hand it over at once make one order. */
export function orderHandoverWork(needs: HandoverNeeds): Work {
  const { db } = needs
  return {
    name: 'orders',
    async settle(now) {
      const due = await dueReorders(db, now, atOnce)
      for (const row of due) await db.write('reorders.settle', await handOver(needs, row, now))
      return { done: due.length, next: await nextReorder(db) }
    },
  }
}

async function handOver(needs: HandoverNeeds, row: Reorder, now: number): Promise<Handing> {
  const { id } = row
  const body = await bodyOf(needs, row)
  const url = needs.config.orders.webhook
  if (body === null) return { id, due: null, handed: null, failed: 'consent' }
  if (url === null) return failed(needs, row, 'orders.webhook is not set')
  const hook = { url, key: `reorder:${id}`, kind: 'order', body: JSON.stringify(body) }
  const delivery = await needs.hooks.post(hook, async () => ({ holds: () => true }))
  if (delivery === 'taken' || delivery.kind === 'sent') return { id, due: null, handed: now, failed: null }
  const isOver = delivery.kind === 'refused' || now - (row.ordered ?? now) > longestTryMs
  if (isOver) return failed(needs, row, delivery.reason)
  return { id, due: now + backoff(row.attempts + 1, needs.world.random()), handed: null, failed: null }
}

/** A customer who ordered is not left waiting: somebody has to see to it. */
async function failed({ tasks, log }: HandoverNeeds, row: Reorder, reason: string): Promise<Handing> {
  const { id, identifier } = row
  log.error({ order: messageOf(id), reason: reason.slice(0, 200) }, 'an order could not be handed to the shop')
  await tasks.hand({
    key: messageOf(id),
    identifier,
    origin: 'trigger:order',
    purpose: 'service',
    reason: 'an order did not reach the shop',
    priority: priorities.high,
    note: 'The customer ordered by the link of a mail, and the shop did not take it: see the event Order Requested.',
    data: { order_request: id },
  })
  return { id, due: null, handed: null, failed: reason.slice(0, 500) }
}

/** With address and payment in full, as they are now: this is the only place where they leave, and nothing keeps it. */
async function bodyOf({ db, policy, world, catalogue }: HandoverNeeds, { id, identifier }: Reorder) {
  const identity = (await identitiesBehind(db, [identifier])).get(identifier)
  if (!identity) return null
  const now = world.now()
  const allowed = permit(await personOf(db, policy, identity, now), 'service')
  const event = allowed && (await eventOf(db, allowed, { source, message: messageOf(id) }))
  if (!allowed || !event) return null
  const { facts } = await knownFacts(db, allowed, null, catalogue, { now, past: false })
  const { address_id, payment_id, ...order } = event.properties
  const best = bestName(identity.names)
  return {
    time: new Date(event.time).toISOString(),
    customer: best && { kind: best.kind, id: best.value },
    ...order,
    address: valueBy(facts, address_id),
    payment: valueBy(facts, payment_id),
  }
}

/** Null where he has deleted or corrected it since: then the shop asks. */
function valueBy(facts: readonly FactView[], id: unknown): unknown {
  return facts.find((fact) => fact.id === id || fact.same.includes(String(id)))?.value ?? null
}
