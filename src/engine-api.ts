/**
 * What HTTP and the command line see of the engine. `engine.ts` implements it; a test may. Types only, besides the few
 * pure functions that the wire needs. Money here is minor units, time milliseconds since 1970; the wire has its own form.
 */
import type { Logger } from 'pino'
import type { CustomerToken } from './access/customer-token.ts'
import type { KeyInfo, KeyKind } from './access/key.ts'
import type { VerifiedKey } from './access/key-ring.ts'
import type { IssuedKey } from './access/store.ts'
import type { ItemPatch, ItemView } from './catalog/item.ts'
import type { Config } from './config.ts'
import type { Ceiling } from './consent/permit.ts'
import type { ModelInfo } from './decisions/models-store.ts'
import type { PredictionAnswer, PredictionRequest } from './decisions/predictions.ts'
import type { DecisionAnswer, DecisionRequest } from './decisions/request.ts'
import type { Rule } from './decisions/rules.ts'
import type { TrainingStatus } from './decisions/trainer.ts'
import type { UsualRequest } from './decisions/usual.ts'
import type { UsualAnswer } from './decisions/usual-answer.ts'
import type { ConsentApi, CustomersApi, FactsApi, QuestionsApi } from './engine-api/customers.ts'
import type { DeskApi } from './engine-api/desk.ts'
import type { ExperimentsApi } from './engine-api/experiments.ts'
import type { HoldApi } from './engine-api/hold.ts'
import type { JourneysApi } from './engine-api/journeys.ts'
import type { MailDoorsApi } from './engine-api/mail-doors.ts'
import type { MessagesApi } from './engine-api/messages.ts'
import type { PageApi } from './engine-api/page.ts'
import type { ReordersApi } from './engine-api/reorders.ts'
import type { ReviewsApi } from './engine-api/reviews.ts'
import type { AuditApi, PeopleApi, RightsApi } from './engine-api/rights.ts'
import type { SegmentsApi } from './engine-api/segments.ts'
import type { SurveysApi } from './engine-api/surveys.ts'
import type { TasksApi } from './engine-api/tasks.ts'
import type { EventRefusal, IngestAnswer, Subject } from './events/event.ts'
import type { ImportProgress } from './imports/progress.ts'
import type { World } from './world.ts'

export type { AuditEntry, AuditProof, AuditRow } from './access/audit.ts'
export type { CustomerToken, TokenScope } from './access/customer-token.ts'
export type { KeyInfo, KeyKind } from './access/key.ts'
export { keyKinds, originAllowed } from './access/key.ts'
export type { VerifiedKey } from './access/key-ring.ts'
export type { PersonInfo, Role } from './access/people.ts'
export { roles } from './access/people.ts'
export type { Session } from './access/sessions.ts'
export type { IssuedKey } from './access/store.ts'
export type { ItemFilter } from './catalog/filter.ts'
export { Item, ItemPatch, ItemView } from './catalog/item.ts'
export { fromMinorUnits, toMinorUnits } from './catalog/money.ts'
export type { Receipt } from './consent/erasure.ts'
export type { Ceiling } from './consent/permit.ts'
export type { ConsentView } from './consent/view.ts'
export { storageError } from './db/storage-errors.ts'
export type { Experiment } from './decisions/experiment.ts'
export type { ModelInfo } from './decisions/models-store.ts'
export type { PredictionAnswer, PredictionRequest } from './decisions/predictions.ts'
export { sentence as reasonSentence } from './decisions/reason-words.ts'
export type {
  DecisionAnswer,
  DecisionRequest,
  PlacementName,
  RecommendedItem,
} from './decisions/request.ts'
export { placementNames } from './decisions/request.ts'
export type { Rule } from './decisions/rules.ts'
export { ruleKinds } from './decisions/rules.ts'
export type { TrainingStatus } from './decisions/trainer.ts'
export type { UsualRequest } from './decisions/usual.ts'
export type { UsualAnswer } from './decisions/usual-answer.ts'
export type {
  CartView,
  ConsentApi,
  CustomerSummary,
  CustomersApi,
  CustomerView,
  DecisionView,
  FactsApi,
  GivenAnswers,
  IdentifierView,
  InteractionView,
  MergeView,
  OrderView,
  QuestionsApi,
  Teller,
  TimelineView,
} from './engine-api/customers.ts'
export type { DeskApi, HiddenGift, Standing } from './engine-api/desk.ts'
export type { ExperimentReport, ExperimentsApi } from './engine-api/experiments.ts'
export type { JourneySummary, JourneysApi, JourneyView } from './engine-api/journeys.ts'
export type { InboundAnswer, InboundFields, Leaving, MailDoorsApi } from './engine-api/mail-doors.ts'
export type {
  MessageState,
  MessagesApi,
  MessageView,
  Outcome,
  Settlement,
  StoredTemplate,
} from './engine-api/messages.ts'
export { SenderProfile, SenderRule, Template } from './engine-api/messages.ts'
export type { CodeSender, PageApi, PageGuard, PageStanding, PassingAct, WaitingCode } from './engine-api/page.ts'
export type { ReorderPage } from './engine-api/reorders.ts'
export type { ItemReviews, Ranking, ReviewsApi, ReviewView } from './engine-api/reviews.ts'
export type {
  AuditApi,
  ExportDocument,
  ExportSection,
  KeptOrderView,
  PeopleApi,
  RightsApi,
} from './engine-api/rights.ts'
export type { SegmentsApi, SizedSegment } from './engine-api/segments.ts'
export type {
  InviteOutcome,
  InviteRequest,
  Posted,
  SurveyStep,
  SurveysApi,
} from './engine-api/surveys.ts'
export type { TaskActor, TasksApi } from './engine-api/tasks.ts'
export type { EventRefusal, EventType, IngestAnswer, Subject } from './events/event.ts'
export type { Identifier } from './identity/identity.ts'
export type { Reach } from './journeys/reach.ts'
export type { JourneyReport } from './journeys/report.ts'
export { DefinitionForm as JourneyDefinition } from './journeys/schema.ts'
export type { InstanceView } from './journeys/views.ts'
export type { MemoryDocument, MemoryStatement } from './memory/document.ts'
export type { GivenFact } from './memory/fact.ts'
export { factKindNames, parts as memoryParts } from './memory/fact-kinds.ts'
export type { FactView } from './memory/fact-view.ts'
export { whenSure } from './models/usual-options.ts'
export type { Choice, Offer, OfferLine } from './reorders/offer.ts'
export { nothing, wordOf } from './reorders/offer.ts'
export { type RejectionReason, type ReviewState, rejectionReasons } from './reviews/state.ts'
export type { Member } from './segments/store.ts'
export type { CompiledQuestion, Survey, Words } from './surveys/definition.ts'
export { SurveyDoc, wordsIn } from './surveys/definition.ts'
export type { Answers, Problem } from './surveys/flow.ts'
export { answerOf } from './surveys/flow.ts'
export type { QuestionResult, ResultRow, SurveyResults } from './surveys/results.ts'
export type { SurveyInfo } from './surveys/store.ts'
export { answerChoices } from './surveys/told.ts'
export type { TaskFilter, TaskPage } from './tasks/store.ts'
export type { TaskNote, TaskView } from './tasks/task.ts'
export { taskStates, usualOutcomes } from './tasks/task.ts'

export interface Engine {
  readonly config: Config
  readonly world: World
  readonly log: Logger
  /** The version of this software, as in package.json. */
  readonly version: string
  readonly keys: KeysApi
  /**
   * Takes the events of one request: `{batch: [...], context?, integrations?, sentAt?}` as an SDK sent it, already
   * parsed from JSON. Resolves after the commit. @throws HabitueError batch_too_large; of storage
   */
  ingest(body: TrackingBody, sender: Sender): Promise<IngestAnswer>
  /**
   * Decides. `ceiling` `anonymous`: a page asks without proof of who its visitor is, so only the rows of the very
   * identifier that was asked for may be read, not those of the customer to whom it is linked.
   * @throws HabitueError unknown_item, invalid_body
   */
  recommend(request: DecisionRequest, ceiling: Ceiling): Promise<DecisionAnswer>
  /** How many stars he would give to each of some items. @throws HabitueError unknown_item */
  predict(request: PredictionRequest, ceiling: Ceiling): Promise<PredictionAnswer>
  /** What he usually takes in this context, or that it is better to ask. @throws HabitueError invalid_body; of the weather */
  usual(request: UsualRequest, ceiling: Ceiling): Promise<UsualAnswer>
  readonly catalogue: CatalogueApi
  readonly customers: CustomersApi
  readonly facts: FactsApi
  readonly consent: ConsentApi
  readonly questions: QuestionsApi
  readonly rights: RightsApi
  readonly page: PageApi
  readonly messages: MessagesApi
  readonly mailDoors: MailDoorsApi
  readonly audit: AuditApi
  readonly people: PeopleApi
  readonly segments: SegmentsApi
  readonly surveys: SurveysApi
  readonly reorders: ReordersApi
  readonly tasks: TasksApi
  readonly desk: DeskApi
  readonly journeys: JourneysApi
  readonly reviews: ReviewsApi
  readonly experiments: ExperimentsApi
  readonly rules: RulesApi
  readonly training: TrainingApi
  readonly holding: HoldApi
  readonly imports: ImportsApi
  /** Calls `listener` with each event as it is admitted or refused by this process. Returns the way to stop. */
  tail(listener: (line: TailLine) => void): () => void
  health(): Promise<Health>
  /** Running totals of this process, for metrics. */
  counters(): Counters
  /** The report of `habitue doctor`. */
  doctor(): Promise<Record<string, unknown>>
  /** Writes a consistent copy of the database to a file of this machine. @throws HabitueError backup_unsupported */
  backup(file: string): Promise<void>
  /** Folds memory anew from the checkpoint and the stored events. */
  rebuild(): Promise<Record<string, unknown>>
  /** Present only when the engine runs the demo. */
  readonly demo: Demo | null
}

export interface KeysApi {
  /** Null when the key is unknown, revoked, or past its grace. */
  verify(text: string): VerifiedKey | null | Promise<VerifiedKey | null>
  /** @throws HabitueError customer_token_invalid */
  verifyToken(token: string): Promise<CustomerToken>
  list(): Promise<readonly KeyInfo[]>
  create(wanted: { kind: KeyKind; name: string; origins: readonly string[] | null }): Promise<IssuedKey>
  rotate(id: string, graceMs: number): Promise<IssuedKey>
  revoke(id: string): Promise<void>
}

export interface TrackingBody {
  readonly batch: readonly unknown[]
  readonly sentAt?: unknown
  readonly context?: unknown
  readonly integrations?: unknown
}

/** Who sends events, and what of them is to be believed. */
export interface Sender {
  /** The id of the key. */
  readonly source: string
  /** `verified`: ids that events carry count (a server). `claimed`: they are kept as claims (a page). */
  readonly trust: 'verified' | 'claimed'
  /** With `claimed`: whom a customer token names; of this customer alone ids count. */
  readonly subject: Subject | null
  /** An import: no limit on size and number, and old times are right. */
  readonly historical: boolean
  /** The browser sent the signal of Global Privacy Control. */
  readonly gpc?: boolean
}

/** One item or row that a bulk load refused; `index` counts items, from 0. */
export interface BulkRefusal {
  readonly index: number
  readonly code: string
  readonly message: string
}

export interface BulkAnswer {
  readonly accepted: number
  readonly refused: readonly BulkRefusal[]
}

export type FeedFormat = 'jsonl' | 'csv' | 'tsv' | 'xml'

export interface CatalogueApi {
  get(id: string): Promise<ItemView | null>
  /** In order of id; `after` = the id at which the page before ended. */
  list(page: { after?: string; limit: number; provisional?: boolean }): Promise<readonly ItemView[]>
  /**
   * Adds or changes items, in the form of `Item`; a bad one is refused, the others are taken. `merge`: fields that an item
   * does not have keep their value (a feed of stocks leaves titles alone); `replace`: they are cleared.
   */
  upsert(items: readonly unknown[], mode: 'merge' | 'replace'): Promise<BulkAnswer>
  /** Changes the given fields. @throws HabitueError unknown_item, invalid_item */
  patch(id: string, fields: ItemPatch): Promise<void>
  /** @throws HabitueError unknown_item */
  remove(id: string): Promise<void>
  /** The audience ratings that are stated for whole categories. */
  audiences(): Promise<readonly CategoryAudience[]>
  /** States them; a null takes one away, the others stay as they are. */
  rateCategories(stated: readonly { category: string; audience: string | null }[]): Promise<void>
  /** Categories that are never a reason, a guess, or a seed for other items. */
  sensitiveCategories(): Promise<readonly string[]>
  /** Marks them; those that are not named stay as they are. */
  markCategories(stated: readonly { category: string; sensitive: boolean }[]): Promise<void>
  /** A whole feed, merged. @throws HabitueError invalid_file, missing_column */
  load(bytes: Uint8Array, format: FeedFormat): Promise<BulkAnswer>
}

export interface CategoryAudience {
  readonly category: string
  /** `all`, `adult`, or an age. */
  readonly audience: string
}

/** How far each file has been imported. */
export interface ImportsApi {
  get(id: string): Promise<ImportProgress | null>
  list(): Promise<readonly ImportProgress[]>
  record(progress: ImportProgress): Promise<void>
}

export interface RulesApi {
  list(): Promise<readonly Rule[]>
  get(id: string): Promise<Rule | null>
  /** Adds or replaces. @throws HabitueError invalid_rule */
  save(rule: unknown): Promise<Rule>
  /** @throws HabitueError not_found */
  remove(id: string): Promise<void>
  /** What would be shown if `rule` held now too, and nothing is logged. @throws HabitueError invalid_rule */
  preview(rule: unknown, request: DecisionRequest): Promise<{ before: DecisionAnswer; after: DecisionAnswer }>
}

export interface TrainingApi {
  /** All that were trained, the newest first. */
  models(): Promise<readonly ModelInfo[]>
  /** The models that answer now, the shop's own first. */
  serving(): readonly ModelInfo[]
  status(): Promise<TrainingStatus>
  /** Begins and returns as soon as it runs. @throws HabitueError training_running */
  start(): Promise<TrainingStatus>
  /** Ends a running training, if there is one. */
  cancel(): Promise<TrainingStatus>
}

export interface TailLine {
  readonly time: number
  /** Id of the key. */
  readonly source: string
  readonly type: string
  readonly name: string
  readonly messageId: string | null
  /** How the event names its customer: `user:42`, `anonymous:7f..`; null = nobody. */
  readonly customer: string | null
  readonly trust: 'verified' | 'claimed'
  /** Products named, and how many of them the catalogue knows. */
  readonly items: number
  readonly recognised: number
  /** `session`: nothing of it was stored, it counts for the visitor's session; `adopted`: it did, and is stored now that he is known. */
  readonly result: 'accepted' | 'adopted' | 'duplicate' | 'session' | 'refused'
  readonly refusal: EventRefusal | null
}

export interface Health {
  /** Ready to take events and to answer. */
  readonly ready: boolean
  readonly checks: Readonly<Record<string, 'ok' | string>>
}

export interface Counters {
  readonly accepted: number
  /** Of `accepted`, those that were a visitor's session before he logged in. */
  readonly adopted: number
  readonly duplicates: number
  /** Events that count for a visitor's session only. */
  readonly session: number
  /** By code. */
  readonly refused: Readonly<Record<string, number>>
  readonly decisions: number
  readonly personalised: number
  readonly trainingsFailed: number
  /** Unix time in seconds at which the serving model was trained; null = none serves. */
  readonly modelTrained: number | null
}

export interface Demo {
  /** The publishable key that the page uses. */
  readonly writeKey: string
  /** The folder that holds demo.html and demo.js. */
  readonly folder: string
}
