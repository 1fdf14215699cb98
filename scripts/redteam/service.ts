/** Attacks on surveys and on the desk: by who has no link, a changed one, no session, or a form of elsewhere. */
import { type Attack, type Reply, send, type Target } from './target.ts'

const victim = 'survey-victim'
const survey = 'redteam'
const definition = {
  title: 'T',
  pages: [
    { questions: [{ id: 'ok', kind: 'yesno', required: true, text: 'Was it right?' }] },
    { questions: [{ id: 'words', kind: 'text', text: 'Words?' }] },
  ],
}

function post(target: Target, path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
  const form = { 'content-type': 'application/x-www-form-urlencoded', ...headers }
  return send(target, 'POST', path, { raw: new URLSearchParams(fields).toString(), headers: form })
}

/** The same but for its first character. */
function changed(word: string): string {
  return `${word.startsWith('A') ? 'B' : 'A'}${word.slice(1)}`
}

async function answers(target: Target): Promise<string> {
  const { text } = await send(target, 'GET', `/v1/surveys/${survey}/results?texts=true`, { key: target.keys.server })
  return text
}

const surveyLinks: Attack = {
  name: 'guessed, changed and prefetched links of surveys, a link for another page, forms of other sites, scripts in answers',
  async run(target) {
    const found: string[] = []
    const { server, admin, publishable } = target.keys
    await send(target, 'PUT', `/v1/surveys/${survey}`, { key: admin, body: definition })
    await send(target, 'POST', '/v1/identify', { key: server, body: { userId: victim, traits: { firstName: 'Vic' } } })
    const invited = await send(target, 'POST', `/v1/surveys/${survey}/invitations`, {
      key: server,
      body: { customer: victim },
    })
    const { pathname } = new URL(invited.json.url)
    if (decodeURIComponent(pathname).includes(victim)) found.push('the link names the customer')
    const before = await answers(target)
    for (const query of ['?q=ok&a=yes', '?page=1', '?ok=yes', '?q=__proto__&a=x', '?q=ok&a=%3Cscript%3E']) {
      const { status, text } = await send(target, 'GET', pathname + query)
      if (status !== 200 || /<script/i.test(text)) found.push(`GET ${query} answers ${status}`)
    }
    const [id, mark] = pathname.slice('/survey/'.length).split('.')
    for (const guess of [`${changed(id)}.${mark}`, `${id}.${changed(mark)}`, id, `${id}.`, invited.json.id, '%2e%2e']) {
      const { status } = await post(target, `/survey/${guess}`, { page: '0', ok: 'yes' })
      if (status < 400) found.push(`/survey/${guess.slice(0, 8)}... takes an answer: ${status}`)
    }
    const foreign = await post(target, pathname, { page: '0', ok: 'yes' }, { 'sec-fetch-site': 'cross-site' })
    if (foreign.status !== 403) found.push(`a form of another site is taken: ${foreign.status}`)
    // A link for one thing opens no other.
    for (const name of [`${id}.${mark}`, id, `${'A'.repeat(22)}.${mark}`, '%2e%2e']) {
      const [looked, ordered] = [
        await send(target, 'GET', `/reorder/${name}`),
        await post(target, `/reorder/${name}`, { 'line-0': 'nothing' }),
      ]
      if (looked.status < 400 || ordered.status < 400)
        found.push(`/reorder/${name.slice(0, 8)}... opens: ${looked.status}, ${ordered.status}`)
    }
    await post(target, pathname, { page: '1', words: 'ahead' })
    await post(target, pathname, { page: '-1', ok: 'yes', constructor: 'x' }).then(({ status }) => {
      if (status >= 500) found.push(`an odd page answers ${status}`)
    })
    if ((await answers(target)).includes('ahead')) found.push('a page was skipped')
    if (before.includes('"started":1')) found.push('looking was taken for an answer')
    await post(target, pathname, { page: '0', ok: 'yes' })
    await post(target, pathname, { page: '1', words: '<script>alert(1)</script>' })
    for (const path of ['/v1/surveys', `/v1/surveys/${survey}/results?texts=true`]) {
      const { status } = await send(target, 'GET', path, { key: publishable })
      if (status !== 403) found.push(`a publishable key may GET ${path}: ${status}`)
    }
    const { status: key } = await send(target, 'GET', `/v1/customers/${victim}`, {
      key: pathname.slice('/survey/'.length),
    })
    if (key !== 401) found.push(`a link is taken for a key: ${key}`)
    if (target.logged().includes(mark)) found.push('the log has a link')
    return found
  },
}

const desk: Attack = {
  name: 'the desk without a session, with the word of another, from another site; scripts in what it shows',
  async run(target) {
    const found: string[] = []
    const { admin, server } = target.keys
    const script = '<script>alert(1)</script>'
    const words = {
      userId: victim,
      event: 'Complaint Received',
      properties: { text: script, order_id: `"><img src=x>` },
    }
    await send(target, 'POST', '/v1/track', { key: server, body: words })
    const path = `/desk/customers/${victim}?kind=user`
    const shut = (reply: Reply, what: string) => {
      const isSignIn = reply.status === 303 && (reply.headers.get('location') ?? '').startsWith('/desk/sign-in')
      if (!isSignIn) found.push(`${what} answers ${reply.status}`)
    }
    for (const open of ['/desk', '/desk/find?q=a', path]) shut(await send(target, 'GET', open), open)
    shut(await send(target, 'GET', path, { key: admin }), 'a key at the desk')
    shut(await post(target, path, { do: 'stop', sure: 'yes' }), 'a form without a session')
    const email = 'redteam-desk@shop.example'
    const body = { email, name: script, role: 'agent' }
    const { json } = await send(target, 'POST', '/v1/people', { key: admin, body })
    const crossed = await post(
      target,
      '/desk/sign-in',
      { email, password: json.password },
      { 'sec-fetch-site': 'cross-site' },
    )
    if (crossed.headers.get('set-cookie')) found.push('a page of another site signs somebody in')
    const away = await post(target, '/desk/sign-in', { email, password: json.password, next: 'https://evil.example/' })
    if (away.headers.get('location') !== '/desk') found.push(`signing in leads to ${away.headers.get('location')}`)
    const cookie = (away.headers.get('set-cookie') ?? '').split(';')[0]
    const page = await send(target, 'GET', path, { headers: { cookie } })
    if (page.status !== 200 || !page.text.includes('&lt;script&gt;'))
      found.push(`the page of the attack's own customer does not work: ${page.status}`)
    if (/<script|<img/i.test(page.text)) found.push('a script of a customer or of a name reaches the page')
    if (!(page.headers.get('content-security-policy') ?? '').includes("default-src 'none'")) found.push('no policy')
    const word = /name="form" value="([\w-]+)"/.exec(page.text)?.[1] ?? ''
    for (const form of ['', 'x'.repeat(word.length), `${word}A`]) {
      const { status } = await post(target, path, { do: 'stop', sure: 'yes', form }, { cookie })
      if (status !== 403) found.push(`a form with a wrong word answers ${status}`)
    }
    for (const name of ['__proto__', 'toString', '']) {
      const { status } = await post(target, path, { do: name, form: word }, { cookie })
      if (status !== 404) found.push(`the button ${JSON.stringify(name)} answers ${status}`)
    }
    return found
  },
}

export const serviceAttacks: readonly Attack[] = [surveyLinks, desk]
