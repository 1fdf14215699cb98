/**
 * What of an SDK's `context` is kept: what helps to choose and to understand, nothing that names or locates a person. No
 * IP address, no device ids, no position; the user agent as a class; addresses of pages without personal parameters.
 */
type Fields = Readonly<Record<string, unknown>>

/** Scalars of these names are dropped; so is every object but those that `reducers` know. */
const dropped: ReadonlySet<string> = new Set([
  'anonymousId',
  'userId',
  'email',
  'phone',
  'advertisingId',
  'deviceId',
  'fingerprint',
])

const longestText = 500

/** `ip`, `ip_address`, `clientIp`, `x-forwarded-for`, `user_agent`, in any spelling. */
const networkName =
  /^((browser|client|customer|device|remote|user|visitor)?ip(v4|v6)?(addr|address)?|remoteaddr(ess)?)$/
const headerNames: ReadonlySet<string> = new Set(['useragent', 'httpuseragent', 'xforwardedfor', 'xrealip'])
/** Names repeat; a pure function's memo, bounded. */
const networkNames = new Map<string, boolean>()

/** Is it the name of a field that holds an address of the network, or a user agent? */
function isNetworkName(name: string): boolean {
  const known = networkNames.get(name)
  if (known !== undefined) return known
  const folded = name.length > 30 ? '' : name.toLowerCase().replace(/[\s_.-]/g, '')
  const is = headerNames.has(folded) || networkName.test(folded)
  if (networkNames.size >= 2000) networkNames.clear()
  networkNames.set(name, is)
  return is
}

/** The same without addresses of the network and user agents, at any depth; itself where it has none. */
export function withoutNetwork<T>(value: T): T {
  return hasNetwork(value) ? (stripped(value) as T) : value
}

/** Nearly nothing has one, so it is looked for before anything is copied. */
function hasNetwork(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false
  if (Array.isArray(value)) return value.some(hasNetwork)
  for (const name in value) {
    if (isNetworkName(name)) return true
    const inner = (value as Fields)[name]
    if (typeof inner === 'object' && hasNetwork(inner)) return true
  }
  return false
}

function stripped(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(stripped)
  const rest = Object.entries(value).filter(([name]) => !isNetworkName(name))
  return Object.fromEntries(rest.map(([name, inner]) => [name, stripped(inner)]))
}

/** How each known object is reduced; undefined = nothing left. */
const reducers: Readonly<Record<string, (fields: Fields) => unknown>> = {
  library: (fields) => fields.name,
  page: (fields) =>
    kept({
      path: addressOf(fields.path),
      title: fields.title,
      url: addressOf(fields.url),
      referrer: addressOf(fields.referrer),
    }),
  campaign: (fields) => pick(fields, ['name', 'source', 'medium', 'term', 'content', 'id']),
  app: (fields) => pick(fields, ['name', 'version']),
  os: (fields) => fields.name,
  location: (fields) => pick(fields, ['country', 'region', 'city']),
  weather: (fields) => kept(fields),
  consent: (fields) => fields,
  habitue: (fields) => kept(fields),
}

/**
 * The reduced context. Unknown scalars stay (a shop's own `weather: "rain"` is context), unknown objects go.
 * `context` has passed `checkContent`.
 */
export function reduceContext(context: Fields): Record<string, unknown> {
  const reduced: Record<string, unknown> = {}
  for (const name in context) {
    const value = context[name]
    if (value === null || value === undefined || dropped.has(name) || isNetworkName(name)) continue
    if (typeof value !== 'object') {
      if (typeof value !== 'string' || (value !== '' && value.length <= longestText)) reduced[name] = value
      continue
    }
    if (!Object.hasOwn(reducers, name) || Array.isArray(value)) continue
    const rest = reducers[name](value as Fields)
    if (rest !== undefined && rest !== null && rest !== '') reduced[name] = rest
  }
  const device = deviceOf(context)
  if (device !== null) reduced.device = device
  return reduced
}

function pick(fields: Fields, names: readonly string[]): Fields | undefined {
  return kept(Object.fromEntries(names.map((name) => [name, fields[name]])))
}

/** The scalars of `fields` that are not empty; undefined where none is. */
function kept(fields: Fields): Fields | undefined {
  const rest: Record<string, unknown> = {}
  let some = false
  for (const name in fields) {
    const value = fields[name]
    if (value === undefined || value === null || value === '' || typeof value === 'object') continue
    if (dropped.has(name) || isNetworkName(name)) continue
    rest[name] =
      typeof value === 'string' && value.length > longestText ? value.slice(0, longestText).toWellFormed() : value
    some = true
  }
  return some ? rest : undefined
}

export type DeviceClass = 'mobile' | 'tablet' | 'desktop' | 'bot' | 'server' | 'other'

/** The class of the device: by what a mobile SDK says of it, else by the user agent; null where neither is given. */
function deviceOf(context: Fields): DeviceClass | null {
  if (typeof context.userAgent === 'string' && context.userAgent !== '') return classOf(context.userAgent)
  const device = context.device
  const type = device !== null && typeof device === 'object' ? (device as Fields).type : device
  if (typeof type !== 'string') return null
  if (/^(ios|android|mobile|phone)$/i.test(type)) return 'mobile'
  return /^(tablet|desktop|bot|server)$/i.test(type) ? (type.toLowerCase() as DeviceClass) : 'other'
}

/** User agents repeat, and the expressions below are the dearest of an event; a pure function's memo, bounded. */
const classes = new Map<string, DeviceClass>()

/** A user agent as a class. */
export function classOf(userAgent: string): DeviceClass {
  const known = classes.get(userAgent)
  if (known !== undefined) return known
  const found = classify(userAgent.slice(0, longestText))
  if (classes.size >= 500) classes.clear()
  classes.set(userAgent, found)
  return found
}

function classify(userAgent: string): DeviceClass {
  if (/bot\b|crawl|spider|slurp|headless|lighthouse|facebookexternalhit|preview/i.test(userAgent)) return 'bot'
  if (/ipad|tablet|kindle|silk|android(?!.*mobile)/i.test(userAgent)) return 'tablet'
  if (/mobi|iphone|ipod|android|windows phone/i.test(userAgent)) return 'mobile'
  if (/windows|macintosh|x11|linux|cros/i.test(userAgent)) return 'desktop'
  return /^(node|axios|python|curl|okhttp|java|go-http|ruby|php|analytics)/i.test(userAgent) ? 'server' : 'other'
}

/** Parameters of an address that say what was looked at and where it was linked, not who looked. */
const keptParameter =
  /^(utm_(source|medium|campaign|term|content)|q|query|s|search|page|sort|order|category|c|id|sku|product|product_id|item|variant|color|size|lang)$/i

/** The address of a page without user name, fragment, and parameters that may be personal; undefined where empty. */
export function addressOf(given: unknown): string | undefined {
  if (typeof given !== 'string' || given === '') return undefined
  let address = given
  const fragment = address.indexOf('#')
  if (fragment >= 0) address = address.slice(0, fragment)
  const question = address.indexOf('?')
  const query = question < 0 ? '' : address.slice(question + 1)
  if (question >= 0) address = address.slice(0, question)
  if (address.includes('@') || address.includes('%40')) address = withoutMail(address)
  const rest = query === '' ? '' : keptQuery(query)
  return `${address}${rest === '' ? '' : `?${rest}`}`.slice(0, longestText).toWellFormed()
}

/** The query of an address, with or without `?`, without what may be personal. */
export function searchOf(given: unknown): string | undefined {
  if (typeof given !== 'string' || given === '') return undefined
  const rest = keptQuery(given.startsWith('?') ? given.slice(1) : given)
  return rest === '' ? undefined : `?${rest}`.slice(0, longestText).toWellFormed()
}

function keptQuery(query: string): string {
  return query
    .split('&')
    .filter((parameter) => {
      const equals = parameter.indexOf('=')
      const name = equals < 0 ? parameter : parameter.slice(0, equals)
      return keptParameter.test(name) && !/@|%40/i.test(parameter)
    })
    .join('&')
}

/** `user:password@host` loses its first half, and parts of the path that are e-mail addresses become `-`. */
function withoutMail(address: string): string {
  return address
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1')
    .split('/')
    .map((part) => (/@|%40/i.test(part) ? '-' : part))
    .join('/')
}
