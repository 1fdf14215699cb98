/**
 * Environment and command line -> one frozen `Config`. The only reader of `process.env`. Every setting has a default
 * that is safe for a small shop; an unusable value is refused with its name, what was got and what was expected.
 */
import { readFileSync } from 'node:fs'
import { isTimeOfDay, isZone } from './calendar/zone.ts'
import { HabitueError } from './errors.ts'

/** How likes and dislikes count when a model learns; a purchase more than a view, a refusal and a return negative. */
export interface SignalWeights {
  readonly view: number
  readonly cart: number
  readonly wish: number
  readonly buy: number
  /** A rating of the highest star; lower ones scale down to `rateLow` at one star. */
  readonly rateHigh: number
  readonly rateLow: number
  readonly return: number
  readonly refuse: number
}

export interface Config {
  /** `postgres://...`; null = SQLite at `dataFile`. */
  readonly databaseUrl: string | null
  readonly dataFile: string
  readonly host: string
  readonly port: number
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent'
  /** Reverse proxies whose forwarded headers are believed; none by default. */
  readonly trustProxy: boolean
  readonly identityVerification: 'required' | 'off'
  /** One legal basis that the operator states for every purpose; null = the named policy of `consent` holds. */
  readonly legalBasis: 'consent' | 'contract' | 'legitimate-interest' | null
  /** Purposes, their legal bases, and who answers for himself (consent/policy.ts). */
  readonly consent: {
    readonly policy: 'eu-strict' | 'eu-existing-customers' | 'us-opt-out'
    /** Where the shop's own basis is another than the policy's; null = the policy's. */
    readonly bases: Readonly<
      Record<
        'service' | 'personalisation' | 'marketing' | 'training' | 'research',
        'consent' | 'contract' | 'legitimate-interest' | 'none' | null
      >
    >
    /** By channel of marketing. */
    readonly channels: Readonly<Record<string, 'consent' | 'contract' | 'legitimate-interest' | 'soft-opt-in'>>
    /** By category of the consent banner the purposes that it answers for. */
    readonly categories: Readonly<Record<string, readonly string[]>>
    readonly globalPrivacyControl: boolean
    /** What becomes of what visitors do before they log in; null = as the basis of personalisation has it (consent/policy.ts). */
    readonly beforeLogin: 'session' | 'never' | 'remember' | null
    /** Two letters (ISO 3166): sets the age of consent. */
    readonly country: string
    /** Years; null = as the country sets it. */
    readonly ageOfConsent: number | null
    /** Years: who is younger is a minor. */
    readonly majority: number
  }
  /** Requests a second, and the burst above it, by kind of key. */
  readonly rateLimits: Readonly<
    Record<'publishable' | 'server' | 'admin', { readonly perSecond: number; readonly burst: number }>
  >
  readonly signals: SignalWeights
  /**
   * Days. `auditDays`: who read or changed what; `keptOrderDays`: orders of erased customers, without the person;
   * `messageDays`: messages that were sent or held back; `journeyDays`: what a journey that ended knew of a customer.
   */
  readonly retention: {
    readonly viewDays: number
    readonly decisionDays: number
    readonly auditDays: number
    readonly keptOrderDays: number
    readonly messageDays: number
    readonly journeyDays: number
  }
  /** The file that tells a restored database whom to forget again; null = beside the data file (PostgreSQL: none). */
  readonly erasureJournal: string | null
  /** Of hashing a password of people of the shop: log2 of scrypt's N. 15 takes 32 MiB and some tenths of a second. */
  readonly passwordCost: number
  readonly training: {
    readonly threads: number
    readonly memoryMb: number
    /** Trains by itself when this share of the events is new, and at least `minutes` have passed. */
    readonly changedShare: number
    readonly minutes: number
    readonly automatic: boolean
  }
  /**
   * Which of the traits that `identify` tells may inform the first guess about somebody new (`docs/recommendations.md`). A
   * name that is not listed is not used; none of what is sensitive (gender, age, health, belief, ...) is listed by default.
   */
  readonly firstGuess: {
    readonly traits: Readonly<Record<string, boolean>>
    /** Whether the style of a session may: what was searched for and looked through, device, referrer, time of day. */
    readonly session: boolean
  }
  /**
   * Reviews (docs/reviews.md). `at-once`: they show when they come; `after-check`: when somebody of the shop has looked, but
   * after `checkDays` in any case, so that none is hidden by never being looked at. `halfLifeDays`: a rating so old counts half.
   */
  readonly reviews: {
    readonly publish: 'at-once' | 'after-check'
    readonly checkDays: number
    readonly halfLifeDays: number
  }
  /** A table of the weather (docs/usual.md), and the place where the shop is when nothing says otherwise. */
  readonly weather: { readonly file: string | null; readonly place: string | null }
  /**
   * The customer's own page. `frameAncestors`: origins whose pages may show it in a frame, separated by spaces; '' = none.
   * `url`: where customers reach this server, such as `https://shop.example/habitue`; null = as the request said.
   */
  readonly page: { readonly frameAncestors: string; readonly url: string | null }
  /** When a person takes over by itself (docs/tasks.md). */
  readonly tasks: {
    readonly triggers: Readonly<
      Record<'complaint' | 'personRequested' | 'paymentFailed' | 'deliveryFailed' | 'highValue', boolean>
    >
    /** Of an abandoned cart, in the shop's currency: from there on it is worth a person's time. */
    readonly highValue: number
    /** So many failures of one kind within so many days. */
    readonly failures: number
    readonly withinDays: number
    /** An event that comes in later than this opens nothing. */
    readonly oldestHours: number
  }
  /** `folder`: definitions of surveys, a file each (JSON or YAML), read at start; null = the API alone. */
  readonly surveys: { readonly folder: string | null }
  /** `folder`: definitions of journeys, a file each (JSON or YAML), read at start; null = the API alone. */
  readonly journeys: { readonly folder: string | null }
  /** Events that the engine derives itself (docs/moments.md). */
  readonly moments: {
    /** A cart that nothing happens to for so long is abandoned; 0 = none ever is. */
    readonly cartMinutes: number
    /** An event that comes in later than this derives nothing. */
    readonly oldestHours: number
    /** A price has dropped where it is this share below the lowest of so many days. */
    readonly priceDrop: number
    readonly priceDays: number
    /** How long somebody waits for an item that he asked for, wished, left in a cart or could not have. */
    readonly waitDays: number
    /** An occasion is due so many days before, at that time of the customer's day. */
    readonly occasionLeadDays: number
    readonly occasionTime: string
    /** When 29 February is celebrated in other years. */
    readonly leapDay: 'feb-28' | 'mar-1'
  }
  /** Where the shop takes what customers order on pages of Habitue (docs/messages.md): it is posted there; null = nowhere. */
  readonly orders: { readonly webhook: string | null }
  /** IANA zone of the shop: its days, and those of customers of whom no other is known. The system's by default. */
  readonly timeZone: string
  /** Messages to customers (docs/messages.md). */
  readonly messages: {
    /** `smtp://user:password@host:587` or `smtps://...`; null = no mail is sent. */
    readonly smtpUrl: string | null
    /** Connections that are kept open: as many mails are on their way at once. */
    readonly smtpConnections: number
    /** Seconds that one mail may take; after twice as many nobody knows what became of it. */
    readonly smtpTimeout: number
    /** Certificates (PEM) of an own authority; null = the usual ones. */
    readonly smtpCaFile: string | null
    /** `Shop <hello@shop.example>`: the sender where no person is. */
    readonly from: string | null
    /** Replies go to `reply+<token>@` this domain, and come back by POST /v1/inbound/mail; null = to the sender. */
    readonly replyDomain: string | null
    /** `imaps://user:password@host/INBOX`: a mailbox of that domain, read by Habitue; null = mail comes back by HTTP alone. */
    readonly imapUrl: string | null
    readonly dkim: { readonly keyFile: string | null; readonly selector: string; readonly domain: string | null }
    /** In every advertisement, by law. */
    readonly legalName: string | null
    readonly postalAddress: string | null
    /** By `channel:purpose` how many in 24 hours and in seven days, such as `2/5`; 0 = no cap. */
    readonly caps: Readonly<Record<string, string>>
    /** No advertising between these hours where the customer is, such as `21-8`; '' = at any time. */
    readonly quietHours: string
    /** Share of customers, 0 to 1, who get no advertising, to know what it is worth. */
    readonly holdout: number
    /** Whoever agrees to advertising by mail confirms it by a mail. */
    readonly doubleOptIn: boolean
    /** Hosts at private addresses to which webhooks may go, separated by spaces. */
    readonly webhookHosts: string
    /** Signs webhooks (HMAC-SHA256), so that the other side can tell who calls; null = unsigned. */
    readonly webhookSecret: string | null
    /** A folder of templates that is read at start; null = none. */
    readonly templates: string | null
    /** Where troubles are told, once each; null = in the log alone. */
    readonly operator: string | null
  }
  /** A backup is overdue after so many days; 0 = nobody is told. */
  readonly backupDays: number
  readonly defaultAudience: string
  readonly currency: string
}

/** The part of the configuration that storage needs. */
export type StorageConfig = Pick<Config, 'databaseUrl' | 'dataFile'>

export const defaultConfig: Config = Object.freeze({
  databaseUrl: null,
  dataFile: './habitue.db',
  host: '127.0.0.1',
  port: 4040,
  logLevel: 'info',
  trustProxy: false,
  identityVerification: 'required',
  legalBasis: null,
  consent: {
    policy: 'eu-strict',
    bases: { service: null, personalisation: null, marketing: null, training: null, research: null },
    channels: {},
    categories: {},
    globalPrivacyControl: true,
    beforeLogin: null,
    country: '',
    ageOfConsent: null,
    majority: 18,
  },
  rateLimits: {
    publishable: { perSecond: 200, burst: 1000 },
    server: { perSecond: 20_000, burst: 100_000 },
    admin: { perSecond: 20_000, burst: 100_000 },
  },
  signals: { view: 0.2, cart: 0.5, wish: 0.5, buy: 1, rateHigh: 1, rateLow: -0.5, return: -0.5, refuse: -1 },
  retention: {
    viewDays: 400,
    decisionDays: 90,
    auditDays: 1095,
    keptOrderDays: 3650,
    messageDays: 400,
    journeyDays: 400,
  },
  erasureJournal: null,
  passwordCost: 15,
  training: { threads: 2, memoryMb: 2048, changedShare: 0.1, minutes: 10, automatic: true },
  firstGuess: {
    traits: { country: true, region: true, city: true, occupation: true, industry: true, plan: true },
    session: true,
  },
  reviews: { publish: 'at-once', checkDays: 7, halfLifeDays: 1460 },
  weather: { file: null, place: null },
  page: { frameAncestors: '', url: null },
  tasks: {
    triggers: { complaint: true, personRequested: true, paymentFailed: true, deliveryFailed: true, highValue: true },
    highValue: 1000,
    failures: 2,
    withinDays: 14,
    oldestHours: 72,
  },
  surveys: { folder: null },
  journeys: { folder: null },
  moments: {
    cartMinutes: 60,
    oldestHours: 24,
    priceDrop: 0.1,
    priceDays: 30,
    waitDays: 365,
    occasionLeadDays: 14,
    occasionTime: '09:00',
    leapDay: 'feb-28',
  },
  orders: { webhook: null },
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  messages: {
    smtpUrl: null,
    smtpConnections: 8,
    smtpTimeout: 180,
    smtpCaFile: null,
    from: null,
    replyDomain: null,
    imapUrl: null,
    dkim: { keyFile: null, selector: 'habitue', domain: null },
    legalName: null,
    postalAddress: null,
    caps: { 'email:marketing': '1/3', 'on-site:marketing': '5/20' },
    quietHours: '21-8',
    holdout: 0,
    doubleOptIn: false,
    webhookHosts: '',
    webhookSecret: null,
    templates: null,
    operator: null,
  },
  backupDays: 0,
  defaultAudience: 'all',
  currency: 'EUR',
} as const)

type Environment = Readonly<Record<string, string | undefined>>
type Deep<T> = { readonly [K in keyof T]?: T[K] extends object ? Deep<T[K]> : T[K] }

/**
 * Defaults, then the JSON file of `HABITUE_CONFIG`, then the environment, then `overrides` (the command line).
 * @throws HabitueError invalid_config
 */
export function loadConfig(overrides: Deep<Config> = {}, environment: Environment = process.env): Config {
  const file = environment.HABITUE_CONFIG
  const layers = [file ? readConfigFile(file) : {}, fromEnvironment(environment), overrides]
  const config = layers.reduce<Config>((base, layer) => merge(base, layer, ''), defaultConfig)
  // An empty text on the command line takes back what the environment says.
  return Object.freeze({ ...config, databaseUrl: config.databaseUrl || null })
}

function readConfigFile(file: string): Deep<Config> {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new HabitueError(
      'invalid_config',
      `The configuration file ${file} cannot be read as JSON: ${(cause as Error).message}`,
      {},
      { cause },
    )
  }
}

function fromEnvironment(env: Environment): Deep<Config> {
  const number = (name: string) => {
    const text = env[name]
    if (text === undefined || text === '') return undefined
    const value = Number(text)
    if (!Number.isFinite(value)) throw invalid(name, text, 'a number')
    return value
  }
  return {
    databaseUrl: env.DATABASE_URL || undefined,
    dataFile: env.HABITUE_DATA || undefined,
    host: env.HABITUE_HOST || undefined,
    port: number('HABITUE_PORT') ?? number('PORT'),
    logLevel: (env.HABITUE_LOG || undefined) as Config['logLevel'] | undefined,
    trustProxy: env.HABITUE_TRUST_PROXY === undefined ? undefined : env.HABITUE_TRUST_PROXY === 'true',
    identityVerification: (env.HABITUE_IDENTITY_VERIFICATION || undefined) as
      | Config['identityVerification']
      | undefined,
    legalBasis: (env.HABITUE_LEGAL_BASIS || undefined) as Config['legalBasis'] | undefined,
    consent: {
      policy: (env.HABITUE_POLICY || undefined) as Config['consent']['policy'] | undefined,
      country: env.HABITUE_COUNTRY || undefined,
      beforeLogin: (env.HABITUE_BEFORE_LOGIN || undefined) as Config['consent']['beforeLogin'] | undefined,
    },
    weather: {
      file: env.HABITUE_WEATHER_FILE || undefined,
      place: env.HABITUE_WEATHER_PLACE || undefined,
    },
    page: { frameAncestors: env.HABITUE_PAGE_FRAMES, url: env.HABITUE_PAGE_URL || undefined },
    surveys: { folder: env.HABITUE_SURVEYS || undefined },
    journeys: { folder: env.HABITUE_JOURNEYS || undefined },
    messages: {
      smtpUrl: env.HABITUE_SMTP_URL || undefined,
      smtpConnections: number('HABITUE_SMTP_CONNECTIONS'),
      smtpTimeout: number('HABITUE_SMTP_TIMEOUT'),
      smtpCaFile: env.HABITUE_SMTP_CA_FILE || undefined,
      from: env.HABITUE_MAIL_FROM || undefined,
      replyDomain: env.HABITUE_REPLY_DOMAIN || undefined,
      imapUrl: env.HABITUE_IMAP_URL || undefined,
      dkim: {
        keyFile: env.HABITUE_DKIM_KEY_FILE || undefined,
        selector: env.HABITUE_DKIM_SELECTOR || undefined,
        domain: env.HABITUE_DKIM_DOMAIN || undefined,
      },
      legalName: env.HABITUE_LEGAL_NAME || undefined,
      postalAddress: env.HABITUE_POSTAL_ADDRESS || undefined,
      quietHours: env.HABITUE_QUIET_HOURS,
      holdout: number('HABITUE_HOLDOUT'),
      doubleOptIn: env.HABITUE_DOUBLE_OPT_IN === undefined ? undefined : env.HABITUE_DOUBLE_OPT_IN === 'true',
      webhookHosts: env.HABITUE_WEBHOOK_HOSTS,
      webhookSecret: env.HABITUE_WEBHOOK_SECRET || undefined,
      templates: env.HABITUE_TEMPLATES || undefined,
      operator: env.HABITUE_OPERATOR || undefined,
    },
    orders: { webhook: env.HABITUE_ORDERS_WEBHOOK || undefined },
    erasureJournal: env.HABITUE_ERASURE_JOURNAL || undefined,
    timeZone: env.HABITUE_TIME_ZONE || undefined,
    backupDays: number('HABITUE_BACKUP_DAYS'),
    currency: env.HABITUE_CURRENCY || undefined,
    training: {
      threads: number('HABITUE_THREADS'),
      automatic: env.HABITUE_TRAINING_AUTOMATIC ? env.HABITUE_TRAINING_AUTOMATIC === 'true' : undefined,
    },
  }
}

const choices: Readonly<Record<string, readonly unknown[]>> = {
  logLevel: ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
  identityVerification: ['required', 'off'],
  legalBasis: ['consent', 'contract', 'legitimate-interest', null],
  'moments.leapDay': ['feb-28', 'mar-1'],
  'consent.policy': ['eu-strict', 'eu-existing-customers', 'us-opt-out'],
  'reviews.publish': ['at-once', 'after-check'],
  'consent.beforeLogin': ['session', 'never', 'remember', null],
  ...Object.fromEntries(
    ['service', 'personalisation', 'marketing', 'training', 'research'].map((purpose) => [
      `consent.bases.${purpose}`,
      ['consent', 'contract', 'legitimate-interest', 'none', null],
    ]),
  ),
}

/** Settings that have no value by default. */
const wholeOrNull: ReadonlySet<string> = new Set(['consent.ageOfConsent'])

/** Settings whose names the shop chooses, and what may stand behind each name. */
const open: Readonly<Record<string, { readonly allows: (value: unknown) => boolean; readonly expected: string }>> = {
  'consent.channels': {
    allows: (value) => ['consent', 'contract', 'legitimate-interest', 'soft-opt-in'].includes(value as string),
    expected: 'one of consent, contract, legitimate-interest, soft-opt-in',
  },
  'consent.categories': {
    allows: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string' && purposeText.test(one)),
    expected: 'a list of purposes: personalisation, marketing, marketing:email, training, research',
  },
  'messages.caps': {
    allows: (value) => typeof value === 'string' && /^\d{1,3}\/\d{1,4}$/.test(value),
    expected: 'a number a day and a number a week, such as 1/3; 0 = no cap',
  },
  'firstGuess.traits': { allows: (value) => typeof value === 'boolean', expected: 'true or false' },
}
const purposeText = /^(service|personalisation|training|research|marketing(:[a-z][\w-]{0,49})?)$/

/** Lays `layer` over `base`; a value must have the type of its default, or be one of the listed choices. */
function merge<T extends object>(base: T, layer: Deep<T>, path: string): T {
  const result = { ...base } as Record<string, unknown>
  for (const [key, value] of Object.entries(layer)) {
    if (value === undefined) continue
    const name = path + key
    if (!(key in base)) throw invalid(name, value, `one of ${Object.keys(base).join(', ')}`)
    const old = result[key]
    if (old !== null && typeof old === 'object') {
      if (value === null || typeof value !== 'object') throw invalid(name, value, 'an object')
      if (name in open) {
        for (const [own, one] of Object.entries(value))
          if (!open[name].allows(one)) throw invalid(`${name}.${own}`, one, open[name].expected)
        result[key] = { ...old, ...value }
        continue
      }
      result[key] = merge(old, value, `${name}.`)
      continue
    }
    const allowed = choices[name]
    if (allowed && !allowed.includes(value)) throw invalid(name, value, `one of ${allowed.join(', ')}`)
    if (!allowed && old !== null && typeof value !== typeof old) throw invalid(name, value, `a ${typeof old}`)
    if (name === 'moments.occasionTime' && !isTimeOfDay(value)) throw invalid(name, value, 'a time such as 09:00')
    if (name === 'timeZone' && !isZone(value)) throw invalid(name, value, 'an IANA time zone such as Europe/Berlin')
    if (wholeOrNull.has(name) && value !== null && !Number.isInteger(value))
      throw invalid(name, value, 'a whole number')
    if (typeof value === 'number' && !Number.isFinite(value)) throw invalid(name, value, 'a finite number')
    result[key] = value
  }
  return result as T
}

function invalid(name: string, got: unknown, expected: string): HabitueError {
  return new HabitueError('invalid_config', `The setting ${name} is ${JSON.stringify(got)}; expected ${expected}.`, {
    name,
    expected,
  })
}
