/** What journeys do to the world, with the parts of the engine that do it. */
import { createHash } from 'node:crypto'
import type { Config } from '../config.ts'
import { permit } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import { personOf } from '../consent/store.ts'
import type { Database } from '../db/database.ts'
import type { DecisionAnswer, DecisionRequest } from '../decisions/request.ts'
import type { ReordersApi } from '../engine-api/reorders.ts'
import type { SurveysApi } from '../engine-api/surveys.ts'
import type { TasksApi } from '../engine-api/tasks.ts'
import { HabitueError } from '../errors.ts'
import type { IngestAnswer, IngestRequest } from '../events/event.ts'
import { ownEvent } from '../events/own.ts'
import type { Identifier } from '../identity/identity.ts'
import { bestName, identitiesBehind } from '../identity/store.ts'
import type {
  ActionContext,
  Actions,
  DecideStep,
  FactStep,
  MessageStep,
  Outcome,
  SurveyStep,
  TaskStep,
  WebhookStep,
} from '../journeys/actions.ts'
import { builtInNames } from '../messages/built-in.ts'
import type { Hooks } from '../messages/channels/webhook.ts'
import type { Messenger } from '../messages/messenger.ts'
import type { Receiver } from '../messages/receivers.ts'

export interface ActionNeeds {
  readonly db: Database
  readonly config: Pick<Config, 'currency' | 'page' | 'host' | 'port'>
  readonly tasks: Pick<TasksApi, 'hand'>
  readonly surveys: Pick<SurveysApi, 'hand'>
  readonly reorders: Pick<ReordersApi, 'hand'>
  readonly policy: Policy
  readonly messenger: Pick<Messenger, 'send'>
  readonly hooks: Hooks
  decide(request: DecisionRequest): Promise<DecisionAnswer>
}

export function journeyActions(needs: ActionNeeds): Actions {
  return {
    decide: (context, step) => decide(needs, context, step),
    message: (context, step) => message(needs, context, step),
    webhook: (context, step) => webhook(needs, context, step),
    survey: (context, step) => survey(needs, context, step),
    task: (context, step) => task(needs, context, step),
    fact: (context, step) => fact(needs, context, step),
  }
}

async function message(needs: ActionNeeds, context: ActionContext, step: MessageStep): Promise<Outcome> {
  const { event, data, ...rest } = context
  const { reorder: isRepeated, ...how } = step
  const reorder = isRepeated ? { reorder: await reorderOf(needs, context) } : {}
  return needs.messenger.send({
    ...rest,
    ...how,
    data: { event, steps: data, ...decided(data), ...reorder, ...step.data },
  })
}

/** Where there is nothing to order again, or no shop that takes the order, the mail goes without the link. */
async function reorderOf({ reorders, config }: ActionNeeds, { key, identifier, event }: ActionContext) {
  const wanted = { key, event: String(event?.messageId) }
  const link = await reorders.hand(identifier, wanted, baseOf(config))
  return { url: link.kind === 'done' ? link.url : '' }
}

/** Where customers reach this server. */
const baseOf = ({ page, host, port }: ActionNeeds['config']) => page.url ?? `http://${host}:${port}`

/** The other side knows a call by its key, so it may be repeated: nothing is in doubt. */
async function webhook(
  { db, policy, hooks }: ActionNeeds,
  context: ActionContext,
  step: WebhookStep,
): Promise<Outcome> {
  const { key, identifier, journey, version, instance, now, event, data } = context
  const identity = (await identitiesBehind(db, [identifier])).get(identifier)
  const who = identity && bestName(identity.names)
  if (!identity || !who) return gone
  if (permit(await personOf(db, policy, identity, now), 'service') === null)
    return { kind: 'suppressed', reason: 'consent' }
  const customer = { kind: who.kind, id: who.value }
  const time = new Date(now).toISOString()
  const body = JSON.stringify({ key, time, journey, version, instance, customer, event, data, ...step.body })
  const delivery = await hooks.post({ url: step.url, key, body, kind: 'journey' }, async () => {
    await db.write('messages.noteReceiver', { identifier, url: step.url, now } satisfies Receiver)
    return { holds: () => true }
  })
  if (delivery === 'taken') throw new Error('The call was taken by nobody.')
  if (delivery.kind === 'sent') return { kind: 'done', detail: { response: delivery.response } }
  if (delivery.kind === 'refused') return { kind: 'failed', reason: delivery.reason }
  throw new Error(delivery.reason)
}

/** By which of his names to speak of the customer; null = he is gone. */
async function nameOf(db: Database, identifier: number): Promise<Identifier | null> {
  const identity = (await identitiesBehind(db, [identifier])).get(identifier)
  return identity ? bestName(identity.names) : null
}

const gone: Outcome = { kind: 'suppressed', reason: 'unknown' }

async function decide({ db, decide }: ActionNeeds, context: ActionContext, step: DecideStep): Promise<Outcome> {
  const customer = await nameOf(db, context.identifier)
  if (customer === null) return gone
  const { placement, count, item = itemOf(context, step) } = step
  const recipient = step.recipient || undefined
  const name = placement as DecisionRequest['placements'][number]['name']
  const answer = await decide({ customer, placements: [{ name, count }], item, recipient, ceiling: 'known' })
  const found = answer.placements[name]
  if (!found || found.items.length === 0) return { kind: 'suppressed', reason: 'nothing to offer' }
  return { kind: 'done', detail: { decisionId: answer.decisionId, items: found.items } }
}

/** What was decided last, for a template; it looks at each item again. */
function decided(data: ActionContext['data']): { readonly items?: unknown } {
  const last = Object.values(data).findLast((one) => Array.isArray((one as { items?: unknown }).items))
  return last === undefined ? {} : { items: (last as { items: unknown }).items }
}

/** What is like an item begins from the event's own, where the step names none. */
function itemOf({ event }: ActionContext, { placement }: DecideStep): string | undefined {
  if (placement !== 'item' && placement !== 'unavailable') return undefined
  return (event?.items as readonly string[] | undefined)?.[0]
}

/** The link is the same whenever it is tried again; its message has a key of its own. */
async function survey(needs: ActionNeeds, context: ActionContext, step: SurveyStep): Promise<Outcome> {
  const { surveys, messenger, config } = needs
  const { event, data, ...rest } = context
  const { survey: name, template = builtInNames.survey, ...how } = step
  const invited = await surveys.hand(context.identifier, { key: context.key, survey: name }, baseOf(config))
  if (invited.kind === 'suppressed') return invited
  const { id, url, taps, title, question, purpose } = invited
  const asked = { name, title, question, url, taps }
  const outcome = await messenger.send({
    ...rest,
    ...how,
    template,
    purpose,
    key: `${context.key}/message`,
    data: { event, steps: data, ...decided(data), survey: asked },
  })
  return outcome.kind === 'done' ? { kind: 'done', detail: { ...outcome.detail, invitation: id } } : outcome
}

async function task({ tasks }: ActionNeeds, context: ActionContext, step: TaskStep): Promise<Outcome> {
  const { key, identifier, journey } = context
  const { queue, priority, reason, note = '' } = step
  const origin = `journey:${journey}`
  const outcome = await tasks.hand({ key, identifier, origin, purpose: 'service', queue, priority, reason, note })
  return outcome.kind === 'done' ? { kind: 'done', detail: { task: outcome.task } } : outcome
}

/** The message id is made of the key, so that the second time it is a duplicate. */
async function fact({ db, config }: ActionNeeds, context: ActionContext, step: FactStep): Promise<Outcome> {
  const who = await nameOf(db, context.identifier)
  if (who === null) return gone
  const { key, now } = context
  const messageId = `journey-${createHash('sha256').update(key).digest('hex').slice(0, 40)}`
  try {
    const event = ownEvent(
      { name: step.event, who, messageId, time: now, properties: step.properties },
      config.currency,
    )
    const events = [event]
    const request: IngestRequest = {
      source: 'journeys',
      received: now,
      trust: 'verified',
      subject: null,
      historical: false,
      events,
    }
    const { refused, session } = await db.write<IngestAnswer>('events.ingest', request)
    await db.catchUp()
    if (session !== undefined || refused[0]?.code === 'consent_refused')
      return { kind: 'suppressed', reason: 'consent' }
    return refused.length > 0 ? { kind: 'failed', reason: refused[0].message } : { kind: 'done' }
  } catch (error) {
    if (error instanceof HabitueError && error.status < 500) return { kind: 'failed', reason: error.message }
    throw error
  }
}
