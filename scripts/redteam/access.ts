/** Attacks on who may do what. */
import { createHash } from 'node:crypto'
import { type Attack, customerToken, type Reply, type Sending, send, type Target } from './target.ts'

interface Route {
  readonly method: string
  readonly path: string
}

/** Every documented route, with something in the place of its parameters. */
export async function routes(target: Target): Promise<Route[]> {
  const { json } = await send(target, 'GET', '/openapi.json')
  const paths = Object.entries(json.paths as Record<string, Record<string, unknown>>)
  return paths.flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path: path.replace(/\{\w+\}/g, '1') })),
  )
}

/** Routes that are for everybody, each with its reason in docs/security.md. */
const open =
  /^(GET \/health|GET \/v1\/session$|POST \/v1\/session$|DELETE \/v1\/session$|GET \/v1\/projects|GET .*sourceConfig)/

const withoutKey: Attack = {
  name: 'no key, a guessed key, a key of the wrong kind',
  async run(target) {
    const found: string[] = []
    for (const { method, path } of await routes(target)) {
      const route = `${method} ${path}`
      const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} }
      for (const key of [undefined, 'hba_000000000000_guess', '']) {
        const { status, text } = await send(target, method, path, { key, ...body })
        const isRefused = status === 401 || status === 403 || (status === 400 && !/"(customers|items|keys)"/.test(text))
        // A page's preflight of privacy settings and liveness say nothing of anybody.
        if (!isRefused && !open.test(route))
          found.push(`${route} answers ${status} to ${key === undefined ? 'no key' : 'a guessed key'}`)
      }
    }
    const denied: [keyof Target['keys'], string, string, unknown?][] = [
      ['publishable', 'GET', '/v1/customers?name=a'],
      ['publishable', 'GET', '/v1/customers/known'],
      ['publishable', 'GET', '/v1/customers/known/export'],
      ['publishable', 'POST', '/v1/customers/known/erase', {}],
      ['publishable', 'GET', '/v1/items'],
      ['publishable', 'POST', '/v1/import', { batch: [] }],
      ['publishable', 'POST', '/v1/keys', { kind: 'admin', name: 'mine' }],
      ['publishable', 'GET', '/v1/tail'],
      ['server', 'POST', '/v1/keys', { kind: 'admin', name: 'mine' }],
      ['server', 'GET', '/v1/people'],
      ['server', 'GET', '/v1/audit'],
      ['server', 'POST', '/v1/rebuild'],
      ['admin', 'POST', '/v1/backup', { file: '/tmp/redteam-stolen.db' }],
    ]
    for (const [kind, method, path, body] of denied) {
      const { status } = await send(target, method, path, { key: target.keys[kind], body })
      if (status !== 401 && status !== 403) found.push(`a ${kind} key may ${method} ${path}: ${status}`)
    }
    return found
  },
}

const forgedTokens: Attack = {
  name: 'forged, expired, borrowed customer tokens',
  async run(target) {
    const [, kid] = target.keys.server.split('_')
    const secret = createHash('sha256').update(target.keys.server).digest('hex')
    const header = { alg: 'HS256', typ: 'JWT', kid }
    const now = Math.floor((await clock(target)) / 1000)
    const good = { sub: 'known', scope: 'track read', exp: now + 600 }
    const unsigned = customerToken(secret, { ...header, alg: 'none' }, good).replace(/[^.]*$/, '')
    const tokens: Record<string, string> = {
      'signed with another secret': customerToken('guess', header, good),
      'signed with the key itself': customerToken(target.keys.server, header, good),
      'alg none': unsigned,
      'alg none, signed': customerToken(secret, { ...header, alg: 'none' }, good),
      'alg HS512': customerToken(secret, { ...header, alg: 'HS512' }, good),
      'of a key that does not exist': customerToken(secret, { ...header, kid: '000000000000' }, good),
      'of a publishable key': customerToken(
        createHash('sha256').update(target.keys.publishable).digest('hex'),
        { ...header, kid: target.keys.publishable.split('_')[1] },
        good,
      ),
      expired: customerToken(secret, header, { ...good, exp: now - 3600 }),
      'good for a year': customerToken(secret, header, { ...good, exp: now + 365 * 86_400 }),
      'without an end': customerToken(secret, header, { sub: 'known' }),
      'for tracking only': customerToken(secret, header, { ...good, scope: 'track' }),
      'of another customer': customerToken(secret, header, { ...good, sub: 'somebody-else' }),
      'of a list of customers': customerToken(secret, header, { ...good, sub: ['known'] }),
    }
    const found: string[] = []
    const read = (token: string) =>
      send(target, 'GET', '/v1/customers/known', {
        key: target.keys.publishable,
        headers: { 'x-habitue-token': token },
      })
    for (const [name, token] of Object.entries(tokens)) {
      const { status } = await read(token)
      if (status < 400) found.push(`a token ${name} opens a customer`)
    }
    if ((await read(customerToken(secret, header, good))).status !== 200)
      found.push('(the good token does not work either)')
    return found
  },
}

async function clock(target: Target): Promise<number> {
  return Date.parse((await send(target, 'GET', '/health/live')).headers.get('date') ?? '')
}

const enumeration: Attack = {
  name: 'enumeration of customers and people',
  async run(target) {
    const key = target.keys.publishable
    const pairs: [string, Sending, Sending, string, string][] = [
      ['a customer without a token', { key }, { key }, 'GET /v1/customers/known', 'GET /v1/customers/unknown'],
      [
        'an export without a token',
        { key },
        { key },
        'GET /v1/customers/known/export',
        'GET /v1/customers/unknown/export',
      ],
      [
        'recommendations for a visitor',
        { key, body: { anonymousId: 'known-visitor', placement: 'popular' } },
        { key, body: { anonymousId: 'unknown-visitor', placement: 'popular' } },
        'POST /v1/recommendations',
        'POST /v1/recommendations',
      ],
      [
        'signing in',
        { body: { email: 'admin@shop.example', password: 'wrong wrong wrong' } },
        { body: { email: 'nobody@shop.example', password: 'wrong wrong wrong' } },
        'POST /v1/session',
        'POST /v1/session',
      ],
    ]
    const found: string[] = []
    for (const [name, known, unknown, first, second] of pairs) {
      const ask = (line: string, sending: Sending) => {
        const [method, path] = line.split(' ')
        return send(target, method, path, sending)
      }
      const [a, b] = [shape(await ask(first, known)), shape(await ask(second, unknown))]
      if (a !== b) found.push(`${name} answers differently where there is somebody: ${a} / ${b}`)
    }
    return found
  },
}

/** What of an answer could tell two cases apart. */
function shape({ status, json }: Reply): string {
  return JSON.stringify([status, json?.error?.code ?? Object.keys(json ?? {}), json?.error?.message ?? ''])
}

const timing: Attack = {
  name: 'timing of keys and sign-in',
  timed: true,
  async run(target) {
    const found: string[] = []
    const right = target.keys.server
    const wrong = `${right.slice(0, -8)}AAAAAAAA`
    const far = `hbs_ffffffffffff_${'A'.repeat(43)}`
    const asks = (key: string) => () => send(target, 'GET', '/v1/items/none', { key })
    const [near, none] = await medians(300, [asks(wrong), asks(far)])
    if (Math.abs(near - none) > 0.25 * Math.max(near, none))
      found.push(`a nearly right key takes ${near.toFixed(3)} ms, a wrong one ${none.toFixed(3)} ms`)
    const signIn = (email: string) => () =>
      send(target, 'POST', '/v1/session', { body: { email, password: 'x'.repeat(12) } })
    const [known, unknown] = await medians(5, [signIn('timing@shop.example'), signIn('timing-nobody@shop.example')])
    if (Math.abs(known - unknown) > 0.4 * Math.max(known, unknown))
      found.push(
        `signing in takes ${known.toFixed(0)} ms with a known address, ${unknown.toFixed(0)} ms with an unknown one`,
      )
    return found
  },
}

/** Milliseconds; in turns, so that what else the machine does disturbs both alike. */
async function medians(times: number, asks: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  const taken = asks.map((): number[] => [])
  for (let i = 0; i < times; i++) {
    for (const [n, ask] of asks.entries()) {
      const start = performance.now()
      await ask()
      taken[n].push(performance.now() - start)
    }
  }
  return taken.map((list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)])
}

const forgery: Attack = {
  name: 'cross-site requests with the cookie of a person',
  async run(target) {
    const password = 'correct horse battery staple'
    const person = { name: 'Redteam', email: 'csrf@shop.example', role: 'admin', password }
    await send(target, 'POST', '/v1/people', { key: target.keys.admin, body: person })
    const signedIn = await send(target, 'POST', '/v1/session', { body: { email: person.email, password } })
    const set = signedIn.headers.get('set-cookie') ?? ''
    const cookie = set.split(';')[0]
    const found = ['HttpOnly', 'SameSite=Strict']
      .filter((flag) => !set.includes(flag))
      .map((flag) => `the cookie is not ${flag}`)
    const forged: Record<string, string>[] = [
      {},
      { 'x-habitue-csrf': signedIn.json.csrf, 'sec-fetch-site': 'cross-site' },
      { 'x-habitue-csrf': signedIn.json.csrf, 'sec-fetch-site': 'same-site' },
      { 'x-habitue-csrf': '' },
      { 'content-type': 'text/plain' },
    ]
    for (const headers of forged) {
      const body = { kind: 'admin', name: 'forged' }
      const { status } = await send(target, 'POST', '/v1/keys', { body, headers: { cookie, ...headers } })
      if (status < 400) found.push(`a key was made by a forged request with ${JSON.stringify(Object.keys(headers))}`)
    }
    const preflight = await send(target, 'OPTIONS', '/v1/keys', {
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    })
    if (preflight.headers.get('access-control-allow-credentials')) found.push('other origins may send cookies')
    const login = { body: { email: person.email, password }, headers: { 'sec-fetch-site': 'cross-site' } }
    if ((await send(target, 'POST', '/v1/session', login)).status < 400) found.push('another site may sign a person in')
    return found
  },
}

const guessing: Attack = {
  name: 'guessing passwords',
  async run(target) {
    const guess = (email: string) =>
      send(target, 'POST', '/v1/session', { body: { email, password: 'guess guess guess' } })
    for (let i = 0; i < 40; i++) if ((await guess('victim@shop.example')).status === 429) return []
    return ['forty passwords could be tried for one address']
  },
}

export const accessAttacks: readonly Attack[] = [withoutKey, forgedTokens, enumeration, timing, forgery, guessing]
