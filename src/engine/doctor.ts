/**
 * `habitue doctor`: what is in use, how much is stored, what is wrong and how to mend it. Findings have a level: `trouble`
 * makes the command exit with 1, `advice` does not.
 */
import type { Catalogue } from '../catalog/catalogue.ts'
import { countItems } from '../catalog/read.ts'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import { latestVersion } from '../db/migrate.ts'
import { type StorageReport, storageReport } from '../db/report.ts'
import type { DecisionLog } from '../decisions/log.ts'
import { listModels } from '../decisions/models-store.ts'
import { bundleName } from '../decisions/serving.ts'
import { eventReport } from '../events/report.ts'
import { orderReport } from '../memory/report.ts'
import type { World } from '../world.ts'

interface Needs {
  readonly db: Database
  readonly config: Config
  readonly world: World
  readonly catalogue: Catalogue
  readonly log: DecisionLog
}

interface Finding {
  readonly level: 'trouble' | 'advice'
  readonly what: string
  readonly mend: string
}

const dayMs = 86_400_000
const oldModelMs = 7 * dayMs

export async function examine({ db, config, world, catalogue, log }: Needs): Promise<Record<string, unknown>> {
  const now = world.now()
  await catalogue.upToDate(db)
  const storage = await storageReport(db)
  const items = await countItems(db)
  const events = await eventReport(db, (item) => catalogue.has(item) && !catalogue.provisional(item))
  const orders = await orderReport(db)
  const models = await listModels(db, bundleName)
  const serving = models.find((model) => model.state === 'ready')
  const newest = models.find((model) => model.state !== 'training')
  const report = {
    versions: {
      node: process.versions.node,
      sqlite: process.versions.sqlite,
      schema: storage.schema,
      newestSchema: latestVersion,
    },
    database: { engine: db.engine, ...storage },
    catalogue: items,
    events,
    orders,
    model: serving && {
      version: serving.version,
      trained: serving.finished,
      ageHours: hours(now - (serving.finished ?? now)),
      bytes: serving.bytes,
    },
    decisionsLost: log.dropped,
  }
  const findings = [
    ...aboutConfig(config),
    ...aboutStorage(storage),
    ...aboutItems(items, events),
    ...aboutEvents(events, orders),
  ]
  if (newest?.state === 'failed') {
    const error = (newest.report.error as { message?: string } | undefined)?.message ?? ''
    findings.push({
      level: 'trouble',
      what: `The last training failed: ${error}`,
      mend: 'See the log, then: habitue train',
    })
  }
  if (!serving && events.stored > 0)
    findings.push({ level: 'advice', what: 'No model is trained yet.', mend: 'habitue train' })
  if (serving?.finished && now - serving.finished > oldModelMs && events.stored > Number(serving.report.events ?? 0)) {
    findings.push({
      level: 'advice',
      what: `The model is ${Math.round((now - serving.finished) / dayMs)} days old.`,
      mend: 'habitue train',
    })
  }
  if (log.dropped > 0) {
    findings.push({
      level: 'trouble',
      what: `${log.dropped} decisions were not logged: storage could not keep up.`,
      mend: 'Use a faster disk.',
    })
  }
  return { healthy: !findings.some(({ level }) => level === 'trouble'), ...report, findings }
}

function hours(ms: number): number {
  return Math.round(ms / 360_000) / 10
}

function aboutConfig(config: Config): Finding[] {
  const findings: Finding[] = []
  if (config.legalBasis === null) {
    findings.push({
      level: 'trouble',
      what: 'No legal basis is stated, so events of customers are refused and nothing is personal.',
      mend: 'Set HABITUE_LEGAL_BASIS to consent, contract or legitimate-interest: you vouch for it.',
    })
  }
  if (config.identityVerification === 'off') {
    findings.push({
      level: 'advice',
      what: 'identityVerification is off: whoever has the key of the page can write to, and read, any customer.',
      mend: 'Make customer tokens on your server (docs/keys.md) and set it to required.',
    })
  }
  if (!config.training.automatic) {
    findings.push({
      level: 'advice',
      what: 'Automatic training is off.',
      mend: 'Run habitue train from a schedule of your own.',
    })
  }
  return findings
}

function aboutStorage(storage: StorageReport): Finding[] {
  const findings: Finding[] = []
  if (storage.schema !== latestVersion) {
    findings.push({
      level: 'trouble',
      what: `The schema is at ${storage.schema}, the program at ${latestVersion}.`,
      mend: 'Restart Habitue: it migrates at its start.',
    })
  }
  for (const trouble of storage.troubles) findings.push({ level: 'trouble', ...trouble })
  return findings
}

function aboutItems(
  items: { items: number; provisional: number },
  events: { itemNames: number; unknownItems: number },
): Finding[] {
  const share = events.itemNames > 0 ? events.unknownItems / events.itemNames : 0
  if (share <= 0.05) return []
  return [
    {
      level: 'advice',
      what: `${Math.round(share * 100)} % of the item ids in recent events are not in the catalogue (${items.provisional} items are provisional).`,
      mend: 'habitue import items FILE; where events name a sku, give it as a further name of the item.',
    },
  ]
}

function aboutEvents(
  events: { skewMs: number | null },
  orders: { orders: number; withoutCustomer: number },
): Finding[] {
  const findings: Finding[] = []
  if (events.skewMs !== null && Math.abs(events.skewMs) > 5 * 60_000) {
    findings.push({
      level: 'trouble',
      what: `Recent events arrive ${Math.round(events.skewMs / 60_000)} minutes after their own time (median): a clock is wrong, or senders hold events back.`,
      mend: 'Set the clocks of this machine and of the senders by NTP.',
    })
  }
  const share = orders.orders > 0 ? orders.withoutCustomer / orders.orders : 0
  if (share > 0.2) {
    findings.push({
      level: 'advice',
      what: `${Math.round(share * 100)} % of the orders name no customer; they feed only what is popular.`,
      mend: 'Send a userId (or at least an e-mail) with Order Completed.',
    })
  }
  return findings
}
