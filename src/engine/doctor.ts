/**
 * `habitue doctor`: what is in use, how much is stored, what is wrong and how to mend it (doctor-findings.ts says what
 * counts as wrong).
 */
import { listKeys } from '../access/store.ts'
import type { Catalogue } from '../catalog/catalogue.ts'
import { countItems } from '../catalog/read.ts'
import type { Config } from '../config.ts'
import { firstErasureSince } from '../consent/erasure.ts'
import { policyOf } from '../consent/policy.ts'
import { reachOf } from '../consent/reach.ts'
import type { Database } from '../db/database.ts'
import { heldSince } from '../db/hold.ts'
import { latestVersion } from '../db/migrate.ts'
import { storageReport } from '../db/report.ts'
import type { DecisionLog } from '../decisions/log.ts'
import { listModels, type ModelInfo } from '../decisions/models-store.ts'
import { eventReport } from '../events/report.ts'
import { listImports } from '../imports/progress.ts'
import { orderReport, touchedItems } from '../memory/report.ts'
import { senderProfiles } from '../messages/owners.ts'
import { checkSenders, systemResolver } from '../messages/sender-dns.ts'
import { taskReport } from '../tasks/store.ts'
import type { World } from '../world.ts'
import { troublesNow } from './alarms.ts'
import { type Examination, type Finding, findingsOf } from './doctor-findings.ts'
import { databaseClock } from './doctor-surroundings.ts'

export interface DoctorNeeds {
  readonly db: Database
  readonly config: Config
  readonly world: World
  readonly catalogue: Catalogue
  readonly log: DecisionLog
  /** The models that answer in this process, the shop's own first. */
  readonly serving: () => readonly ModelInfo[]
  /** Of Habitue. */
  readonly version: string
}

export async function examine(needs: DoctorNeeds): Promise<Record<string, unknown>> {
  const { db, config, world, catalogue, log } = needs
  await db.catchUp()
  await catalogue.upToDate(db)
  const { version: databaseVersion, clockMs } = await databaseClock(db, world)
  const found: Examination = {
    config,
    engine: db.engine,
    now: world.now(),
    storage: await storageReport(db),
    items: await countItems(db),
    itemIds: itemIds(catalogue, await touchedItems(db)),
    events: await eventReport(db, (item) => catalogue.has(item) && !catalogue.provisional(item)),
    orders: await orderReport(db),
    held: await heldSince(db),
    models: await listModels(db, 'shop'),
    erasureUnlearned: await unlearned(db),
    servingVersion: needs.serving()[0]?.version ?? null,
    imports: await listImports(db),
    keys: await listKeys(db),
    databaseClockMs: clockMs,
    decisionsLost: log.dropped,
    consent: await reachOf(db, policyOf(config), world.now()),
    tasks: await taskReport(db, world.now()),
    troubles: await troublesNow({ db, config }, world.now()),
    senders: await sendersFound(db, config),
  }
  const findings = findingsOf(found)
  const versions = { habitue: needs.version, node: process.versions.node, [db.engine]: databaseVersion }
  return { healthy: isHealthy(findings), versions, ...figures(found), findings }
}

/** What the world's names say of those who send; asked only where mail is sent. */
async function sendersFound(db: Database, config: Config): Promise<Examination['senders']> {
  const profiles = [...(await senderProfiles(db)).values()]
  const addresses = profiles.flatMap(({ address }) => (address === undefined ? [] : [address]))
  return checkSenders(config, addresses, systemResolver())
}

export function isHealthy(findings: readonly Finding[]): boolean {
  return !findings.some(({ level }) => level === 'trouble')
}

/** The first erasure that the newest model does not know of. */
async function unlearned(db: Database): Promise<number | null> {
  const ready = (await listModels(db, 'shop')).find(({ state }) => state === 'ready')
  return ready ? firstErasureSince(db, ready.started) : null
}

/** The items that events named, and those of them that the catalogue does not describe. */
function itemIds(catalogue: Catalogue, touched: readonly number[]): Examination['itemIds'] {
  const inEvents = new Set(touched.map((item) => catalogue.canonical(item)))
  for (const item of catalogue.ids()) if (catalogue.provisional(item)) inEvents.add(catalogue.canonical(item))
  let unknown = 0
  for (const item of inEvents) if (!catalogue.has(item) || catalogue.provisional(item)) unknown++
  return { inEvents: inEvents.size, unknown }
}

function figures({ storage, events, orders, itemIds, ...rest }: Examination): Record<string, unknown> {
  const { place, bytes, freeBytes, schema, bytesByTable } = storage
  const { engine, databaseClockMs, models, now, items, decisionsLost } = rest
  const serving = models.find(({ version }) => version === rest.servingVersion)
  const last = models.find(({ state }) => state !== 'training')
  return {
    database: { engine, place, bytes, freeBytes },
    migrations: { applied: schema, known: latestVersion },
    bytesByTable,
    catalogue: items,
    events: {
      stored: events.stored,
      newest: iso(events.newest),
      itemIds: itemIds.inEvents,
      itemIdsUnknown: itemIds.unknown,
      itemIdsUnknownShare: share(itemIds.unknown, itemIds.inEvents),
    },
    orders: { ...orders, withoutCustomerShare: share(orders.withoutCustomer, orders.orders) },
    models: {
      serving: serving
        ? {
            version: serving.version,
            trained: iso(serving.finished),
            ageHours: age(serving, now),
            bytes: serving.bytes,
          }
        : null,
      lastTraining: last ? { version: last.version, state: last.state, ended: iso(last.finished) } : null,
      training: models.some(({ state }) => state === 'training'),
    },
    clocks: { eventsLateSeconds: seconds(events.skewMs), databaseAheadSeconds: seconds(databaseClockMs) },
    consent: rest.consent,
    tasks: rest.tasks,
    decisionsLost,
  }
}

function iso(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString()
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms / 100) / 10
}

function age({ finished }: ModelInfo, now: number): number {
  return Math.round((now - (finished ?? now)) / 360_000) / 10
}

/** Four digits; null of nothing. */
function share(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((10_000 * part) / whole) / 10_000
}
