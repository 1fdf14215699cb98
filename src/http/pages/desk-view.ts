/** What stands on a customer's page at the desk: gathered from the engine. */
import type {
  CartView,
  ConsentView,
  CustomerView,
  DecisionAnswer,
  Engine,
  Identifier,
  MemoryDocument,
  MemoryStatement,
  MergeView,
  MessageView,
  OrderView,
  Standing,
  TaskView,
  TimelineView,
} from '../../engine-api.ts'
import { type Clock, clockOf } from './desk-frame.ts'
import type { Staff } from './desk-session.ts'

export interface Offer {
  readonly items: NonNullable<DecisionAnswer['placements']['home']>['items']
  /** Why nothing is offered; null = there is something. */
  readonly withheld: 'complaint' | 'minor' | 'nothing' | null
}

export interface DeskView {
  readonly staff: Staff
  readonly who: Identifier
  readonly clock: Clock
  readonly now: number
  readonly timeZone: string
  readonly customer: CustomerView
  readonly standing: Standing
  readonly memory: MemoryDocument
  readonly consent: ConsentView
  readonly offer: Offer
  readonly tasks: readonly TaskView[]
  readonly orders: readonly OrderView[]
  readonly cart: CartView | null
  readonly messages: readonly MessageView[]
  readonly merges: readonly MergeView[]
  readonly timeline: TimelineView
  /** The name of everybody who is or was here, by id. */
  readonly names: ReadonlyMap<string, string>
  readonly done: string | null
  /** What could not be done, and why. */
  readonly failed: { readonly act: string; readonly why: string } | null
}

const offered = 5
const story = { events: 30, orders: 10, messages: 10, tasks: 20 } as const

/** Null where nobody is known by that name, or nothing of him may be shown. */
export async function deskView(
  engine: Engine,
  staff: Staff,
  who: Identifier,
  { before, done, failed }: { before?: string } & Pick<DeskView, 'done' | 'failed'>,
): Promise<DeskView | null> {
  const { customers, facts, consent, tasks, messages, desk, people, config, world } = engine
  const [customer, standing, memory] = await Promise.all([customers.get(who), desk.standing(who), facts.memory(who)])
  if (!customer || !standing || !memory) return null
  const allowed = await consent.get(who)
  if (!allowed) return null
  const [offer, ownTasks, orders, cart, merges, timeline, written, names] = await Promise.all([
    offerFor(engine, who, standing, allowed),
    tasks.of(who, story.tasks),
    customers.orders(who),
    customers.cart(who),
    customers.merges(who),
    customers.timeline(who, { before, limit: story.events }),
    messages.list({ who, limit: story.messages }),
    people.names(),
  ])
  return {
    staff,
    who,
    clock: clockOf(config.timeZone),
    now: world.now(),
    timeZone: config.timeZone,
    customer,
    standing,
    memory,
    consent: allowed,
    offer,
    tasks: ownTasks ?? [],
    orders: (orders ?? []).slice(0, story.orders),
    cart: cart && cart.lines.length > 0 ? cart : null,
    messages: written,
    merges: (merges ?? []).filter(({ undone }) => undone === null),
    timeline: timeline ?? { events: [], next: null },
    names,
    done,
    failed,
  }
}

/** Nothing is sold to somebody who complains. Nothing is logged: the agent may say it or not. */
async function offerFor(engine: Engine, who: Identifier, standing: Standing, consent: ConsentView): Promise<Offer> {
  if (standing.isSilent) return { items: [], withheld: 'complaint' }
  if (consent.audience.kind === 'minor') return { items: [], withheld: 'minor' }
  const exclude = standing.hidden.map(({ item }) => item)
  const placements = [{ name: 'home', count: offered }] as const
  const { placements: answered } = await engine.recommend({ customer: who, placements, exclude, log: false }, 'known')
  const items = answered.home?.items ?? []
  return { items, withheld: items.length === 0 ? 'nothing' : null }
}

/** What a person can put right: what the customer told, and nothing that only events make. */
export function correctable(memory: MemoryDocument): MemoryStatement[] {
  return Object.values(memory.parts)
    .flat()
    .filter(({ provenance }) => provenance === 'told')
}
