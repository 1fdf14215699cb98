/**
 * Sends messages, each at most once. What is known not to have been taken is tried again; what may have been taken is left
 * to a notice or a person (message.ts).
 */
import type { Log } from '../db/database.ts'
import { identifiersWith } from '../identity/store.ts'
import { builtInNames, builtInTemplates } from './built-in.ts'
import type { Caps } from './caps.ts'
import type { Channel } from './channels/channel.ts'
import { mailLeaseMs } from './channels/email.ts'
import { createHandover, type Handover, type HandoverNeeds, type Trouble } from './handover.ts'
import { defaultPriority, type Outcome, type SendRequest } from './message.ts'
import { type PrepareNeeds, prepare } from './prepare.ts'
import { createRenderer, type Renderer } from './render.ts'
import { dueMessages, isAnyLost, knownMessage, type NewMessage, outcomeOf, type StoredMessage } from './store.ts'
import { currentTemplates } from './template-store.ts'

export interface Messenger {
  /** Sends, or says why not. Asked again with the same key it goes on where it was. @throws HabitueError of storage */
  send(request: SendRequest): Promise<Outcome>
  /** The templates as they are now. */
  renderer(): Promise<Renderer>
  /** What it does when it is due, for the loop of the engine: repeats what has to wait, and lists what was cut off. */
  readonly works: readonly DueWork[]
  /** Lets go of its connections. */
  close(): Promise<void>
  /** Ends of tries in this process, for metrics and alarms. */
  readonly totals: Readonly<Record<Outcome['kind'], number>>
  /** By channel since when the other side cannot be reached; absent = it works. */
  readonly troubles: ReadonlyMap<string, Trouble>
}

export interface MessengerNeeds extends PrepareNeeds, Pick<HandoverNeeds, 'bounced'> {
  readonly channels: readonly Channel[]
  readonly log: Log
  /** What else of messages is done when it is due. */
  readonly works?: readonly DueWork[]
}

/** As the loop calls it: does what is due at `now`, answers how much it did and when something is due next. */
export interface DueWork {
  readonly name: string
  settle(now: number): Promise<{ readonly done: number; readonly next: number | null }>
  /** Lets go of what it holds. */
  close?(): Promise<void>
}

const atOnce = 100

export function createMessenger(needs: MessengerNeeds): Messenger {
  const { db, config, world, log, bounced } = needs
  const channels = new Map(needs.channels.map((channel) => [channel.name, channel]))
  const handover = createHandover({
    db,
    world,
    bounced,
    caps: capsOf(config.messages.caps),
    leaseMs: mailLeaseMs(config),
  })
  const totals = { done: 0, suppressed: 0, later: 0, in_doubt: 0, failed: 0 }
  const renderer = heldRenderer(needs)
  let isFirst = true

  const send = async (request: SendRequest): Promise<Outcome> => {
    const outcome = await sent(needs, { channels, handover, renderer }, request)
    totals[outcome.kind]++
    return outcome
  }
  const repeat = async (row: StoredMessage): Promise<void> => {
    const [owner] = await identifiersWith(db, [row.identifier])
    const asked = JSON.parse(row.request ?? '{}') as Omit<SendRequest, 'customer' | 'now'>
    if (owner) await send({ ...asked, customer: owner.customer, now: world.now() })
  }
  const settle: DueWork['settle'] = async (now) => {
    // Nobody else works on this file, so what is on its way was left behind by a process that died.
    const everything = isFirst && db.engine === 'sqlite'
    isFirst = false
    const repeatable = [...channels.values()].filter((channel) => channel.repeatable).map(({ name }) => name)
    const isAny = everything || (await isAnyLost(db, now))
    const lost = isAny ? await db.write<number>('messages.expire', { now, everything, repeatable }) : 0
    if (lost > 0) log.warn({ messages: lost }, 'messages were cut off while they were being sent; see those in doubt')
    const due = await dueMessages(db, now, atOnce)
    await Promise.all(due.map(repeat))
    return { done: lost + due.length, next: due.length < atOnce ? null : now }
  }
  return {
    send,
    totals,
    works: [{ name: 'messages', settle }, ...(needs.works ?? [])],
    renderer: () => renderer.current(),
    troubles: handover.troubles,
    async close() {
      renderer.close()
      for (const work of needs.works ?? []) await work.close?.()
      for (const channel of channels.values()) await channel.close()
    },
  }
}

interface Means {
  readonly channels: ReadonlyMap<string, Channel>
  readonly handover: Handover
  readonly renderer: HeldRenderer
}

async function sent(needs: MessengerNeeds, means: Means, request: SendRequest): Promise<Outcome> {
  const { db, world } = needs
  const channel = means.channels.get(request.channel)
  if (!channel) return { kind: 'failed', reason: `there is no channel ${JSON.stringify(request.channel)}` }
  const known = await knownMessage(db, request.key)
  if (known && (known.state !== 'planned' || (known.due !== null && known.due > request.now))) return outcomeOf(known)
  const token = known?.token ?? Buffer.from(world.bytes(16)).toString('base64url')
  const ready = await prepare(needs, channel, await means.renderer.current(), request, token)
  // Of whom nothing is known nothing is kept, but for what was begun while he was.
  if (ready.identifier === null)
    return known
      ? means.handover.put(known, { state: ready.kind, reason: ready.reason, due: null, tried: false })
      : { kind: ready.kind, reason: ready.reason }
  const message = known ?? rowOf(request, token, ready.identifier, channel)
  if (ready.kind === 'ready') return means.handover.deliver(channel, message, ready, known?.attempts ?? 0)
  const { reason } = ready
  if (ready.kind !== 'later' && ready.optIn !== undefined) await sent(needs, means, optInRequest(request, ready.optIn))
  return ready.kind === 'later'
    ? means.handover.put(message, { state: 'planned', reason, due: ready.at, tried: false })
    : means.handover.put(message, { state: ready.kind, reason, due: null, tried: false })
}

/** The mail that asks whether it was he who agreed. */
export function optInRequest({ customer, now }: Pick<SendRequest, 'customer' | 'now'>, key: string): SendRequest {
  const template = builtInNames.optIn
  return { key, customer, now, channel: 'email', purpose: 'service', template, automatic: false, repeat: true }
}

function rowOf(
  request: SendRequest,
  token: string,
  identifier: { readonly id: number; readonly value: string },
  { name, addressKind }: Channel,
): NewMessage {
  const { key, purpose, template, journey = null, instance = null, priority = defaultPriority, now, repeat } = request
  const { customer: _customer, now: _now, ...kept } = request
  return {
    key,
    token,
    identifier: identifier.id,
    address: addressKind === 'email' ? identifier.value : null,
    channel: name,
    purpose,
    template,
    journey,
    instance,
    priority,
    created: now,
    request: repeat ? JSON.stringify(kept) : null,
  }
}

/** `1/3` = one a day, three a week. */
export function capsOf(texts: Readonly<Record<string, string>>): Caps {
  const caps = Object.entries(texts).map(([name, text]) => {
    const [day, week] = text.split('/').map(Number)
    return [name, { day, week }] as const
  })
  return Object.fromEntries(caps)
}

interface HeldRenderer {
  current(): Promise<Renderer>
  close(): void
}

/** Templates are read again after a change. */
function heldRenderer({ db }: Pick<MessengerNeeds, 'db'>): HeldRenderer {
  let held: Promise<Renderer> | null = null
  const close = db.onChange((changes) => {
    if (changes.has('messages')) held = null
  })
  return {
    async current() {
      await db.catchUp()
      held ??= currentTemplates(db).then((stored) => createRenderer([...builtInTemplates, ...stored]))
      try {
        return await held
      } catch (error) {
        held = null
        throw error
      }
    },
    close,
  }
}
