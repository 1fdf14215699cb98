/**
 * The only composition root: builds everything, starts and stops it. What HTTP and the command line may ask of it is
 * `engine-api.ts`.
 */
import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import { auditLog } from './access/audit.ts'
import { createKeyRing } from './access/key-ring.ts'
import { createSessionRing } from './access/sessions.ts'
import { createFirstAdminKey } from './access/store.ts'
import { loadCatalogue } from './catalog/catalogue.ts'
import type { Config } from './config.ts'
import { policyOf } from './consent/policy.ts'
import type { Database } from './db/database.ts'
import { openDatabase } from './db/open.ts'
import { acquireOwner, type Owner } from './db/owner.ts'
import { databaseHealth } from './db/report.ts'
import { currentState } from './decisions/current.ts'
import { customerStates } from './decisions/customer-states.ts'
import { decisionLog } from './decisions/log.ts'
import { listModels } from './decisions/models-store.ts'
import { recipientStates } from './decisions/recipient-state.ts'
import { createTrainer, type Trainer } from './decisions/trainer.ts'
import { auditApi, keysApi, peopleApi } from './engine/access.ts'
import { acting } from './engine/acting.ts'
import { type BeforeLogin, beforeLogin } from './engine/before-login.ts'
import { catalogueApi } from './engine/catalogue.ts'
import { consentApi } from './engine/consent.ts'
import { customersApi } from './engine/customers.ts'
import { deciding } from './engine/deciding.ts'
import { examine } from './engine/doctor.ts'
import { loadJourneys } from './engine/journey-files.ts'
import { redactingLog } from './engine/log.ts'
import type { Loop } from './engine/loop.ts'
import { messagesOf } from './engine/messages.ts'
import { pageApi } from './engine/page.ts'
import { memoryApis } from './engine/questions.ts'
import { eraseAgain, forgetFiles, type Refusals, refusals, rightsApi } from './engine/rights.ts'
import { loadSurveys } from './engine/survey-files.ts'
import { type Watch, watch } from './engine/tail.ts'
import { type Upkeep, upkeep } from './engine/upkeep.ts'
import type { CodeSender, Demo, Engine, Health, ImportsApi, Sender, TrackingBody, TrainingApi } from './engine-api.ts'
import { allRefused, parseEvents } from './events/door.ts'
import type { IngestAnswer, IngestRequest } from './events/event.ts'
import { newestEvent } from './events/report.ts'
import { createHandlers, personalData } from './handlers.ts'
import { listImports, readImportProgress } from './imports/progress.ts'
import type { Messenger } from './messages/messenger.ts'
import { systemWorld, type World } from './world.ts'

export interface EngineOptions {
  readonly demo?: Demo | null
  readonly world?: World
  readonly log?: Logger
  /** False = what becomes due is done when `settle` is called, and not by itself: for simulated time. */
  readonly automatic?: boolean
  /** SQLite: false = this thread writes, which starts sooner and holds the event loop up meanwhile: for tests and scripts. */
  readonly writerThread?: boolean
  /** Sends the codes of customers' pages; absent = by mail where it is set up, else the shop's server fetches them. */
  readonly codeSender?: CodeSender
}

export { journalFile as erasureJournalOf } from './engine/rights.ts'

/** The engine with what only the process that runs it may do. */
export interface RunningEngine extends Engine {
  /** Begins what it does by itself. Answers the text of the admin key when it made the first one. */
  start(): Promise<string | null>
  /** Tells other commands of this machine where this process answers. */
  listening(url: string): void
  /** An admin key of this process alone. */
  localKey(): string
  readonly messenger: Messenger
  /** Erasures that a restored database had forgotten, and that were done again before anything was served. */
  readonly erasedAgain: number
  /** Does all that is due by the world's present time: what `start` does as time passes, for simulated time. */
  settle(): Promise<void>
  /** Retention and what else `start` does every hour, now. */
  upkeep(): Promise<void>
  /** Finishes what is under way and closes the database. */
  stop(): Promise<void>
}

/** @throws HabitueError database_locked, database_newer, database_corrupt, storage_unavailable, invalid_config */
export async function createEngine(config: Config, options: EngineOptions = {}): Promise<RunningEngine> {
  const world = options.world ?? systemWorld
  const log = options.log ?? redactingLog(config.logLevel)
  const owner = config.databaseUrl ? null : acquireOwner(config.dataFile, { pid: process.pid, url: null, token: null })
  try {
    const entry = new URL(`./writer.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
    const db = await openDatabase(config, {
      handlers: createHandlers(config, world),
      writerEntry: options.writerThread === false ? null : entry,
      writerData: config,
      world,
      log,
    })
    try {
      const onError = (error: unknown) =>
        log.error({ err: error }, 'an erasure is not finished in the files yet; it is tried again every hour')
      const again = await eraseAgain({ db, config, world, holders: personalData, onError })
      if (again > 0)
        log.warn({ erasures: again }, 'the database held customers who had been erased; they are gone again')
      const { demo = null, codeSender = null, automatic = true } = options
      return await compose({ config, world, log, owner, db, demo, codeSender, automatic, erasedAgain: again })
    } catch (error) {
      // Else the writer's thread would keep the process alive.
      await db.close()
      throw error
    }
  } catch (error) {
    owner?.release()
    throw error
  }
}

interface Base {
  readonly config: Config
  readonly world: World
  readonly log: Logger
  readonly owner: Owner | null
  readonly db: Database
  readonly demo: Demo | null
  readonly automatic: boolean
  readonly codeSender: CodeSender | null
  readonly erasedAgain: number
}

const version = packageVersion()

async function compose(base: Base): Promise<RunningEngine> {
  const { config, world, log, db, demo, codeSender, erasedAgain } = base
  const policy = policyOf(config)
  const onError = (error: unknown) => log.error({ err: error }, 'something the engine does by itself failed')
  const keys = await createKeyRing(db, world)
  const local = keys.ephemeral('admin', 'this machine')
  const catalogue = await loadCatalogue(db, config.defaultAudience)
  const events = watch(catalogue, db)
  const entrance = beforeLogin({ db, world, policy, onAdopted: events.adopted })
  const { visitors } = entrance
  const customers = customerStates({ db, catalogue, config, policy, world, visitors })
  const recipients = recipientStates({ db, catalogue, policy, world })
  const state = await currentState({ db, catalogue, config, world, onError, onSwap: customers.clear })
  const decisions = decisionLog(db, onError)
  const audit = auditLog(db, onError)
  const refused = await refusals(db)
  const sessions = await createSessionRing(db, world, config.passwordCost)
  const about = { db, catalogue, config, policy, customers, recipients, visitors, world, onError }
  const decides = deciding({ ...about, state, log: decisions, note: events.noteOwn })
  let trainingsFailed = 0
  const onFailure = (error: unknown) => {
    trainingsFailed++
    log.warn({ err: error }, 'a training failed')
  }
  const trainer = createTrainer({ db, config, world, newestEvent: () => newestEvent(db), onFailure, onError })
  const clean = () => forgetFiles({ db, config, world, holders: personalData })
  const keeper = upkeep({ db, config, world, keys, clean, onError })
  const { decide } = decides
  const mail = await messagesOf({ db, config, policy, world, log, catalogue, decide })
  const { loop, apis } = await acting({
    ...base,
    policy,
    catalogue,
    events,
    decide,
    messenger: mail.messenger,
    hooks: mail.hooks,
    messages: mail.apis.messages,
  })
  // In the order in which they end: the loop works with everything else.
  const ends = [{ close: loop.stop }, mail.messenger, trainer, entrance, { close: keeper.stop }]
  const parts = [...ends, decisions, audit, state, keys, sessions, db]

  const heard = () => {
    state.trends.changed()
    loop.wake()
  }
  const engine: RunningEngine = {
    config,
    world,
    log,
    version,
    demo,
    erasedAgain,
    ingest: (body, sender) => ingest({ config, world, events, refused, entrance, heard }, body, sender),
    ...decides.api,
    keys: keysApi(db, world, keys),
    catalogue: catalogueApi({ db, catalogue, config, world }),
    customers: customersApi({ db, catalogue, policy, world }),
    rights: mail.telling(
      rightsApi({ db, config, world, holders: personalData, catalogue, decisions, visitors, onError }),
    ),
    page: await pageApi({ db, policy, world, visitors, sender: codeSender ?? mail.codeSender }),
    ...mail.apis,
    audit: auditApi(db, audit),
    people: peopleApi(db, world, sessions, config.passwordCost),
    ...apis,
    ...memoryApis({ db, catalogue, config, policy, world, learn: decides.learn }),
    consent: consentApi({ db, config, policy, world }),
    training: trainingApi(db, trainer, state.serving),
    imports: importsApi(db),
    tail: (listener) => events.subscribe(listener),
    health: () => healthOf(db),
    counters: () => ({
      ...events.totals,
      ...decides.totals,
      trainingsFailed,
      modelTrained: secondsOf(state.serving()[0]?.finished ?? null),
    }),
    doctor: () => examine({ db, config, world, catalogue, log: decisions, serving: state.serving, version }),
    backup: (file) => backedUp(db, world, file),
    rebuild: () => rebuilt(db, loop, [customers.clear, state.trends.refresh]),
    ...lifeOf({ ...base, local, loop, keeper, trainer, journeys: apis.journeys, parts }),
  }
  return engine
}

/** Memory anew, and with it whoever keeps a copy of it, and the segments. */
async function rebuilt(db: Database, loop: Loop, copies: readonly (() => unknown)[]) {
  const report = await db.write<Record<string, unknown>>('memory.rebuild', {})
  await db.write('segments.sweep', {})
  loop.wake()
  for (const renew of copies) await renew()
  return report
}

async function backedUp(db: Database, world: World, file: string): Promise<void> {
  await db.backup(file)
  await db.write('db.backedUp', { now: world.now() })
}

interface Life extends Pick<Base, 'db' | 'world' | 'config' | 'owner' | 'automatic'> {
  readonly journeys: Engine['journeys']
  readonly local: string
  readonly loop: Loop
  readonly keeper: Upkeep
  readonly trainer: Trainer
  readonly parts: readonly { close(): unknown }[]
}

/** How it begins and ends. */
function lifeOf({ db, world, config, owner, automatic, local, loop, keeper, trainer, journeys, parts }: Life) {
  return {
    async start() {
      await loadSurveys({ db, policy: policyOf(config), world }, config.surveys.folder)
      await loadJourneys(journeys, config.journeys.folder)
      keeper.start()
      if (automatic) loop.start()
      trainer.schedule(config.training.automatic)
      return createFirstAdminKey(db, world)
    },
    listening: (url: string) => owner?.announce({ pid: process.pid, url, token: local }),
    localKey: () => local,
    settle: () => loop.settle(),
    upkeep: () => keeper.run(),
    async stop() {
      for (const part of parts) await part.close()
      owner?.release()
    },
  }
}

const secondsOf = (ms: number | null) => (ms === null ? null : ms / 1000)

interface Door {
  /** Something was remembered. */
  readonly heard: () => void
  readonly events: Watch
  readonly refused: Refusals
  readonly entrance: BeforeLogin
}

/** The door, the writer, and those who watch. */
async function ingest(
  { config, world, events, refused, entrance, heard }: Pick<Base, 'config' | 'world'> & Door,
  body: TrackingBody,
  sender: Sender,
): Promise<IngestAnswer> {
  const { historical, trust, subject, gpc } = sender
  const received = world.now()
  const parsed = await refused.sift(parseEvents(body, { received, world, currency: config.currency, historical }))
  // An import is the same whoever sends it: a line that was imported once is known under every key.
  const source = historical ? 'import' : sender.source
  const request: IngestRequest = { source, received, trust, subject, historical, gpc, events: parsed.events }
  const answer: IngestAnswer =
    parsed.events.length > 0
      ? await entrance.ingest(request)
      : { accepted: 0, duplicates: 0, refused: [], duplicateAt: [] }
  if (answer.accepted > 0) heard()
  events.note(body.batch, sender, parsed, answer, received)
  const session = answer.session?.map((index) => parsed.positions[index])
  return { ...answer, refused: allRefused(parsed, answer.refused), session }
}

function importsApi(db: Database): ImportsApi {
  return {
    get: (id) => readImportProgress(db, id),
    list: () => listImports(db),
    record: (progress) => db.write('imports.record', progress),
  }
}

async function healthOf(db: Database): Promise<Health> {
  const database = await databaseHealth(db)
  return { ready: database === 'ok', checks: { database } }
}

function trainingApi(db: Database, trainer: Trainer, serving: TrainingApi['serving']): TrainingApi {
  return {
    models: () => listModels(db),
    serving,
    status: () => trainer.status(),
    async start() {
      await trainer.begin()
      return trainer.status()
    },
    async cancel() {
      trainer.cancel()
      return trainer.status()
    },
  }
}

/** Beside src/ in a checkout, beside dist/ in a package. */
function packageVersion(): string {
  const file = import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json'
  return (JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as { version: string }).version
}
