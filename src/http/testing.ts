/**
 * For tests of the surface alone: an engine that writes down what it was asked and answers by rote. What customers see
 * is tested against the real one (test/sdk).
 */
import { createHash } from 'node:crypto'
import { type Logger, pino } from 'pino'
import { type CustomerToken, signCustomerToken, verifyCustomerToken } from '../access/customer-token.ts'
import { checkOrigins, hashKey, newKeyId, newKeyText } from '../access/key.ts'
import type { KeyRing } from '../access/key-ring.ts'
import { type Config, defaultConfig } from '../config.ts'
import type {
  Ceiling,
  ConsentView,
  DecisionAnswer,
  DecisionRequest,
  Engine,
  Experiment,
  FactView,
  IngestAnswer,
  InstanceView,
  ItemReviews,
  JourneyView,
  KeyKind,
  Sender,
  SizedSegment,
  SurveyInfo,
  TailLine,
  TaskView,
  TrackingBody,
  VerifiedKey,
} from '../engine-api.ts'
import { HabitueError } from '../errors.ts'
import { unknownLevels } from '../segments/levels.ts'
import { type SimulatedWorld, simulatedWorld } from '../world.ts'
import { createApp } from './app.ts'
import type { App } from './typed-app.ts'

export interface RoteEngine extends Engine {
  readonly world: SimulatedWorld
  readonly ingested: { readonly body: TrackingBody; readonly sender: Sender }[]
  readonly asked: { readonly request: DecisionRequest; readonly ceiling: Ceiling }[]
  /** What `ingest` does instead of taking the events. */
  trouble: (() => Promise<IngestAnswer>) | null
  tell(line: TailLine): void
}

export interface Bench {
  readonly app: App
  readonly engine: RoteEngine
  /** Everything that was logged, as text. */
  readonly logged: string[]
  readonly keys: Readonly<Record<KeyKind, string>>
  readonly keyIds: Readonly<Record<KeyKind, string>>
  /** A customer token signed with the server key. */
  token(user: string, rest?: Partial<CustomerToken>): string
  /** Headers with the key of this kind. */
  as(kind: KeyKind): { authorization: string }
}

export const shopOrigin = 'https://shop.example'

/** A surface over an engine by rote, with one key of each kind. Close the app at the end. */
export async function bench(config: Partial<Config> = {}): Promise<Bench> {
  const world = simulatedWorld(11)
  const logged: string[] = []
  const log = pino({ level: 'debug' }, { write: (line) => void logged.push(line) })
  const keys = {} as Record<KeyKind, string>
  const keyIds = {} as Record<KeyKind, string>
  const ring = new Map<string, VerifiedKey>()
  for (const kind of ['publishable', 'server', 'admin'] as const) {
    keyIds[kind] = newKeyId(world)
    keys[kind] = newKeyText(world, kind, keyIds[kind])
    const origins = kind === 'publishable' ? checkOrigins(kind, [shopOrigin]) : null
    ring.set(hashKey(keys[kind]), { id: keyIds[kind], kind, name: kind, origins })
  }
  const secrets = async (id: string) => (id === keyIds.server ? [hashKey(keys.server)] : [])
  const engine = roteEngine({ ...defaultConfig, ...config }, world, log, ring, secrets)
  const app = await createApp(engine)
  return {
    app,
    engine,
    logged,
    keys,
    keyIds,
    token: (user, rest = {}) => {
      const expires = Math.floor(world.now() / 1000) + 900
      return signCustomerToken({ user, expires, ...rest }, keyIds.server, hashKey(keys.server))
    },
    as: (kind) => ({ authorization: `Basic ${Buffer.from(`${keys[kind]}:`).toString('base64')}` }),
  }
}

function roteEngine(
  config: Config,
  world: SimulatedWorld,
  log: Logger,
  ring: ReadonlyMap<string, VerifiedKey>,
  signingSecrets: KeyRing['signingSecrets'],
): RoteEngine {
  const listeners = new Set<(line: TailLine) => void>()
  const absent = async () => {
    throw new HabitueError('not_found', 'The engine by rote has none.')
  }
  const engine: RoteEngine = {
    config,
    world,
    log,
    version: '0.0.0-test',
    ingested: [],
    asked: [],
    trouble: null,
    tell: (line) => {
      for (const listener of listeners) listener(line)
    },
    keys: {
      verify: (text) => ring.get(hashKey(text)) ?? null,
      verifyToken: (token) => verifyCustomerToken(token, { signingSecrets } as KeyRing, world.now()),
      list: async () => [],
      create: absent,
      rotate: absent,
      revoke: absent,
    },
    async ingest(body, sender) {
      if (engine.trouble) return engine.trouble()
      engine.ingested.push({ body, sender })
      const refused = body.batch.flatMap((event, index) =>
        event !== null && typeof event === 'object' && !('refuse' in event)
          ? []
          : [{ index, code: 'invalid_event', message: 'No event.' }],
      )
      return { accepted: body.batch.length - refused.length, duplicates: 0, refused, duplicateAt: [] }
    },
    async recommend(request, ceiling) {
      engine.asked.push({ request, ceiling })
      return roteAnswer(request)
    },
    predict: async ({ items }) => ({
      personalised: true,
      ratings: 1,
      model: { version: 1 },
      scale: { lowest: 1, highest: 5, liked: 4 },
      items: items.map((id) => ({ id, expected: 4.2, spread: 0.9, liked: 0.7, reasons: [] })),
    }),
    usual: async ({ slot }) => ({
      slot,
      personalised: true,
      ask: true,
      usual: null,
      runnerUp: null,
      options: [],
      condition: null,
      unavailable: null,
      reason: null,
      provenance: null,
      choices: 0,
      context: {},
    }),
    ...roteResources,
    tail: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    health: async () => ({ ready: true, checks: { database: 'ok' } }),
    counters: () => ({
      accepted: 3,
      adopted: 0,
      duplicates: 1,
      session: 0,
      refused: { invalid_event: 2 },
      decisions: 5,
      personalised: 4,
      trainingsFailed: 0,
      modelTrained: null,
    }),
    doctor: async () => ({ ok: true }),
    backup: async () => {},
    rebuild: async () => ({ rows: 0 }),
    demo: null,
  }
  return engine
}

const roteFact: FactView = {
  id: 'f1',
  identifier: 1,
  kind: 'size',
  subject: 'shirts',
  recipient: '',
  value: 'M',
  condition: null,
  provenance: 'told',
  confidence: 1,
  now: 1,
  channel: 'api',
  evidence: ['m1'],
  validFrom: 0,
  confirmed: 0,
  expires: null,
  by: null,
  same: ['f1'],
  history: [],
  why: null,
}

const roteTask: TaskView = {
  id: 1,
  key: 'k',
  customer: { kind: 'user', value: '42' },
  queue: 'service',
  reason: 'call back',
  priority: 0,
  note: '',
  origin: 'key:k1',
  data: {},
  due: null,
  created: 0,
  state: 'open',
  meant: null,
  owner: null,
  claimed: null,
  resolved: null,
  outcome: null,
  notes: [],
}

const roteInvitation = {
  id: 'i',
  isNew: true,
  url: 'https://shop.example/survey/x',
  expires: 0,
  taps: [],
  title: 'A survey',
  question: 'How was it?',
  purpose: 'marketing',
} as const

const roteSurvey: SurveyInfo = {
  name: 's',
  version: 1,
  doc: { title: 'A survey', pages: [{ questions: [{ id: 'q', kind: 'text', text: 'How was it?' }] }] },
  created: 0,
  closed: null,
}

const roteConsent: ConsentView = {
  policy: 'eu-strict',
  purposes: [],
  audience: { kind: 'unknown', band: null, age: 0 },
  globalPrivacyControl: false,
  history: [],
}

const roteExperiment: Experiment = { id: 'e1', placement: 'home', arms: [], days: 14, started: 0, stopped: null }

const noneWithheld = Object.fromEntries(
  ['unlawful', 'off-topic', 'spam', 'personal-data', 'pending'].map((why) => [why, { all: 0, critical: 0 }]),
) as ItemReviews['withheld']

const roteResources: Pick<
  Engine,
  | 'audit'
  | 'holding'
  | 'messages'
  | 'mailDoors'
  | 'consent'
  | 'page'
  | 'people'
  | 'rights'
  | 'catalogue'
  | 'customers'
  | 'experiments'
  | 'facts'
  | 'holding'
  | 'imports'
  | 'journeys'
  | 'questions'
  | 'reorders'
  | 'reviews'
  | 'rules'
  | 'segments'
  | 'surveys'
  | 'desk'
  | 'tasks'
  | 'training'
> = {
  consent: {
    get: async () => roteConsent,
    answer: async () => roteConsent,
    tellAge: async () => roteConsent,
  },
  questions: { ask: async () => null, answer: async () => {} },
  facts: {
    list: async () => [roteFact],
    tell: async () => roteFact,
    correct: async () => roteFact,
    remove: async () => {},
    forget: async () => {},
    attention: async () => [],
    memory: async () => ({
      at: null,
      name: null,
      identifiers: [],
      attention: [],
      parts: { identity: [], taste: [], rhythms: [], people: [], dialogue: [] },
      consent: [],
    }),
  },
  catalogue: {
    get: async (id) => ({ id, title: 'An item', updated: '2025-01-01T00:00:00.000Z' }),
    list: async () => [],
    upsert: async (items) => ({ accepted: items.length, refused: [] }),
    patch: async () => {},
    remove: async () => {},
    audiences: async () => [],
    rateCategories: async () => {},
    sensitiveCategories: async () => [],
    markCategories: async () => {},
    load: async (bytes) => ({ accepted: bytes.length, refused: [] }),
  },
  customers: {
    find: async () => [],
    get: async (who) => ({
      customer: 1,
      identifiers: [{ ...who, firstSeen: 0, lastSeen: 0 }],
      name: null,
      created: 0,
      traits: {},
      interactions: [],
      claims: [],
    }),
    timeline: async () => ({ events: [], next: null }),
    orders: async () => [],
    cart: async () => ({ updated: null, currency: null, lines: [] }),
    merges: async () => [],
    decisions: async () => [],
    undoMerge: async () => {},
  },
  holding: { since: async () => null, hold: async () => {}, resume: async () => ({ messages: 2 }) },
  audit: {
    note: () => {},
    write: async () => {},
    read: async () => [],
    verify: async () => ({ rows: 0, broken: null, last: '' }),
  },
  page: {
    issue: () => ({ token: 'sealed', id: 'f'.repeat(64), expires: 0 }),
    revoke: async () => {},
    open: () => {
      throw new HabitueError('page_link_invalid', 'The rote engine has no links.')
    },
    isForm: () => false,
    isProven: () => false,
    standing: async () => ({ guard: 'shop', email: null }),
    askCode: async () => {},
    prove: async () => null,
    waiting: async () => [],
    sent: async () => true,
    visit: () => [],
    endVisit: () => {},
    minors: () => [],
    unasked: () => roteConsent,
  },
  messages: roteMessages(),
  mailDoors: {
    follow: async () => null,
    leaving: async () => null,
    leave: async () => false,
    confirming: async () => null,
    confirm: async () => false,
    askOptIn: async () => {},
    inbound: async () => ({ kind: 'reply', known: false }),
  },
  people: {
    signIn: async () => {
      throw new HabitueError('sign_in_failed', 'Nobody of the rote engine.')
    },
    verify: async () => null,
    signOut: async () => {},
    changePassword: async () => {},
    list: async () => [],
    add: async ({ password: _, ...person }) => ({
      person: { id: 'p', created: 0, signedIn: null, removed: null, ...person },
      password: 'told once',
    }),
    reset: async () => 'told once',
    remove: async () => {},
    names: async () => new Map(),
  },
  rights: {
    export: async (who) => ({ exported: 0, names: [who], sections: [] }),
    erase: async () => roteReceipt,
    eraseRecipient: async () => roteReceipt,
    receipt: async () => roteReceipt,
    receipts: async () => [roteReceipt],
    keptOrders: async () => [],
  },
  imports: {
    get: async (id) => ({ id, kind: 'events', name: 'a file', line: 1, bytes: 1, refused: 0, done: false }),
    list: async () => [],
    record: async () => {},
  },
  experiments: {
    list: async () => [],
    get: async (id) => ({ ...roteExperiment, id }),
    start: async (id) => ({ ...roteExperiment, id }),
    stop: async () => {},
    report: async (id) => ({
      experiment: { ...roteExperiment, id },
      arms: [],
      withoutCost: 0,
      alpha: 0.05,
      verdict: '',
    }),
    settings: async () => [],
    tune: async () => {},
    lookedAt: async () => ({ looked: [1], clickRate: 0.1, decisions: 0 }),
  },
  reviews: {
    ofItem: async (item) => ({
      item,
      standing: null,
      count: 0,
      verified: 0,
      verification: '',
      orderedBy: { code: 'useful', text: '' },
      withheld: noneWithheld,
      reviews: [],
      next: null,
    }),
    ranking: async () => ({
      category: null,
      personalised: false,
      orderedBy: { code: 'rating', text: '' },
      ratings: 0,
      verified: 0,
      verification: '',
      asOf: 0,
      items: [],
    }),
    list: async () => [],
    report: async () => ({ published: { all: 0, critical: 0 }, withheld: noneWithheld }),
    moderate: async () => {},
  },
  rules: {
    list: async () => [],
    get: async (id) => ({ id, kind: 'exclude', items: ['i1'] }),
    save: async (rule) => rule as never,
    remove: async () => {},
    preview: async (_rule, request) => ({ before: roteAnswer(request), after: roteAnswer(request) }),
  },
  journeys: {
    list: async () => [roteJourney],
    get: async () => roteJourney,
    versions: async () => [],
    put: async () => ({ version: 1, warnings: [] }),
    setState: async () => roteJourney,
    instances: async () => ({ instances: [], next: null }),
    settle: async () => roteInstance,
    replay: async () => 0,
    migrate: async () => ({ moved: 0, stayed: 0 }),
    simulate: async () => roteSimulation,
    report: async () => ({ ...roteReport, reach: roteReach }),
    reports: async () => ({ together: roteReport, reach: roteReach, journeys: [] }),
    schema: () => ({}),
  },
  segments: {
    list: async () => [roteSegment],
    get: async () => roteSegment,
    put: async () => roteSegment,
    remove: async () => {},
    preview: async () => ({ count: 0, customers: 0, looked: 0, withheld: 0, exact: true, examples: [] }),
    members: async () => ({ members: [], next: null }),
    history: async () => [],
    of: async () => [],
    levels: async () => unknownLevels,
  },
  reorders: {
    hand: async () => ({ kind: 'suppressed', reason: 'no shop' }),
    page: async () => ({ state: 'unknown', language: null }),
    order: async () => 'closed',
  },
  surveys: {
    list: async () => [roteSurvey],
    get: async () => roteSurvey,
    put: async () => roteSurvey,
    close: async () => {},
    invite: async () => roteInvitation,
    hand: async () => ({ kind: 'suppressed', reason: 'closed' }),
    revoke: async () => {},
    step: async () => ({ state: 'unknown', language: null }),
    post: async () => ({ kind: 'taken' }),
    results: async () => ({ invited: 0, started: 0, finished: 0, questions: [] }),
    rows: async () => [],
  },
  desk: {
    formWord: async () => 'word',
    isFormWord: async () => false,
    standing: async () => null,
    record: async () => {},
  },
  tasks: {
    open: async () => ({ task: roteTask, isNew: true }),
    hand: async () => ({ kind: 'done', task: 1, isNew: true }),
    page: async () => ({ tasks: [roteTask], next: null }),
    get: async () => roteTask,
    of: async () => [roteTask],
    waiting: async () => ({ service: 1 }),
    claim: async () => roteTask,
    release: async () => roteTask,
    note: async () => roteTask,
    resolve: async () => roteTask,
  },
  training: {
    models: async () => [],
    serving: () => [],
    status: async () => ({ running: false }),
    start: async () => ({ running: true }),
    cancel: async () => ({ running: false }),
  },
}

function roteMessages(): Engine['messages'] {
  const message = {
    ...{ id: 1, key: 'k', customer: null, address: null, channel: 'email', purpose: 'service', template: 't' },
    ...{ version: 1, sender: null, journey: null, subject: null, state: 'sent' as const, reason: null, response: null },
    ...{ attempts: 1, created: 0, due: null, sent: 0, settled: null, replied: null },
  } as const
  const template = { name: 't', version: 1, template: { channel: 'partial', html: '' }, created: 0 } as const
  return {
    send: async () => ({ outcome: { kind: 'done' }, message }),
    list: async () => [message],
    get: async () => message,
    settle: async () => message,
    replay: async () => message,
    templates: async () => [template],
    versions: async () => [template],
    putTemplate: async () => template,
    removeTemplate: async () => {},
    preview: async () => ({
      ...{
        template: 't',
        version: 1,
        language: 'en',
        subject: '',
        html: '',
        text: '',
        onSite: null,
        url: '',
        payload: '',
      },
    }),
    senders: async () => [],
    putSender: async () => {},
    ownerRules: async () => [],
    putOwnerRules: async () => {},
    assign: async () => {},
    inbox: async () => [],
    markInbox: async () => true,
    owner: async () => ({ owner: null, speaks: null }),
  }
}

const roteJourney: JourneyView = {
  id: 'j',
  title: 'A journey',
  state: 'active',
  version: 1,
  updated: 0,
  definition: { trigger: { event: 'Cart Abandoned' }, steps: [{ end: '' }] },
  source: '',
  warnings: [],
  standing: [],
  counts: [],
}

const roteEffect = { customers: 0, judged: 0, orders: 0, margin: 0 }
const roteReach = { entered: 0, sent: 0, suppressed: [], failed: 0, inDoubt: 0, clicked: 0, heard: 0 }
const roteReport = {
  ...{ days: 30, treated: roteEffect, held: roteEffect, difference: null, withoutCost: 0, detectable: [] },
  sentence: 'Nobody has entered yet.',
}

const roteSimulation = {
  ...{ looked: 0, customers: 0, withheld: 0, entered: 0, held: 0 },
  ...{ steps: [], days: [], examples: [], warnings: [] },
}

const roteInstance: InstanceView = {
  id: 1,
  journey: 'j',
  version: 1,
  customer: null,
  phase: 'ended',
  step: 'end',
  due: null,
  started: 0,
  ended: 0,
  held: false,
  reason: '',
  data: {},
}

const roteSegment: SizedSegment = {
  ...{ name: 's', title: 's', description: '', condition: 'true', builtIn: false, purpose: 'personalisation' },
  ...{ updated: 0, size: 0 },
}

const roteReceipt = {
  id: 'e',
  time: 0,
  erased: { events: 1 },
  rows: 1,
  refused: false,
  again: false,
  refitBefore: 0,
  hash: '',
}

function roteAnswer(request: DecisionRequest): DecisionAnswer {
  const decisionId = createHash('md5').update(JSON.stringify(request)).digest('hex')
  const placements = request.placements.map(({ name, count }) => {
    const items = Array.from({ length: count }, (_, i) => ({
      id: `i${i}`,
      title: `Item ${i}`,
      price: 1999 + i,
      currency: i === 1 ? 'JPY' : 'EUR',
      image: null,
      url: `https://shop.example/i${i}`,
      score: 1 / (i + 1),
      reason: { kind: 'because' as const, because: [{ id: 'i9', title: null }], model: 'ease' },
      text: 'Because you bought i9.',
    }))
    return [name, { items, next: 'more' }]
  })
  return {
    decisionId,
    personalised: request.customer !== null,
    purposes: ['personalisation'],
    provenance: ['told'],
    model: { version: 1 },
    placements: Object.fromEntries(placements),
  }
}
