/** What a customer told, corrected and deleted, as HTTP shows and changes it: every change is an event of its own. */
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import { type Permit, Person, permit, whyNot } from '../consent/permit.ts'
import type { Policy, Purpose } from '../consent/policy.ts'
import { answersOf, personOf } from '../consent/store.ts'
import { consentView } from '../consent/view.ts'
import type { Database } from '../db/database.ts'
import type { FactsApi, Teller } from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import type { IngestAnswer, IngestRequest } from '../events/event.ts'
import { type OwnEvent, ownEvent } from '../events/own.ts'
import type { Identifier } from '../identity/identity.ts'
import { identifiersWith, resolve } from '../identity/store.ts'
import { openComplaints } from '../memory/complaints.ts'
import { type Asked, inOrder, type Known, knownFacts, memoryDocument, stated } from '../memory/document.ts'
import { type GivenFact, parseFact, type Statement } from '../memory/fact.ts'
import { madeByEvents } from '../memory/fact-kinds.ts'
import { digestsOf, type FactView } from '../memory/fact-view.ts'
import { mostTold, storedFacts } from '../memory/facts.ts'
import { history } from '../memory/history.ts'
import { traitChannel } from '../memory/told-traits.ts'
import type { World } from '../world.ts'

export interface FactNeeds {
  readonly db: Database
  readonly catalogue: Catalogue
  readonly config: Config
  readonly policy: Policy
  readonly world: World
  /** What is learned from orders. */
  readonly learn: NonNullable<Asked['learn']>
}

/** The permit to use what is remembered of `who`; null = nobody of that name, or consent does not reach. */
export async function permitOf(
  { db, policy, world }: Pick<FactNeeds, 'db' | 'policy' | 'world'>,
  who: Identifier,
  purpose: Purpose,
): Promise<Permit | null> {
  const identity = await resolve(db, who)
  return identity && permit(await personOf(db, policy, identity, world.now()), purpose, { ceiling: 'intimate' })
}

export function factsApi(needs: FactNeeds): FactsApi {
  const { db, catalogue, policy, world, learn } = needs
  const record = (events: readonly OwnEvent[], teller: Teller) => recordOwn(needs, events, teller)
  const permitFor = (who: Identifier) => permitOf(needs, who, 'service')
  const known = async (who: Identifier, at?: number): Promise<Known | null> => {
    const identity = await resolve(db, who)
    const person = identity && (await personOf(db, policy, identity, world.now()))
    const allowed = person && permit(person, 'service', { ceiling: 'intimate' })
    if (!allowed) return null
    await catalogue.upToDate(db)
    const profile = permit(person, 'personalisation', { ceiling: 'intimate' })
    return knownFacts(db, allowed, profile, catalogue, { now: at ?? world.now(), past: at !== undefined, learn })
  }
  const found = async (who: Identifier, id: string) => factNamed((await known(who))?.facts ?? [], id)
  /** The events that delete `fact`, each under the identifier under which it was told. */
  const deletions = async (
    who: Identifier,
    fact: FactView,
    ids: readonly string[],
  ): Promise<Omit<OwnEvent, 'messageId' | 'time'>[]> => {
    const allowed = (await permitFor(who)) as Permit
    const { statements } = await storedFacts(db, allowed)
    const rows = new Map(statements.map((statement) => [statement.id, statement.identifier]))
    const named = new Map((await identifiersWith(db, allowed.identifiers)).map((one) => [one.id, one]))
    return ids.map((id) => {
      const owner = named.get(rows.get(id) ?? 0)
      const properties = { fact: id, was: { ...digestsOf(withoutCondition(fact)), evidence: fact.evidence } }
      return { name: 'Fact Deleted', who: owner ? { kind: owner.kind, value: owner.value } : who, properties }
    })
  }
  const stamped = (events: readonly Omit<OwnEvent, 'messageId' | 'time'>[]) =>
    events.map((event) => ({ ...event, messageId: world.uuid(), time: world.now() }))
  const shown = async (who: Identifier, messageId: string): Promise<FactView | null> => {
    const facts = (await known(who))?.facts ?? []
    return facts.find(({ evidence }) => evidence.includes(messageId)) ?? null
  }

  return {
    async list(who) {
      const all = await known(who)
      return all && inOrder(all.facts)
    },
    async tell(who, given, teller) {
      const properties = checkedFact(given, world.now(), teller.channel)
      await checkRoom(db, await permitFor(who))
      const name = properties.provenance === 'told' ? 'Fact Told' : 'Fact Inferred'
      const [event] = stamped([{ name, who, properties }])
      await record([event], teller)
      const view = await shown(who, event.messageId)
      if (view) return view
      throw new HabitueError('consent_refused', 'The fact was kept out: it is past its end, or it was deleted before.')
    },
    async correct(who, id, changes, teller) {
      const old = await found(who, id)
      if (madeByEvents.has(old.kind)) throw notChangeable(old)
      const { kind, subject, recipient, value, condition, expires } = old
      const given = { kind, subject, recipient, value, condition, expires, ...changes, provenance: 'told' }
      const properties = checkedFact(given, world.now(), teller.channel)
      const others = await deletions(who, old, old.same)
      const [first, ...rest] = others
      const corrected = { name: 'Fact Corrected', who: first.who, properties: { ...properties, ...first.properties } }
      const [event, ...deleted] = stamped([corrected, ...rest])
      await record([event, ...deleted], teller)
      return (await shown(who, event.messageId)) as FactView
    },
    async remove(who, id, teller) {
      const fact = await found(who, id)
      const told = fact.history.filter(({ provenance }) => provenance === 'told').map((lost) => lost.id)
      const events = await deletions(who, fact, [...fact.same, ...told])
      const items = await itemsBehind(needs, (await permitFor(who)) as Permit, fact)
      await record(stamped([...events, ...alsoGone(who, fact, items)]), teller)
    },
    async forget(who, item, forgotten, teller) {
      if (catalogue.idOf(item) === undefined) await catalogue.upToDate(db)
      if (catalogue.idOf(item) === undefined)
        throw new HabitueError('unknown_item', `The catalogue has no item ${JSON.stringify(item)}.`, { item })
      const name = forgotten ? 'Product Forgotten' : 'Product Remembered'
      await record(stamped([{ name, who, properties: { product_id: item } }]), teller)
    },
    async attention(who) {
      const allowed = await permitFor(who)
      return allowed && (await openComplaints(db, allowed, world.now())).map((fact) => stated(fact, catalogue))
    },
    async memory(who, at) {
      const [identity, all] = [await resolve(db, who), await known(who, at)]
      if (!identity || !all) return null
      const now = at ?? world.now()
      const answers = (await answersOf(db, identity.identifiers)).filter(({ time }) => time <= now)
      const person = new Person(policy, identity, answers, now)
      return memoryDocument(all, consentView(person), catalogue, at ?? null)
    },
  }
}

/** So many are read whenever he is spoken of. @throws HabitueError too_many_facts */
async function checkRoom(db: Database, allowed: Permit | null): Promise<void> {
  const count = allowed ? (await storedFacts(db, allowed)).statements.length : 0
  if (count < mostTold) return
  const message = `The customer has ${count} facts; at most ${mostTold} may be told. Correct or delete some of them.`
  throw new HabitueError('too_many_facts', message, { facts: count, most: mostTold })
}

/** The shop's ids of what he did that made an interest of his. */
async function itemsBehind(
  { db, catalogue }: FactNeeds,
  allowed: Permit,
  { kind, subject }: FactView,
): Promise<string[]> {
  if (kind !== 'interest') return []
  if (subject.startsWith('item:')) return [subject.slice('item:'.length)]
  const category = subject.slice('category:'.length)
  const { self } = await history(db, allowed)
  const items = new Set(self.map(({ item }) => catalogue.canonical(item)))
  const within = [...items].filter((item) => catalogue.categories(item).includes(category))
  return within.flatMap((item) => catalogue.shopId(item) ?? [])
}

/** Of a learned usual the item goes out of the habit, whatever the threshold is that is found the next time. */
function withoutCondition(fact: FactView): FactView {
  return fact.kind === 'usual' && fact.provenance !== 'told' ? { ...fact, condition: null } : fact
}

/** The fact of this id; one that lost to another stands for itself. @throws HabitueError not_found */
function factNamed(facts: readonly FactView[], id: string): FactView {
  const fact = facts.find(({ id: own, same }) => own === id || same.includes(id))
  if (fact) return fact
  for (const winner of facts) {
    const lost = winner.history.find((one) => one.id === id)
    if (lost) return { ...winner, ...lost, same: [id], history: [] }
  }
  throw new HabitueError('not_found', `Nothing of this customer has the id ${JSON.stringify(id)}.`, { fact: id })
}

/** The properties of the event that tells it: only what was given, in its normal form. @throws HabitueError invalid_fact */
export function checkedFact(given: GivenFact, now: number, channel: string): Record<string, unknown> {
  const content = parseFact(given, now, channel)
  if (madeByEvents.has(content.kind)) throw notChangeable(content)
  const { kind, subject, recipient, value, condition, provenance, confidence, evidence, by } = content
  const properties: Record<string, unknown> = { kind, subject, value, provenance, channel: content.channel }
  if (recipient !== '') properties.recipient = recipient
  if (condition) properties.condition = condition
  if (confidence !== 1) properties.confidence = confidence
  if (evidence) properties.evidence = evidence
  if (by) properties.by = by
  if (content.validFrom !== now) properties.validFrom = content.validFrom
  if (content.expires !== null) {
    if (content.expires <= now)
      throw new HabitueError('invalid_fact', 'The fact has "expires" in the past; expected a time to come.', {
        field: 'expires',
      })
    properties.expires = content.expires
  }
  return properties
}

function notChangeable({ kind }: Pick<Statement, 'kind'>): HabitueError {
  return new HabitueError('invalid_fact', `A ${kind} comes about by what happens; it cannot be told or corrected.`, {
    field: 'kind',
  })
}

/** Sends events through ingest and waits for the commit. @throws HabitueError with the code of the first refusal */
export async function recordOwn(
  { db, config, world }: Pick<FactNeeds, 'db' | 'config' | 'world'>,
  own: readonly OwnEvent[],
  teller: Teller,
): Promise<void> {
  const events = own.map((event) => ownEvent(event, config.currency))
  const request: IngestRequest = {
    source: teller.source,
    received: world.now(),
    trust: 'verified',
    subject: null,
    historical: false,
    events,
  }
  const { refused, session } = await db.write<IngestAnswer>('events.ingest', request)
  if (refused.length > 0) throw new HabitueError(refused[0].code as 'consent_refused', refused[0].message)
  if (session !== undefined) throw new HabitueError('consent_refused', whyNot('unset', 'personalisation'))
  await db.catchUp()
}

/** What a deleted fact was made of besides itself: a trait of the account; the taste for `items`. */
function alsoGone(
  who: Identifier,
  { kind, subject, channel }: FactView,
  items: readonly string[],
): Omit<OwnEvent, 'messageId' | 'time'>[] {
  if (channel === traitChannel && kind === 'attribute') return [{ name: '', who, properties: { [subject]: null } }]
  return items.map((item) => ({ name: 'Product Forgotten', who, properties: { product_id: item } }))
}
