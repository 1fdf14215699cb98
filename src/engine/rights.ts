/** What a customer may ask for: everything that is stored about him, and that it be forgotten. */
import { statSync } from 'node:fs'
import type { Catalogue } from '../catalog/catalogue.ts'
import type { Config } from '../config.ts'
import {
  type Erased,
  type ErasureOrder,
  erasuresDone,
  nameHasher,
  oldestUncleaned,
  receiptAt,
  receipts,
  refusedNames,
} from '../consent/erasure.ts'
import { appendToJournal, type JournalLine, readJournal } from '../consent/journal.ts'
import type { Database } from '../db/database.ts'
import type { HeldRow, Holder } from '../db/personal.ts'
import { secretKey } from '../db/secret.ts'
import type { DecisionLog } from '../decisions/log.ts'
import type { ExportDocument, RightsApi } from '../engine-api.ts'
import type { ParsedEvents } from '../events/door.ts'
import type { IncomingEvent } from '../events/event.ts'
import type { VolatileSessions } from '../events/volatile-sessions.ts'
import type { Identifier } from '../identity/identity.ts'
import { normaliseIdentifier } from '../identity/normal.ts'
import { subjectOf } from '../identity/personal.ts'
import { allIdentifiers } from '../identity/population.ts'
import { keptOrders } from '../memory/kept-orders.ts'
import { noRecipient, type RecipientOrder, recipientHasher, recipientsOf } from '../memory/recipient-erasure.ts'
import type { World } from '../world.ts'

export interface RightsNeeds {
  readonly db: Database
  readonly config: Config
  readonly world: World
  readonly holders: readonly Holder[]
  readonly catalogue: Catalogue
  readonly decisions: DecisionLog
  readonly visitors: VolatileSessions
  readonly onError: (error: unknown) => void
}

export function rightsApi(needs: RightsNeeds): RightsApi {
  const { db, config, world, holders, catalogue, decisions, onError } = needs
  return {
    async export(who) {
      const subject = await subjectOf(db, who)
      if (!subject) return null
      await catalogue.upToDate(db)
      return {
        exported: world.now(),
        names: subject.names,
        sections: holders.map((holder) => ({
          name: holder.table,
          title: holder.title,
          rows: presented(holder.read(db, subject), holder, catalogue),
        })),
      } satisfies ExportDocument
    },
    async erase(who, { refuse, actor, notices = [] }) {
      // Of a visitor's session nothing is stored: there may be no more than this to erase.
      const visitor = who.kind === 'anonymous' ? normaliseIdentifier('anonymous', who.value) : null
      if (visitor !== null) needs.visitors.forget(visitor)
      const subject = await subjectOf(db, who)
      if (!subject) return null
      for (const { kind, value } of subject.names) if (kind === 'anonymous') needs.visitors.forget(value)
      // What was decided for him a moment ago is written first, so that it goes too.
      await decisions.flush()
      const order: ErasureOrder = {
        id: world.uuid(),
        time: world.now(),
        actor,
        who: [who],
        refuse,
        again: false,
        notices,
      }
      const journal = await journalOf(db, config)
      const hashOf = await nameHasher(db)
      const names = subject.names.map(hashOf)
      journal?.append({ id: order.id, time: order.time, names, refuse })
      const erased = await db.write<Erased>('consent.erase', order)
      if (erased.names.some((name) => !names.includes(name)))
        journal?.append({ id: order.id, time: order.time, names: erased.names, refuse })
      // What is left to do is done by the upkeep; the rows are gone.
      await forgetFiles(needs).catch(onError)
      return erased.receipt
    },
    async eraseRecipient(who, recipient, actor) {
      const subject = await subjectOf(db, who)
      if (!subject) return null
      const order: RecipientOrder = { id: world.uuid(), time: world.now(), actor, who: [who], recipient, again: false }
      const known = await recipientsOf(db, who)
      const hashOf = await recipientHasher(db)
      const asked = hashOf(recipient)
      if (!known.some((name) => hashOf(name) === asked)) throw noRecipient()
      const named = await nameHasher(db)
      const names = subject.names.map(named)
      const journal = await journalOf(db, config)
      journal?.append({ id: order.id, time: order.time, names, refuse: false, recipient: asked })
      const { receipt } = await db.write<Erased>('memory.eraseRecipient', order)
      await forgetFiles(needs).catch(onError)
      return receipt
    },
    receipt: (id) => receiptAt(db, id),
    receipts: (limit) => receipts(db, limit),
    async keptOrders(page) {
      await catalogue.upToDate(db)
      const named = (item: number) => catalogue.shopId(catalogue.canonical(item)) ?? null
      const kept = await keptOrders(db, page)
      return kept.map((order) => ({
        ...order,
        lines: order.lines.map((line) => ({ ...line, item: named(line.item) })),
      }))
    },
  }
}

/** Rows as a person reads them: times as ISO 8601, items by the shop's id, nothing that is empty. */
async function* presented(
  rows: AsyncIterable<HeldRow>,
  { columns }: Holder,
  catalogue: Catalogue,
): AsyncGenerator<Record<string, unknown>> {
  const [times, json, items] = [columns.times, columns.json, columns.items].map((names) => new Set(names))
  for await (const row of rows) {
    const shown: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(row)) {
      if (value === null || value === undefined || value === '') continue
      if (times.has(name)) {
        if (value !== 0) shown[name] = new Date(value as number).toISOString()
      } else if (json.has(name)) shown[name] = JSON.parse(value as string)
      else if (items.has(name)) {
        const item = catalogue.canonical(value as number)
        shown[name] = catalogue.shopId(item) ?? null
        const title = catalogue.title(item)
        if (title) shown.title = title
      } else shown[name] = value
    }
    yield shown
  }
}

/** A data file up to this is written anew at once when somebody was erased; a larger one when half a day is over. */
const smallFile = 256 * 1024 * 1024
const patienceMs = 12 * 60 * 60_000

type Cleaning = Pick<RightsNeeds, 'db' | 'config' | 'world' | 'holders'>

/**
 * Makes storage's own files forget who was erased (`Database.forget`), where that is due: at once where the file is small,
 * else once for all erasures of half a day, because it takes as long as copying the file. Called by the upkeep too.
 * Tries a few times: somebody who reads for long keeps SQLite's log from being emptied. @throws of storage
 */
export async function forgetFiles({ db, config, world, holders }: Cleaning): Promise<void> {
  const oldest = await oldestUncleaned(db)
  if (oldest === null) return
  const now = world.now()
  if (db.engine === 'sqlite' && statSync(config.dataFile).size > smallFile && now - oldest < patienceMs) return
  for (let attempt = 0; attempt < 5; attempt++) {
    if (await db.forget(holders.map(({ table }) => table))) {
      await db.write('consent.cleaned', { until: now, now })
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
}

interface Journal {
  append(line: Omit<JournalLine, 'database'>): void
  lines(): JournalLine[]
}

/** Null where none is configured (PostgreSQL only). */
async function journalOf(db: Database, config: Config): Promise<Journal | null> {
  const file = journalFile(config)
  if (file === null) return null
  const database = Buffer.from(await secretKey(db, 'journal'))
    .toString('hex')
    .slice(0, 16)
  return {
    append: (line) => appendToJournal(file, { database, ...line }),
    lines: () => readJournal(file, database),
  }
}

/** Beside the data file, unless the configuration names another place. */
export function journalFile({ erasureJournal, databaseUrl, dataFile }: Config): string | null {
  return erasureJournal ?? (databaseUrl ? null : `${dataFile}-erasures`)
}

/**
 * Carries out what the journal tells of and the database does not know: it was restored from a backup, or the process died
 * between the two. Before anything is served. @returns how many erasures were done again
 */
export async function eraseAgain(needs: Cleaning & Pick<RightsNeeds, 'onError'>): Promise<number> {
  const { db, config, onError } = needs
  const journal = await journalOf(db, config)
  if (journal === null) return 0
  const lines = journal.lines()
  if (lines.length === 0) return 0
  const done = await erasuresDone(db)
  const due = lines.filter(({ id }) => !done.has(id))
  if (due.length === 0) return 0
  const found = await namesBehind(db, new Set(due.flatMap(({ names }) => names)))
  const hashOf = await recipientHasher(db)
  for (const { id, time, names, refuse, recipient: hash } of due) {
    const who = names.flatMap((name) => found.get(name) ?? [])
    if (hash !== undefined) {
      const known = (await Promise.all(who.map((one) => recipientsOf(db, one)))).flat()
      const recipient = known.find((name) => hashOf(name) === hash)
      const order = { id, time, actor: 'engine', who: recipient === undefined ? [] : who.slice(0, 1), again: true }
      await db.write('memory.eraseRecipient', { ...order, recipient: recipient ?? '' } satisfies RecipientOrder)
      continue
    }
    await db.write('consent.erase', {
      id,
      time,
      actor: 'engine',
      who,
      refuse,
      again: true,
      notices: [],
    } satisfies ErasureOrder)
  }
  await forgetFiles(needs).catch(onError)
  return due.length
}

/** The identifiers whose keyed hashes are wanted. */
async function namesBehind(db: Database, wanted: ReadonlySet<string>): Promise<Map<string, Identifier>> {
  const hashOf = await nameHasher(db)
  const found = new Map<string, Identifier>()
  for await (const names of allIdentifiers(db))
    for (const { kind, value } of names) {
      const hash = hashOf({ kind, value })
      if (wanted.has(hash)) found.set(hash, { kind, value })
    }
  return found
}

export interface Refusals {
  /** Splits off the events that carry an identifier which asked to be refused. */
  sift(parsed: ParsedEvents): Promise<ParsedEvents>
}

/** In the serving process, at the door: as long as nobody asked to be refused it costs nothing. */
export async function refusals(db: Database): Promise<Refusals> {
  const hashOf = await nameHasher(db)
  let names = await refusedNames(db)
  let fresh = true
  db.onChange((changes) => {
    if (changes.has('erasures')) fresh = false
  })
  const isRefused = (event: IncomingEvent): boolean => {
    const own: Identifier[] = [...event.identifiers]
    if (event.userId !== null) own.push({ kind: 'user', value: event.userId })
    if (event.anonymousId !== null) own.push({ kind: 'anonymous', value: event.anonymousId })
    if (event.previousId !== null)
      own.push({ kind: 'user', value: event.previousId }, { kind: 'anonymous', value: event.previousId })
    return own.some((name) => names.has(hashOf(name)))
  }
  return {
    async sift(parsed) {
      if (!fresh) {
        fresh = true
        names = await refusedNames(db).catch((error) => {
          fresh = false
          throw error
        })
      }
      if (names.size === 0) return parsed
      const asked = parsed.events.map(isRefused)
      const refused = parsed.positions.filter((_, i) => asked[i]).map((index) => ({ index, ...erasedRefused }))
      return {
        events: parsed.events.filter((_, i) => !asked[i]),
        positions: parsed.positions.filter((_, i) => !asked[i]),
        refused: [...parsed.refused, ...refused],
      }
    },
  }
}

const erasedRefused = {
  code: 'erased_refused',
  message: 'The customer was erased and asked not to be remembered again; the event was not stored.',
}
