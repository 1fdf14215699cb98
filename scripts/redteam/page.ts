/** Attacks on a customer's own page: by who has no link, half a link, or one that was passed on. */
import { type Attack, type Reply, send, type Target } from './target.ts'

const victim = 'page-victim'
const words = 'keeps a diary in the red box'

async function linkOf(target: Target, id: string, kind = 'user'): Promise<string> {
  const path = `/v1/customers/${id}/page-link?kind=${kind}`
  const { json } = await send(target, 'POST', path, { key: target.keys.server, body: { minutes: 5 } })
  return new URL(json.url).pathname
}

const wordOf = ({ text }: Reply) => /name="form" value="([\w-]+)"/.exec(text)?.[1] ?? ''

function post(target: Target, path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
  const form = { 'content-type': 'application/x-www-form-urlencoded', ...headers }
  return send(target, 'POST', path, { raw: new URLSearchParams(fields).toString(), headers: form })
}

/** What is remembered of the victim, as its server sees it. */
async function memory(target: Target): Promise<string> {
  const { text } = await send(target, 'GET', `/v1/customers/${victim}/memory`, { key: target.keys.server })
  return text
}

async function prepare(target: Target): Promise<string> {
  const { server } = target.keys
  const traits = { email: 'page-victim@mail.example' }
  await send(target, 'POST', '/v1/identify', { key: server, body: { userId: victim, traits } })
  const facts = [
    { kind: 'quirk', value: words },
    { kind: 'address', subject: 'home', value: { street: 'Hidden Lane 7' } },
  ]
  for (const body of facts) await send(target, 'POST', `/v1/customers/${victim}/facts`, { key: server, body })
  return linkOf(target, victim)
}

const withoutLink: Attack = {
  name: 'changed, guessed and borrowed links of customers’ pages',
  async run(target) {
    const found: string[] = []
    const path = await prepare(target)
    const seen = await send(target, 'GET', path)
    if (!seen.text.includes(words)) found.push(`the page of the attack's own customer does not work: ${seen.status}`)
    const token = path.slice('/page/'.length)
    const flipped = [0, 20, token.length >> 1, token.length - 1].map(
      (i) => `${token.slice(0, i)}${token[i] === 'A' ? 'B' : 'A'}${token.slice(i + 1)}`,
    )
    const guesses = [...flipped, token.slice(1), `${token}A`, victim, target.keys.server, '..%2f..%2fetc', '%2e%2e']
    for (const guess of guesses) {
      const { status, text } = await send(target, 'GET', `/page/${guess}`)
      if (status !== 404 || text.includes(words)) found.push(`/page/${guess.slice(0, 12)}... answers ${status}`)
    }
    const { status } = await send(target, 'GET', `/v1/customers/${victim}`, { key: token })
    if (status !== 401) found.push(`a link is taken for a key: ${status}`)
    for (const path of [`/v1/customers/${victim}/page-link`, '/v1/page-codes']) {
      const method = path.endsWith('link') ? 'POST' : 'GET'
      const body = method === 'POST' ? { body: {} } : {}
      const answer = await send(target, method, path, { key: target.keys.publishable, ...body })
      if (answer.status !== 403) found.push(`a publishable key may ${method} ${path}: ${answer.status}`)
    }
    return found
  },
}

const passedOn: Attack = {
  name: 'a link that was passed on, forms of other sites, guessed codes',
  async run(target) {
    const found: string[] = []
    const path = await prepare(target)
    const page = await send(target, 'GET', path)
    const form = wordOf(page)
    for (const secret of ['Hidden Lane', 'page-victim@mail.example'])
      if (page.text.includes(secret)) found.push(`without the code the page shows ${secret}`)
    const before = await memory(target)
    const deny = { do: 'deny', purpose: 'personalisation' }
    const other = wordOf(await send(target, 'GET', await linkOf(target, 'page-stranger')))
    for (const word of ['', other])
      if ((await post(target, path, { ...deny, form: word })).status !== 403)
        found.push('a form without its word is obeyed')
    if ((await post(target, path, { ...deny, form }, { 'sec-fetch-site': 'cross-site' })).status !== 403)
      found.push('a form of another site is obeyed')
    for (const act of ['export-json', 'export-html', 'erase']) {
      const { text } = await post(target, path, { do: act, sure: 'yes', form })
      if (text.includes('Hidden Lane') || text.includes(words)) found.push(`${act} is done without the code`)
    }
    await post(target, path, { do: 'ask-code', form })
    for (let guess = 0; guess < 20; guess++) {
      const code = String(guess * 7919).padStart(6, '0')
      const { headers } = await post(target, path, { do: 'prove', code, form })
      if (headers.has('set-cookie')) found.push(`the code ${code} was guessed`)
    }
    const { json } = await send(target, 'GET', '/v1/page-codes', { key: target.keys.server })
    const mine = (json.codes as { email: string; code: string }[]).find(({ email }) => email.startsWith('page-victim'))
    const late = mine && (await post(target, path, { do: 'prove', code: mine.code, form }))
    if (late?.headers.has('set-cookie')) found.push('a code is taken after twenty wrong ones')
    if ((await memory(target)) !== before) found.push('what is remembered changed')
    return found
  },
}

export const pageAttacks: readonly Attack[] = [withoutLink, passedOn]
