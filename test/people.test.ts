/** People of the shop: signing in, what each role may, and what must not work. On running servers of both engines. */
import type { InjectOptions } from 'fastify'
import { expect, it } from 'vitest'
import { createApp } from '../src/http/app.ts'
import { simulatedWorld } from '../src/world.ts'
import { forEachRunning, type Running } from './running.ts'

const minute = 60_000

interface Browser {
  ask(method: InjectOptions['method'], url: string, body?: object, headers?: Record<string, string>): Promise<Answer>
  signIn(email: string, password: string): Promise<Answer>
  cookie: string
  csrf: string
}
interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of every shape
  readonly body: any
  readonly headers: Record<string, unknown>
}

/** As a browser keeps cookies; `csrf` is what a page of this origin knows. */
async function browser(habitue: Running): Promise<Browser> {
  const app = await createApp(habitue.engine)
  const it: Browser = {
    cookie: '',
    csrf: '',
    async ask(method, url, body, headers = {}) {
      const sent = {
        cookie: it.cookie,
        'x-habitue-csrf': it.csrf,
        ...headers,
        ...(body ? { 'content-type': 'application/json' } : {}),
      }
      const answer = await app.inject({
        method,
        url,
        headers: sent,
        ...(body ? { payload: JSON.stringify(body) } : {}),
      })
      const set = answer.headers['set-cookie']
      if (typeof set === 'string') it.cookie = set.split(';')[0]
      const csrf = answer.headers['x-habitue-csrf']
      if (typeof csrf === 'string') it.csrf = csrf
      return { status: answer.statusCode, body: answer.body === '' ? null : answer.json(), headers: answer.headers }
    },
    async signIn(email, password) {
      const answer = await it.ask('POST', '/v1/session', { email, password })
      it.csrf = answer.body.csrf ?? it.csrf
      return answer
    },
  }
  return it
}

const added = async (habitue: Running, role: string, more: object = {}) => {
  const { status, body } = await habitue.ask('POST', '/v1/people', {
    name: `${role} Ann`,
    email: `${role}@shop.example`,
    role,
    ...more,
  })
  expect(status).toBe(201)
  return body as { person: { id: string }; password: string }
}

forEachRunning((_engine, run) => {
  it('sign in with a cookie that scripts cannot read, change things with the word of the session, and sign out', async () => {
    const world = simulatedWorld(3)
    const habitue = await run({ passwordCost: 10 }, { world })
    const { password, person } = await added(habitue, 'admin')
    const ann = await browser(habitue)
    expect((await ann.ask('GET', '/v1/session')).body.error.code).toBe('session_required')
    const signedIn = await ann.signIn('  Admin@Shop.example ', password)
    expect(signedIn.body.person).toMatchObject({ id: person.id, role: 'admin', name: 'admin Ann' })
    expect(String(signedIn.headers['set-cookie'])).toMatch(
      /^habitue_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict/,
    )
    expect(JSON.stringify(signedIn.body)).not.toContain(ann.cookie.split('=')[1])
    expect((await ann.ask('GET', '/v1/keys')).status).toBe(200)
    expect((await ann.ask('PUT', '/v1/rules/r', { kind: 'pin', items: ['x'] })).status).toBe(200)

    // Cross-site request forgery: no word, a wrong word, or a page of elsewhere.
    const forgeries: Record<string, string>[] = [
      { 'x-habitue-csrf': '' },
      { 'x-habitue-csrf': 'x'.repeat(43) },
      { 'sec-fetch-site': 'cross-site' },
    ]
    for (const headers of forgeries) {
      const forged = await ann.ask('DELETE', '/v1/rules/r', undefined, headers)
      expect([forged.status, forged.body.error.code]).toEqual([403, 'csrf_failed'])
    }
    const login = await ann.ask('POST', '/v1/session', { email: 'a@b.c', password }, { 'sec-fetch-site': 'cross-site' })
    expect(login.body.error.code).toBe('csrf_failed')

    // The token changes with use, the old one is soon worth nothing, and nobody is signed in for ever.
    const before = ann.cookie
    world.advance(20 * minute)
    expect((await ann.ask('GET', '/v1/keys')).status).toBe(200)
    expect(ann.cookie).not.toBe(before)
    world.advance(minute)
    const stolen = await browser(habitue)
    stolen.cookie = before
    expect((await stolen.ask('GET', '/v1/keys')).status).toBe(401)
    expect((await ann.ask('DELETE', '/v1/rules/r')).status).toBe(204)
    world.advance(61 * minute)
    expect((await ann.ask('GET', '/v1/keys')).status).toBe(401)
    await ann.signIn('admin@shop.example', password)
    for (let hour = 0; hour < 14; hour++) {
      world.advance(55 * minute)
      await ann.ask('GET', '/v1/keys')
    }
    expect((await ann.ask('GET', '/v1/keys')).status).toBe(401)

    await ann.signIn('admin@shop.example', password)
    const [cookie, csrf] = [ann.cookie, ann.csrf]
    expect((await ann.ask('DELETE', '/v1/session')).status).toBe(204)
    expect((await ann.ask('GET', '/v1/keys', undefined, { cookie, 'x-habitue-csrf': csrf })).status).toBe(401)
  })

  it('each role may do its own, and the audit log names the person', async () => {
    const habitue = await run({ passwordCost: 10 })
    await habitue.ask('POST', '/v1/batch', { batch: [{ type: 'track', event: 'x', userId: 'bo', messageId: 'm' }] })
    const asks = {
      customer: ['GET', '/v1/customers/bo'],
      export: ['GET', '/v1/customers/bo/export'],
      erase: ['POST', '/v1/customers/bo/erase', {}],
      rules: ['PUT', '/v1/rules/r', { kind: 'pin', items: ['x'] }],
      audit: ['GET', '/v1/audit'],
      keys: ['GET', '/v1/keys'],
      people: ['GET', '/v1/people'],
      backup: ['POST', '/v1/backup', { file: '/tmp/never.db' }],
      items: ['GET', '/v1/items'],
    } as const
    const may = {
      marketer: ['rules', 'items'],
      agent: ['customer', 'export', 'items'],
      auditor: ['audit', 'items'],
      admin: ['customer', 'export', 'rules', 'audit', 'keys', 'people', 'items', 'erase'],
    }
    for (const [role, allowed] of Object.entries(may)) {
      const { password } = await added(habitue, role)
      const ann = await browser(habitue)
      await ann.signIn(`${role}@shop.example`, password)
      for (const [name, [method, url, body]] of Object.entries(asks)) {
        const { status } = await ann.ask(method, url, body)
        expect([role, name, status]).toEqual([role, name, allowed.includes(name) ? 200 : 403])
      }
    }
    const { body } = await habitue.ask('GET', '/v1/audit')
    const did = body.entries.map((entry: Record<string, string>) => `${entry.actorName} ${entry.action}`)
    for (const line of [
      'agent Ann customers.read',
      'agent Ann customers.export',
      'marketer Ann rules.write',
      'admin Ann customers.erase',
      'auditor Ann session.start',
    ])
      expect(did).toContain(line)
    const subjects = new Set(body.entries.map(({ subject }: { subject: string }) => subject).filter(Boolean))
    expect(subjects.size).toBe(1)
    expect(JSON.stringify(body)).not.toContain('bo"')
    expect((await habitue.ask('GET', '/v1/audit?customer=bo')).body.entries).toEqual([])
  })

  it('nobody learns who has an account, and guessing is slowed down', async () => {
    const world = simulatedWorld(5)
    const habitue = await run({ passwordCost: 10 }, { world })
    await added(habitue, 'agent', { password: 'correct horse battery' })
    const guesser = await browser(habitue)
    const known = await guesser.signIn('agent@shop.example', 'wrong horse battery')
    const unknown = await guesser.signIn('nobody@shop.example', 'wrong horse battery')
    const same = ({ status, body }: Answer) => ({ status, body: { ...body.error, requestId: '' } })
    expect(same(unknown)).toEqual(same(known))
    expect(known.status).toBe(401)
    for (const email of ['agent@shop.example', 'nobody@shop.example']) {
      const answers = await Promise.all(Array.from({ length: 12 }, () => guesser.signIn(email, 'wrong horse')))
      expect(answers.filter(({ status }) => status === 429).length).toBe(3)
    }
    expect((await guesser.signIn('agent@shop.example', 'correct horse battery')).status).toBe(429)
    world.advance(16 * minute)
    expect((await guesser.signIn('agent@shop.example', 'correct horse battery')).status).toBe(200)
    const texts = JSON.stringify((await habitue.ask('GET', '/v1/audit')).body)
    expect(texts).toContain('session.refused')
    expect(texts).not.toContain('nobody@')
  })

  it('a new password, a reset and a removal end the sessions', async () => {
    const habitue = await run({ passwordCost: 10 })
    const { person } = await added(habitue, 'admin', { password: 'correct horse battery' })
    const [one, other] = [await browser(habitue), await browser(habitue)]
    for (const each of [one, other]) await each.signIn('admin@shop.example', 'correct horse battery')
    const change = { old: 'correct horse battery', password: 'quite another horse' }
    expect((await one.ask('POST', '/v1/session/password', { ...change, old: 'no' })).status).toBe(401)
    expect((await one.ask('POST', '/v1/session/password', { ...change, password: 'short' })).status).toBe(400)
    expect((await one.ask('POST', '/v1/session/password', change)).status).toBe(204)
    expect((await one.ask('GET', '/v1/keys')).status).toBe(200)
    expect((await other.ask('GET', '/v1/keys')).status).toBe(401)
    expect((await other.signIn('admin@shop.example', change.old)).status).toBe(401)
    const { body } = await habitue.ask('POST', `/v1/people/${person.id}/reset`)
    expect((await one.ask('GET', '/v1/keys')).status).toBe(401)
    expect((await one.signIn('admin@shop.example', body.password)).status).toBe(200)
    expect((await habitue.ask('DELETE', `/v1/people/${person.id}`)).status).toBe(204)
    expect((await one.ask('GET', '/v1/keys')).status).toBe(401)
    expect((await one.signIn('admin@shop.example', body.password)).status).toBe(401)
    expect((await habitue.ask('GET', '/v1/people')).body.people[0]).toMatchObject({ name: 'admin Ann', email: null })
    // The address is free again.
    await added(habitue, 'admin')
    const conflict = await habitue.ask('POST', '/v1/people', { name: 'x', email: 'ADMIN@shop.example', role: 'agent' })
    expect(conflict.body.error.code).toBe('conflict')
  })
})
