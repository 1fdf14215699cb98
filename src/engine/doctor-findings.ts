/**
 * What counts as wrong, in sentences, each with the way to mend it. `trouble` makes `habitue doctor` exit with 1: something
 * does not work, or what is promised is not kept. `advice` is what could be better.
 */
import type { KeyInfo } from '../access/key.ts'
import type { CatalogueCounts } from '../catalog/read.ts'
import type { Config } from '../config.ts'
import { policyOf, purposes } from '../consent/policy.ts'
import type { Reach } from '../consent/reach.ts'
import type { Database } from '../db/database.ts'
import { latestVersion } from '../db/migrate.ts'
import type { StorageReport } from '../db/report.ts'
import { leaseMs, type ModelInfo } from '../decisions/models-store.ts'
import type { EventReport } from '../events/report.ts'
import type { ImportProgress } from '../imports/progress.ts'
import type { OrderReport } from '../memory/report.ts'
import type { Trouble } from '../messages/alarms.ts'
import type { DnsFinding } from '../messages/sender-dns.ts'

/** What the findings are drawn from. Times in milliseconds. */
export interface Examination {
  readonly config: Config
  readonly engine: Database['engine']
  readonly now: number
  readonly storage: StorageReport
  readonly items: CatalogueCounts
  readonly itemIds: { readonly inEvents: number; readonly unknown: number }
  readonly events: EventReport
  readonly orders: OrderReport
  readonly models: readonly ModelInfo[]
  /** When the first customer was erased whom the newest model still knew; null = none. */
  readonly erasureUnlearned: number | null
  readonly servingVersion: number | null
  readonly imports: readonly ImportProgress[]
  readonly keys: readonly KeyInfo[]
  /** The database's clock less ours; null = the database has none of its own. */
  readonly databaseClockMs: number | null
  readonly decisionsLost: number
  /** Since when journeys and messages wait after a restore; null = they do not. */
  readonly held: number | null
  readonly consent: Reach
  /** For people of the shop. */
  readonly tasks: { readonly waiting: number; readonly overdue: number }
  /** Of which the operator is told. */
  readonly troubles: readonly Trouble[]
  /** What the world's names say of those who send mail. */
  readonly senders: readonly DnsFinding[]
}

export interface Finding {
  readonly level: 'trouble' | 'advice'
  readonly what: string
  readonly mend: string
}

const minute = 60_000
const dayMs = 86_400_000
const oldModelMs = 7 * dayMs
const lateMs = 5 * minute
const clockMs = 5_000
/** Fewer orders, or items, than this say nothing about a share. */
const fewest = 20

export function findingsOf(found: Examination): Finding[] {
  return [
    ...aboutStorage(found),
    ...aboutConfig(found),
    ...aboutKeys(found),
    ...aboutItems(found),
    ...aboutEvents(found),
    ...aboutModels(found),
    ...aboutErasures(found),
    ...aboutMessages(found),
    ...aboutTasks(found),
  ]
}

const trouble = (what: string, mend: string): Finding => ({ level: 'trouble', what, mend })
const advice = (what: string, mend: string): Finding => ({ level: 'advice', what, mend })
const percent = (part: number, whole: number) => `${Math.round((100 * part) / whole)} %`

function aboutTasks({ tasks: { waiting, overdue } }: Examination): Finding[] {
  if (overdue === 0) return []
  const what = `${overdue} of the ${waiting} tasks that wait for a person of the shop should have been done by now.`
  return [advice(what, 'habitue tasks list, or the desk at /desk (docs/desk.md).')]
}

/** What others of these sentences tell already. */
const toldElsewhere = new Set(['disk-low', 'training-old', 'training-failed'])

function* aboutMessages({ troubles, senders }: Examination): Generator<Finding> {
  for (const { name, detail, mend } of troubles)
    if (!toldElsewhere.has(name)) yield name === 'smtp-failing' ? trouble(detail, mend) : advice(detail, mend)
  yield* senders
}

function* aboutErasures({ config, engine, now, erasureUnlearned }: Examination): Generator<Finding> {
  if (erasureUnlearned !== null && now - erasureUnlearned > dayMs) {
    const what = 'A customer was erased more than 24 hours ago, and no model was trained since.'
    yield trouble(what, 'habitue train; and see why the automatic training did not run (training.automatic).')
  }
  if (engine === 'postgres' && config.erasureJournal === null) {
    const what = 'Erasures are not journalled: a database restored from a backup would remember who was erased.'
    yield advice(what, 'HABITUE_ERASURE_JOURNAL: a file outside the database, the same for all nodes.')
  }
}

function* aboutStorage({ storage, databaseClockMs, decisionsLost, held, imports }: Examination): Generator<Finding> {
  if (storage.schema !== latestVersion) {
    const what = `The database is at migration ${storage.schema}, the program knows ${latestVersion}.`
    yield trouble(what, 'Restart Habitue with the newest program: it migrates at its start.')
  }
  for (const { what, mend } of storage.troubles) yield trouble(what, mend)
  if (held !== null) {
    const what = `The database was restored: journeys, messages and derived events wait since ${new Date(held).toISOString()}.`
    yield advice(what, 'habitue resume --skip (pass over what is overdue) or --send (do it now)')
  }
  if (databaseClockMs !== null && Math.abs(databaseClockMs) > clockMs) {
    const seconds = Math.round(databaseClockMs / 1000)
    const what = `The clock of the database's machine is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} this machine's.`
    yield trouble(what, 'Set both by NTP.')
  }
  if (decisionsLost > 0) {
    const what = `${decisionsLost} decisions were not logged: storage could not be written, or not fast enough.`
    yield trouble(what, 'Look for storage errors in the log; what they led to cannot be attributed.')
  }
  for (const { name, kind, line } of imports.filter(({ done }) => !done).slice(0, 3)) {
    const what = `The import of ${name} is taken up to line ${line} only.`
    yield advice(what, `Unless it is under way, go on: habitue import ${kind} ${name}`)
  }
}

function* aboutConfig({ config, engine, consent }: Examination): Generator<Finding> {
  const { bases } = policyOf(config)
  const baseless = purposes.filter((purpose) => bases[purpose] === null)
  if (baseless.length > 0) {
    const what = `No legal basis is stated for ${baseless.join(', ')}: nothing is kept or done for it.`
    yield trouble(what, 'Name a policy (HABITUE_POLICY), or state it in consent.bases: you vouch for it.')
  }
  const { customers, reached, policy } = consent
  const idle = (['personalisation', 'training'] as const).filter((one) => bases[one] !== null && reached[one] === 0)
  if (customers >= fewest && idle.length > 0) {
    const what = `Under the policy ${policy} none of ${customers} customers is reached by ${idle.join(' and ')}.`
    yield advice(
      what,
      'Ask for consent (docs/privacy.md), import what was given (habitue import consents), or set the basis.',
    )
  }
  if (config.identityVerification === 'off') {
    const what = 'identityVerification is off: whoever has the key of the page can write to, and read, any customer.'
    yield advice(what, 'Make customer tokens on your server (docs/keys.md) and set it to required.')
  }
  if (!config.training.automatic) {
    yield advice('Automatic training is off.', 'Run habitue train from a schedule of your own.')
  }
  const local = ['127.0.0.1', '::1', 'localhost'].includes(config.host)
  if (!local && !config.trustProxy) {
    const what = `Habitue listens on ${config.host} and speaks no TLS itself: keys and people's data can be read on the way.`
    yield advice(what, 'Put a reverse proxy with TLS before it, and set HABITUE_TRUST_PROXY=true.')
  }
  if (engine === 'postgres' && config.databaseUrl && !securely(config.databaseUrl)) {
    yield advice(
      'The connection to PostgreSQL on another machine is not encrypted.',
      'Add ?sslmode=verify-full to DATABASE_URL.',
    )
  }
}

/** To this machine, or encrypted. */
function securely(databaseUrl: string): boolean {
  const url = new URL(databaseUrl)
  const host = url.searchParams.get('host') ?? url.hostname
  const here = host === '' || host.startsWith('/') || ['localhost', '127.0.0.1', '::1', '[::1]'].includes(host)
  const mode = url.searchParams.get('sslmode') ?? (url.searchParams.get('ssl') === 'true' ? 'require' : 'disable')
  return here || mode !== 'disable'
}

function* aboutKeys({ keys, events }: Examination): Generator<Finding> {
  const good = keys.filter(({ revoked }) => revoked === null)
  if (keys.some(({ kind }) => kind === 'admin') && !good.some(({ kind }) => kind === 'admin')) {
    yield advice('No admin key is left; only the command line of this machine can manage.', 'habitue key create admin')
  }
  if (events.stored === 0 && !good.some(({ kind }) => kind !== 'admin')) {
    const mend = 'habitue key create server, or habitue key create publishable --origin https://your.shop'
    yield advice('There is no key yet with which a shop could send events.', mend)
  }
}

function* aboutItems({ items, itemIds }: Examination): Generator<Finding> {
  const { inEvents, unknown } = itemIds
  if (inEvents < fewest || unknown / inEvents <= 0.05) return
  const what = `${percent(unknown, inEvents)} of the item ids in events (${unknown} of ${inEvents}) are not in the catalogue.`
  const mend =
    items.items === items.provisional
      ? 'habitue import items FILE: titles, categories and prices make better recommendations and reasons.'
      : 'habitue import items FILE; where events name a sku or a variant, give it as a further name of its item.'
  yield advice(what, mend)
}

function* aboutEvents({ events, orders }: Examination): Generator<Finding> {
  if (events.skewMs !== null && Math.abs(events.skewMs) > lateMs) {
    const minutes = Math.round(Math.abs(events.skewMs) / minute)
    const what = `Half of the latest events arrive ${minutes} minutes or more ${events.skewMs > 0 ? 'after' : 'before'} their own time.`
    yield trouble(what, 'A clock is wrong (set this machine and the senders by NTP), or senders hold events back.')
  }
  if (orders.orders >= fewest && orders.withoutCustomer / orders.orders > 0.2) {
    const what = `${percent(orders.withoutCustomer, orders.orders)} of the orders name no customer; they feed only what is popular.`
    yield advice(what, 'Send a userId (or at least an e-mail) with Order Completed.')
  }
}

function* aboutModels({ models, servingVersion, events, now }: Examination): Generator<Finding> {
  const newest = models.find(({ state }) => state !== 'training' && state !== 'cancelled')
  if (newest?.state === 'failed') {
    const error = (newest.report.error as { message?: string } | undefined)?.message ?? ''
    const old = servingVersion === null ? '' : `; model ${servingVersion} still serves`
    yield trouble(`The last training failed: ${error}${old}.`, 'See the log of that time, then: habitue train')
  }
  const ready = models.find(({ state }) => state === 'ready')
  if (!ready) {
    if (events.stored > 0) yield advice('No model is trained yet: answers are what is popular.', 'habitue train')
    return
  }
  const since = now - (ready.finished ?? now)
  if (servingVersion !== ready.version && since > leaseMs) {
    const what = `Model ${ready.version} was trained ${Math.round(since / minute)} minutes ago, and here ${servingVersion ?? 'none'} serves.`
    yield trouble(what, 'See the log for why it cannot be read; restart Habitue.')
  }
  if (since > oldModelMs && (events.newest ?? 0) > (ready.finished ?? 0)) {
    yield advice(
      `The model is ${Math.round(since / dayMs)} days old.`,
      'habitue train, or leave automatic training on.',
    )
  }
}
