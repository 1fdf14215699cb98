import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KeyKind } from '../engine-api.ts'
import { type Action, permissions } from './permissions.ts'
import { type Bench, bench } from './testing.ts'

let shop: Bench
beforeAll(async () => {
  shop = await bench({ page: { frameAncestors: '', url: 'https://shop.example' } })
})
afterAll(() => shop.app.close())

type Ask = { method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'; url: string; payload?: object; about?: string }

const asked = { customer: '42', placement: 'home' }
/** Each route once, by the action that it is. */
const requests: Record<Action, readonly Ask[]> = {
  'events.track': [{ method: 'POST', url: '/v1/track', payload: { event: 'x', anonymousId: 'a' } }],
  'events.import': [
    { method: 'POST', url: '/v1/import', payload: { batch: [] } },
    { method: 'GET', url: '/v1/imports' },
    { method: 'GET', url: '/v1/imports/f' },
    {
      method: 'PUT',
      url: '/v1/imports/f',
      payload: { kind: 'events', name: 'f', line: 1, bytes: 1, refused: 0, done: true },
    },
  ],
  'decisions.anonymous': [
    { method: 'POST', url: '/v1/recommendations', payload: { anonymousId: 'a', placement: 'home' } },
    { method: 'POST', url: '/v1/recommendations', payload: { placement: 'popular' } },
  ],
  'decisions.customer': [
    { method: 'POST', url: '/v1/recommendations', payload: asked, about: '42' },
    { method: 'POST', url: '/v1/predictions', payload: { customer: '42', items: ['espresso'] }, about: '42' },
    { method: 'POST', url: '/v1/usual', payload: { customer: '42', slot: 'coffee' }, about: '42' },
  ],
  'decisions.batch': [
    { method: 'POST', url: '/v1/recommendations/batch', payload: { customers: ['42'], placement: 'home' } },
  ],
  'customers.read': [
    { method: 'GET', url: '/v1/customers/42', about: '42' },
    { method: 'GET', url: '/v1/customers/42/timeline', about: '42' },
    { method: 'GET', url: '/v1/customers/42/orders', about: '42' },
    { method: 'GET', url: '/v1/customers/42/cart', about: '42' },
    { method: 'GET', url: '/v1/customers/42/decisions', about: '42' },
    { method: 'GET', url: '/v1/customers/42/consent', about: '42' },
    { method: 'GET', url: '/v1/customers/42/memory', about: '42' },
    { method: 'GET', url: '/v1/customers/42/facts', about: '42' },
    { method: 'GET', url: '/v1/customers/42/segments', about: '42' },
  ],
  'messages.send': [
    { method: 'POST', url: '/v1/messages', payload: { customer: '42', purpose: 'service', template: 't' } },
    { method: 'POST', url: '/v1/customers/42/opt-in' },
  ],
  'messages.read': [
    { method: 'GET', url: '/v1/messages' },
    { method: 'GET', url: '/v1/messages/42' },
  ],
  'mail.inbound': [
    { method: 'POST', url: '/v1/inbound/mail', payload: { to: 'reply@x.example', from: 'a@x.example' } },
  ],
  'inbox.read': [{ method: 'GET', url: '/v1/customers/42/inbox', about: '42' }],
  'inbox.mark': [{ method: 'POST', url: '/v1/customers/42/inbox/1/seen', about: '42' }],
  'owners.read': [
    { method: 'GET', url: '/v1/senders' },
    { method: 'GET', url: '/v1/owner-rules' },
    { method: 'GET', url: '/v1/customers/42/owner' },
  ],
  'owners.write': [
    { method: 'PUT', url: '/v1/senders/42', payload: {} },
    { method: 'PUT', url: '/v1/owner-rules', payload: { rules: [] } },
  ],
  'owners.assign': [{ method: 'PUT', url: '/v1/customers/42/owner', payload: { person: null } }],
  'messages.settle': [
    { method: 'POST', url: '/v1/messages/42/settle', payload: { as: 'sent' } },
    { method: 'POST', url: '/v1/messages/42/replay' },
  ],
  'templates.read': [
    { method: 'GET', url: '/v1/templates' },
    { method: 'GET', url: '/v1/templates/42' },
    { method: 'POST', url: '/v1/templates/preview', payload: { name: 't' } },
  ],
  'templates.write': [
    { method: 'PUT', url: '/v1/templates/42', payload: { channel: 'partial', html: 'x' } },
    { method: 'DELETE', url: '/v1/templates/42' },
  ],
  'consent.write': [
    { method: 'PUT', url: '/v1/customers/42/consent', payload: { answers: { research: 'denied' } }, about: '42' },
    { method: 'POST', url: '/v1/customers/42/consent', payload: { answers: { research: 'denied' } }, about: '42' },
    { method: 'PUT', url: '/v1/customers/42/audience', payload: { age: 30 }, about: '42' },
  ],
  'facts.write': [
    {
      method: 'POST',
      url: '/v1/customers/42/facts',
      payload: { kind: 'size', subject: 'shirts', value: 'M' },
      about: '42',
    },
    { method: 'PATCH', url: '/v1/customers/42/facts/f1', payload: { value: 'L' }, about: '42' },
    { method: 'DELETE', url: '/v1/customers/42/facts/f1', about: '42' },
    { method: 'GET', url: '/v1/customers/42/question', about: '42' },
    {
      method: 'POST',
      url: '/v1/customers/42/answers',
      payload: { question: 'size:shirts', answer: 'M' },
      about: '42',
    },
    { method: 'DELETE', url: '/v1/customers/42/taste/i1', about: '42' },
    { method: 'PUT', url: '/v1/customers/42/taste/i1', about: '42' },
  ],
  'customers.find': [
    { method: 'GET', url: '/v1/customers?name=Zoe' },
    { method: 'GET', url: '/v1/customers/42/merges' },
    { method: 'POST', url: '/v1/merges/1/undo' },
  ],
  'customers.export': [
    { method: 'GET', url: '/v1/customers/42/export' },
    { method: 'POST', url: '/v1/customers/42/export' },
  ],
  'customers.erase': [
    { method: 'POST', url: '/v1/customers/42/erase', payload: {} },
    { method: 'POST', url: '/v1/customers/42/recipients/erase', payload: { recipient: 'Ada' } },
  ],
  'pages.link': [
    { method: 'POST', url: '/v1/customers/42/page-link', payload: {} },
    { method: 'DELETE', url: `/v1/page-links/${'42'.repeat(32)}` },
  ],
  'pages.send': [{ method: 'POST', url: '/v1/customers/42/page-link/send' }],
  'pages.codes': [
    { method: 'GET', url: '/v1/page-codes' },
    { method: 'DELETE', url: '/v1/page-codes/c1' },
  ],
  'erasures.read': [
    { method: 'GET', url: '/v1/erasures' },
    { method: 'GET', url: '/v1/erasures/42' },
    { method: 'GET', url: '/v1/kept-orders' },
  ],
  'audit.read': [
    { method: 'GET', url: '/v1/audit' },
    { method: 'GET', url: '/v1/audit/proof' },
  ],
  'segments.read': [
    { method: 'GET', url: '/v1/segments' },
    { method: 'GET', url: '/v1/segments/s' },
    { method: 'GET', url: '/v1/segments/s/history' },
  ],
  'segments.write': [
    { method: 'PUT', url: '/v1/segments/s', payload: { condition: 'customer.orders > 0' } },
    { method: 'DELETE', url: '/v1/segments/s' },
  ],
  'segments.members': [
    { method: 'POST', url: '/v1/segments/preview', payload: { condition: 'customer.orders > 0' } },
    { method: 'GET', url: '/v1/segments/s/members' },
    { method: 'GET', url: '/v1/segments/s/members.csv' },
  ],
  'surveys.read': [
    { method: 'GET', url: '/v1/surveys' },
    { method: 'GET', url: '/v1/surveys/s' },
    { method: 'GET', url: '/v1/surveys/s/results' },
  ],
  'surveys.texts': [{ method: 'GET', url: '/v1/surveys/s/results?texts=true' }],
  'surveys.write': [
    { method: 'PUT', url: '/v1/surveys/s', payload: {} },
    { method: 'DELETE', url: '/v1/surveys/s' },
  ],
  'surveys.invite': [
    { method: 'POST', url: '/v1/surveys/s/invitations', payload: { customer: '42' } },
    { method: 'DELETE', url: '/v1/surveys/s/invitations/i' },
  ],
  'tasks.read': [
    { method: 'GET', url: '/v1/tasks' },
    { method: 'GET', url: '/v1/tasks/1' },
    { method: 'GET', url: '/v1/customers/42/tasks' },
  ],
  'tasks.write': [
    { method: 'POST', url: '/v1/tasks', payload: { customer: '42', reason: 'call back' } },
    { method: 'POST', url: '/v1/tasks/1/claim', payload: {} },
    { method: 'POST', url: '/v1/tasks/1/release', payload: {} },
    { method: 'POST', url: '/v1/tasks/1/notes', payload: { text: 'x' } },
    { method: 'POST', url: '/v1/tasks/1/resolve', payload: { outcome: 'done' } },
  ],
  'items.read': [
    { method: 'GET', url: '/v1/items' },
    { method: 'GET', url: '/v1/items/i1' },
    { method: 'GET', url: '/v1/categories/audiences' },
    { method: 'GET', url: '/v1/categories/sensitive' },
  ],
  'items.write': [
    { method: 'POST', url: '/v1/items', payload: [{ id: 'i1' }] },
    { method: 'PUT', url: '/v1/items/i1', payload: { title: 'x' } },
    { method: 'PATCH', url: '/v1/items/i1', payload: { stock: 0 } },
    { method: 'DELETE', url: '/v1/items/i1' },
    { method: 'PUT', url: '/v1/categories/audiences', payload: { audiences: [] } },
    { method: 'PUT', url: '/v1/categories/sensitive', payload: { categories: [] } },
  ],
  'reviews.read': [
    { method: 'GET', url: '/v1/items/espresso/reviews' },
    { method: 'GET', url: '/v1/rankings' },
  ],
  'reviews.check': [
    { method: 'GET', url: '/v1/reviews?state=pending' },
    { method: 'GET', url: '/v1/reviews/report' },
  ],
  'reviews.moderate': [{ method: 'PUT', url: '/v1/reviews/r1/state', payload: { state: 'published' } }],
  'experiments.read': [
    { method: 'GET', url: '/v1/experiments' },
    { method: 'GET', url: '/v1/experiments/e1' },
    { method: 'GET', url: '/v1/experiments/e1/report' },
    { method: 'GET', url: '/v1/placements' },
    { method: 'GET', url: '/v1/placements/home/looked-at' },
  ],
  'experiments.write': [
    { method: 'PUT', url: '/v1/experiments/e1', payload: { placement: 'home', arms: { a: {}, b: {} } } },
    { method: 'POST', url: '/v1/experiments/e1/stop' },
    { method: 'PUT', url: '/v1/placements/home/settings', payload: { diversity: 0.3 } },
    { method: 'DELETE', url: '/v1/placements/home/settings' },
  ],
  'rules.read': [
    { method: 'GET', url: '/v1/rules' },
    { method: 'GET', url: '/v1/rules/r' },
    {
      method: 'POST',
      url: '/v1/rules/preview',
      payload: { rule: { id: 'r', kind: 'pin', items: ['i1'] }, request: asked },
    },
  ],
  'rules.write': [
    { method: 'PUT', url: '/v1/rules/r', payload: { kind: 'pin', items: ['i1'] } },
    { method: 'DELETE', url: '/v1/rules/r' },
  ],
  'journeys.read': [
    { method: 'GET', url: '/v1/journeys' },
    { method: 'GET', url: '/v1/journeys/schema' },
    { method: 'GET', url: '/v1/journeys/j' },
    { method: 'GET', url: '/v1/journeys/j/versions' },
    { method: 'GET', url: '/v1/journeys/report' },
    { method: 'GET', url: '/v1/journeys/j/report' },
  ],
  'journeys.write': [
    { method: 'PUT', url: '/v1/journeys/j', payload: { definition: {} } },
    { method: 'POST', url: '/v1/journeys/j/start', payload: {} },
    { method: 'POST', url: '/v1/journeys/j/pause', payload: {} },
    { method: 'POST', url: '/v1/journeys/j/resume', payload: {} },
    { method: 'POST', url: '/v1/journeys/j/stop', payload: {} },
    { method: 'POST', url: '/v1/journeys/j/migrate', payload: {} },
  ],
  'journeys.people': [
    { method: 'GET', url: '/v1/journeys/j/instances' },
    { method: 'POST', url: '/v1/journeys/j/instances/1/settle', payload: { as: 'again' } },
    { method: 'POST', url: '/v1/journeys/j/replay', payload: {} },
    { method: 'POST', url: '/v1/journeys/simulate', payload: { id: 'j', from: '2026-01-01' } },
  ],
  'models.read': [
    { method: 'GET', url: '/v1/models' },
    { method: 'GET', url: '/v1/training' },
  ],
  'training.run': [
    { method: 'POST', url: '/v1/training' },
    { method: 'DELETE', url: '/v1/training' },
  ],
  'keys.manage': [{ method: 'GET', url: '/v1/keys' }],
  'people.manage': [
    { method: 'GET', url: '/v1/people' },
    { method: 'POST', url: '/v1/people', payload: { name: 'Ann', email: 'ann@shop.example', role: 'agent' } },
    { method: 'POST', url: '/v1/people/42/reset' },
    { method: 'DELETE', url: '/v1/people/42' },
  ],
  'events.tail': [],
  'metrics.read': [{ method: 'GET', url: '/metrics' }],
  'service.manage': [
    { method: 'GET', url: '/v1/doctor' },
    { method: 'POST', url: '/v1/rebuild' },
    { method: 'POST', url: '/v1/hold' },
    { method: 'POST', url: '/v1/resume', payload: { overdue: 'skip' } },
  ],
}

function ask({ method, url, payload }: Ask, headers: Record<string, string>) {
  // As if through a proxy, so that metrics do not pass for being local.
  const all = {
    ...headers,
    'x-forwarded-for': '203.0.113.7',
    ...(payload ? { 'content-type': 'application/json' } : {}),
  }
  return shop.app.inject({ method, url, headers: all, ...(payload ? { payload } : {}) })
}

const everyAsk = Object.entries(requests).flatMap(([action, asks]) =>
  asks.map((one) => [action as Action, one] as const),
)

describe('what each kind of key may do', () => {
  it.each(everyAsk)('%s', async (action, one) => {
    const { kinds } = permissions[action] as { kinds: readonly KeyKind[] }
    for (const kind of ['publishable', 'server', 'admin'] as const) {
      const { statusCode, body } = await ask(one, shop.as(kind))
      if (kinds.includes(kind)) expect(statusCode, `${kind}: ${body}`).toBeLessThan(300)
      else expect([statusCode, kind], body).toEqual([403, kind])
    }
    expect((await ask(one, {})).statusCode).toBe(401)
    expect((await ask(one, { authorization: 'Bearer hbs_000000000000_guess' })).statusCode).toBe(401)
  })

  const personal = everyAsk.filter(([, one]) => one.about !== undefined)
  it.each(personal)('%s of a known customer from a page, with their own token and no other', async (action, one) => {
    const { token: scope } = permissions[action] as { token: 'read' | 'track' }
    const other = scope === 'read' ? 'track' : 'read'
    const from = async (token: string) => ask(one, { ...shop.as('publishable'), 'x-habitue-token': token })
    expect((await from(shop.token('42'))).statusCode).toBeLessThan(300)
    expect((await from(shop.token('42', { scopes: [scope] }))).statusCode).toBeLessThan(300)
    for (const token of [shop.token('43'), shop.token('42', { scopes: [other] }), 'x.y.z']) {
      const answer = await from(token)
      expect([answer.statusCode, answer.json().error.code]).toEqual([401, 'customer_token_invalid'])
    }
    const alone = await ask(one, shop.as('publishable'))
    expect([alone.statusCode, alone.json().error.code]).toEqual([403, 'customer_token_required'])
  })

  it('does not let a token for a user id open the customer of that e-mail or visitor id', async () => {
    for (const kind of ['email', 'anonymous', 'phone']) {
      const one: Ask = { method: 'GET', url: `/v1/customers/42?kind=${kind}` }
      const answer = await ask(one, { ...shop.as('publishable'), 'x-habitue-token': shop.token('42') })
      expect(answer.json().error.code).toBe('customer_token_invalid')
    }
  })

  it('covers every route that asks for a key', () => {
    const asked = new Set(
      everyAsk.map(([, { method, url }]) => `${method} ${url.split('?')[0].replace(/42|i1/, ':id')}`),
    )
    const paths = Object.entries(shop.app.swagger().paths ?? {}) as [string, Record<string, unknown>][]
    const documented = paths.flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, ':id')}`),
    )
    const missing = documented.filter(
      (route) =>
        !asked.has(
          route
            .replace('/rules/:id', '/rules/r')
            .replace('/items/:id/reviews', '/items/espresso/reviews')
            .replace('/reviews/:id/state', '/reviews/r1/state')
            .replace('/experiments/:id', '/experiments/e1')
            .replace('/placements/:id', '/placements/home')
            .replace('/merges/:id', '/merges/1')
            .replace('/tasks/:id', '/tasks/1')
            .replace('/journeys/:id', '/journeys/j')
            .replace('/instances/:id', '/instances/1')
            .replace('/segments/:id', '/segments/s')
            .replace('/surveys/:id', '/surveys/s')
            .replace('/invitations/:id', '/invitations/i')
            .replace('/imports/:id', '/imports/f')
            .replace('/inbox/:id/:id', '/inbox/1/seen')
            .replace('/facts/:id', '/facts/f1')
            .replace('/taste/:id', '/taste/i1'),
        ) &&
        !/tracking|health|\/v1\/(identify|page|screen|group|alias|batch|projects|keys|backup|tail|session)|beacon|sourceConfig/.test(
          route,
        ),
    )
    expect(missing).toEqual([])
  })
})
