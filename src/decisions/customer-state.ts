/** What a decision knows of a customer: read from memory, as far as consent reaches, and folded for the models. */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import { type Ceiling, type Permit, Person, permit, type RulingReason } from '../consent/permit.ts'
import type { Policy } from '../consent/policy.ts'
import type { Provenance } from '../consent/saying.ts'
import { personOf } from '../consent/store.ts'
import type { Database } from '../db/database.ts'
import { reduceContext } from '../events/context.ts'
import { latestEvents } from '../events/opening.ts'
import type { VisitorSession, VolatileSessions } from '../events/volatile-sessions.ts'
import type { FoundIdentity } from '../identity/store.ts'
import { type Attributes, toldAttributes } from '../memory/attributes.ts'
import type { Moment } from '../memory/conditions.ts'
import { type Cart, cart } from '../memory/customer.ts'
import { type ChangedSetting, type DecisionFacts, decisionFacts, noDecisionFacts } from '../memory/decision-facts.ts'
import { type Discreet, discreetFor } from '../memory/discreet.ts'
import { type HiddenGifts, hiddenGifts } from '../memory/hidden-gifts.ts'
import { type HistoryRow, history, historyOf } from '../memory/history.ts'
import { type PassingMemory, passingMemory } from '../memory/passing.ts'
import { latestStyle, type SessionStyle, type StyleEvent } from '../memory/session-style.ts'
import { timeOf, weightOf } from '../memory/signals.ts'
import type { History } from '../models/model.ts'
import { recencyRanks } from '../models/recency.ts'
import type { World } from '../world.ts'
import { guesses } from './first-guess.ts'
import { type NeverShown, neverShown } from './never-shown.ts'
import type { Serving } from './serving.ts'
import { unsaidByName } from './unsaid.ts'

/** A set of internal ids in the least memory: thousands of customers are kept. */
export interface Ids {
  /** Ascending. */
  readonly all: Int32Array
  readonly size: number
  has(id: number): boolean
}

class SortedIds implements Ids {
  readonly all: Int32Array

  constructor(ids: readonly number[]) {
    this.all = Int32Array.from(new Set(ids)).sort()
  }

  get size(): number {
    return this.all.length
  }

  has(id: number): boolean {
    let low = 0
    let high = this.all.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.all[middle] < id) low = middle + 1
      else high = middle
    }
    return low < this.all.length && this.all[low] === id
  }
}

export const idsOf = (ids: readonly number[]): Ids => new SortedIds(ids)

export interface CustomerState {
  readonly customer: number
  readonly version: number
  /** `catalogue.renamings` when it was read. */
  readonly renamings: number
  /** Why nothing of what is remembered is used; null = it is. */
  readonly refusal: RulingReason | null
  /** Whole years, as far as told: what is rated for more is not shown. */
  readonly age: number
  /** When consent, age, or what is to stay unseen may become others by themselves. */
  readonly until: number
  /** How many rows of memory it was made of. */
  readonly rows: number
  /** The row of the identifier that was asked for; null = of a session that is in no table, so nothing may be written of it. */
  readonly identifier: number | null
  /** For the models of `serving`. */
  readonly serving: Serving | null
  readonly history: History
  /** Internal ids of items that the customer has (bought and kept, or rated): the repeat policy decides about them. */
  readonly owned: Ids
  /** Internal ids of items that were refused: never shown. */
  readonly refused: Ids
  /** Internal ids of items of which he was only seen to take notice: they are not named to him. */
  readonly observed: Ids
  /** Where what is known of his taste comes from. */
  readonly provenance: readonly Provenance[]
  /** What he told of himself and how he looks around, as far as a first guess may use it; read while he has chosen little. */
  readonly traits: Attributes
  /** Internal ids, the latest looked at first. */
  readonly recent: readonly number[]
  /** Internal ids in the open cart. */
  readonly cart: readonly number[]
  /** What he said never to show him, at a moment; null = nothing. */
  never(moment: Moment): NeverShown | null
  /** What he had left one way, and somebody else changed. */
  readonly changed: readonly ChangedSetting[]
  /** What is sensitive, and nothing that he agreed to. */
  readonly discreet: Discreet
  /** Of a recipient: how many of the interests that were told of him an item answers to. */
  readonly likes?: (id: number) => number
}

const recentItems = 100

export interface CustomerStateNeeds {
  readonly db: Database
  readonly catalogue: Catalogue
  readonly config: Config
  readonly policy: Policy
  readonly world: World
  /** What visitors do before they log in. */
  readonly visitors: VolatileSessions
}

/**
 * What he told of himself, and how he looked around in his session, where a first guess is made of it: who has chosen more is
 * known by that.
 */
async function traitsOf(
  { db, catalogue, config }: CustomerStateNeeds,
  { allowed, passing }: Pick<Usable, 'allowed' | 'passing'>,
  { items }: History,
  { serving, now, guessTraits: names, context }: Asked,
): Promise<{ readonly told: Attributes; readonly style: SessionStyle }> {
  const guess = serving?.guess
  if (!guess?.admitted[items.length]) return noTraits
  const told = allowed ? await toldAttributes(db, allowed, names, now) : {}
  const isListening = guess.session && config.firstGuess.session
  const happened = !isListening ? [] : (passing?.events ?? (allowed ? await latestEvents(db, allowed) : []))
  // The page that asks tells what its event would have told.
  const seen = isListening && happened.length === 0 && context ? [asPage(context, now)] : happened
  const style = seen.length === 0 ? {} : latestStyle(seen, config.timeZone, unsaidByName(catalogue))
  return guesses(guess, { ...style, ...told }, items.length) ? { told, style } : noTraits
}

const noTraits = { told: {}, style: {} }

function asPage(context: NonNullable<Asked['context']>, time: number): StyleEvent {
  return { type: 'page', name: '', time, body: JSON.stringify({ context: reduceContext(context) }) }
}

function provenanceWith(provenance: readonly Provenance[], told: Attributes, style: SessionStyle): Provenance[] {
  const more: Provenance[] = []
  if (Object.keys(told).length > 0) more.push('told')
  if (Object.keys(style).length > 0) more.push('observed')
  return [...new Set([...more, ...provenance])]
}

export interface Asked {
  /** Null = nobody of whom anything is stored. */
  readonly identity: FoundIdentity | null
  readonly session: VisitorSession | null
  readonly ceiling: Ceiling
  readonly serving: Serving | null
  readonly now: number
  /** Traits that a first guess may use. */
  readonly guessTraits: ReadonlySet<string>
  /** What the request says of the page and the device, as events do; what it tells is of this answer alone. */
  readonly context?: Readonly<Record<string, unknown>>
}

/** What may be gone by of somebody: his memory, as far as consent reaches, and his session. */
export interface Usable {
  readonly person: Person
  /** Null = nothing of his memory may be used. */
  readonly allowed: Permit | null
  /** Null = no session, or one that may not be gone by. */
  readonly passing: PassingMemory | null
  /** The only identifier whose rows count; undefined = all of his. */
  readonly alone: number | undefined
  /** What he did with each item for himself, sensitive things, presents and what he took out of his taste included. */
  readonly all: readonly HistoryRow[]
  readonly facts: DecisionFacts
  readonly gifts: HiddenGifts
  readonly open: Cart
  readonly discreet: Discreet
}

/** Null = of nobody, or of a session that may not be gone by. */
export async function usableOf(
  { db, catalogue, policy }: Pick<CustomerStateNeeds, 'db' | 'catalogue' | 'policy'>,
  { identity, session, ceiling, now }: Pick<Asked, 'identity' | 'session' | 'ceiling' | 'now'>,
): Promise<Usable | null> {
  const person = identity ? await personOf(db, policy, identity, now) : new Person(policy, null, [], now)
  const alone = ceiling === 'anonymous' ? identity?.named : undefined
  const allowed = permit(person, 'personalisation', { ceiling, alone })
  // Joined with somebody he is no visitor any more: his session is adopted or dropped, here or on the node where he logged in.
  const isJoined = identity !== null && identity.identifiers.length > 1
  const passing = session && !isJoined ? passingOf(session, person, catalogue) : null
  if (!passing && !identity) return null
  // What he asked not to be shown is kept from him whatever else may be used.
  const told = allowed ?? permit(person, 'service', { ceiling, alone })
  const [{ self, recipients }, open, facts] = await Promise.all([
    allowed ? history(db, allowed, passing?.rows) : passing ? historyOf(passing.rows) : noHistory,
    allowed ? cart(db, allowed, now) : noCart,
    told ? decisionFacts(db, told, now) : noDecisionFacts,
  ])
  const gifts = hiddenGifts(recipients, self, facts.occasions, now)
  const discreet = discreetFor(allowed ? facts.agreed : nothingAgreed, catalogue)
  return { person, allowed, passing, alone, all: self, facts, gifts, open, discreet }
}

const nothingAgreed: ReadonlySet<string> = new Set()

/** Null = of nobody, or of a session that may not be gone by. */
export async function readState(needs: CustomerStateNeeds, asked: Asked): Promise<CustomerState | null> {
  const { catalogue, config } = needs
  const { identity, serving } = asked
  const { renamings } = catalogue
  const usable = await usableOf(needs, asked)
  if (usable === null) return null
  const { person, allowed, passing, alone, all, facts, gifts, open, discreet } = usable
  const lines = passing?.cart ?? (open.stale ? [] : open.lines)
  const known = stateOf(usable, { config, serving, catalogue })
  const { told, style } = await traitsOf(needs, usable, known.history, asked)
  return {
    ...known,
    provenance: provenanceWith(known.provenance, told, style),
    traits: { ...style, ...told },
    never: neverShown(facts.rules, catalogue),
    changed: facts.changed,
    discreet,
    cart: lines.map((line) => catalogue.canonical(line.item)),
    refusal: allowed || passing ? null : person.ruling('personalisation').reason,
    age: ageShown(person, alone),
    until: Math.min(person.until, gifts.until),
    customer: identity?.customer ?? 0,
    version: identity?.version ?? 0,
    identifier: passing ? null : (identity?.named ?? null),
    renamings,
    rows: all.length,
    serving,
  }
}

/**
 * What a session comes to; null where its visitor refused, is a minor, or nothing may be gone by at all. What he did before
 * a refusal that he took back since is not used.
 */
function passingOf(session: VisitorSession, person: Person, catalogue: Catalogue): PassingMemory | null {
  const { allowed, reason, standing } = person.ruling('personalisation')
  if (!allowed && reason !== 'unset' && reason !== 'expired') return null
  const events = session.events.map(({ event }) => event).filter(({ time }) => time >= standing.since)
  return passingMemory(events, (names) => {
    for (const name of names) {
      const id = catalogue.idOf(name)
      if (id !== undefined) return id
    }
    return undefined
  })
}

const noCart: Cart = { lines: [], updated: 0, stale: true }
const noHistory = { self: [], recipients: new Map() }

/** On a device that nobody is proved to use, only its own word makes anybody older; that he is a minor holds there too. */
function ageShown(person: Person, alone: number | undefined): number {
  const { kind, age } = person.audience
  return kind === 'minor' || alone === undefined ? age : person.audienceOf(alone).age
}

/**
 * The rows by which his taste may be known: nothing that he took out of it, nothing sensitive, and no presents, for whoever
 * looks for one shows the taste of another.
 */
export function tasteRows(
  { all, facts, gifts, discreet }: Pick<Usable, 'all' | 'facts' | 'gifts' | 'discreet'>,
  catalogue: Catalogue,
): { readonly own: readonly HistoryRow[]; readonly seen: readonly HistoryRow[] } {
  const gone = new Set([...facts.forgotten].map((item) => catalogue.canonical(item)))
  const rows = all.filter(({ item }) => {
    const id = catalogue.canonical(item)
    return !gone.has(id) && !discreet(id)
  })
  const { gifts: given, hidden } = gifts
  return {
    own: given.size === 0 ? rows : rows.filter((row) => !given.has(row.item)),
    seen: hidden.size === 0 ? rows : rows.filter((row) => !hidden.has(row.item)),
  }
}

function stateOf(
  usable: Usable,
  {
    config,
    serving,
    catalogue,
  }: Pick<CustomerStateNeeds, 'config' | 'catalogue'> & { readonly serving: Serving | null },
): Pick<CustomerState, 'history' | 'owned' | 'refused' | 'recent' | 'observed' | 'provenance'> {
  const ids = (some: readonly HistoryRow[]) => some.map((row) => catalogue.canonical(row.item))
  const { all } = usable
  const { own, seen } = tasteRows(usable, catalogue)
  const viewed = seen.filter((row) => row.view_last > 0).sort((a, b) => b.view_last - a.view_last || a.item - b.item)
  const observed = own.filter((row) => !isTold(row))
  return {
    observed: idsOf(ids(observed)),
    provenance: [...(observed.length < own.length ? told : []), ...(observed.length > 0 ? seenOnly : [])],
    history: modelHistory(own, config, serving, catalogue),
    owned: idsOf(ids(all.filter((row) => row.bought > row.returned || row.rating !== null))),
    refused: idsOf(ids(all.filter((row) => row.refused > 0 && row.refused_last >= row.bought_last))),
    recent: [...new Set(ids(viewed.slice(0, recentItems)))],
  }
}

const told: readonly Provenance[] = ['told']
const seenOnly: readonly Provenance[] = ['observed']

/** His own explicit act, which he knows that the shop knows. */
function isTold(row: HistoryRow): boolean {
  return row.bought > 0 || row.rating !== null || row.wished > 0 || row.refused > 0
}

/** The same customer where nothing of his memory may be used: what he said never to show is still not shown, nor what is not for his age. */
export function withoutMemory(customer: CustomerState, catalogue: Catalogue): CustomerState {
  return {
    ...customer,
    history: emptyHistory,
    owned: noIds,
    recent: [],
    cart: [],
    traits: {},
    provenance: [],
    changed: [],
    discreet: discreetFor(nothingAgreed, catalogue),
    likes: undefined,
  }
}

const noIds = idsOf([])
const emptyHistory: History = { items: new Int32Array(0), weights: new Float32Array(0) }

/** For the models: each item once, by ascending index. */
function modelHistory(
  rows: readonly HistoryRow[],
  config: Config,
  serving: Serving | null,
  catalogue: Catalogue,
): History {
  const signals = new Map<number, { weight: number; time: number }>()
  for (const row of serving ? rows : []) {
    const index = (serving as Serving).indexOf(catalogue.canonical(row.item))
    const weight = weightOf(row, config.signals)
    if (index < 0 || weight === 0) continue
    const same = signals.get(index)
    signals.set(index, { weight: weight + (same?.weight ?? 0), time: Math.max(timeOf(row), same?.time ?? 0) })
  }
  const sorted = [...signals].sort(([a], [b]) => a - b)
  const times = Float64Array.from(sorted, ([, { time }]) => time)
  return {
    items: Int32Array.from(sorted, ([index]) => index),
    weights: Float32Array.from(sorted, ([, { weight }]) => weight),
    times,
    // Ranked once here, and not at each decision.
    ranks: recencyRanks(times),
  }
}
