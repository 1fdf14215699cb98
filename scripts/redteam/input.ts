/** Attacks by what is sent. */
import { gzipSync } from 'node:zlib'
import { routes } from './access.ts'
import { type Attack, send, type Target } from './target.ts'

/** Every route that takes a body, with a key that may. */
async function bodies(target: Target): Promise<{ method: string; path: string }[]> {
  const all = await routes(target)
  return all.filter(({ method, path }) => /POST|PUT|PATCH/.test(method) && !/rebuild|training|backup|erase/.test(path))
}

const pollution: Attack = {
  name: 'prototype pollution',
  async run(target) {
    const found: string[] = []
    const payloads = [
      '{"__proto__":{"polluted":"yes","isAdmin":true}}',
      '{"constructor":{"prototype":{"polluted":"yes"}}}',
      '{"batch":[{"type":"identify","userId":"p","traits":{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}}}]}',
      '{"type":"track","event":"x","userId":"p","properties":{"__proto__":{"polluted":"yes"}}}',
    ]
    for (const { method, path } of await bodies(target)) {
      for (const raw of payloads) {
        const { status } = await send(target, method, path, { key: target.keys.admin, raw })
        if (status >= 500) found.push(`${method} ${path} answers ${status} to ${raw.slice(0, 40)}`)
      }
    }
    const after = await send(target, 'GET', '/v1/customers/known', { key: target.keys.server })
    if (after.text.includes('polluted')) found.push('an answer about somebody else has the polluted property')
    if ((await send(target, 'GET', '/v1/keys')).status !== 401) found.push('keys are no longer asked for')
    return found
  },
}

const bombs: Attack = {
  name: 'nesting bombs, long numbers, compressed bombs',
  async run(target) {
    const found: string[] = []
    const deep = '['.repeat(200_000)
    const objects = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`
    const number = `{"n":${'9'.repeat(200_000)}}`
    for (const { method, path } of await bodies(target)) {
      for (const raw of [deep, objects, number]) {
        const { status } = await send(target, method, path, { key: target.keys.admin, raw })
        if (status >= 500) found.push(`${method} ${path} answers ${status} to a bomb of ${raw.length} characters`)
      }
    }
    const zeros = new Uint8Array(gzipSync(Buffer.alloc(200 * 1024 * 1024)))
    for (const path of ['/v1/batch', '/v1/items', '/v1/recommendations']) {
      const { status } = await send(target, 'POST', path, { key: target.keys.admin, raw: zeros })
      if (status < 400 || status >= 500)
        found.push(`${path} answers ${status} to 200 MiB of zeros in ${zeros.length} bytes`)
    }
    const long = await send(target, 'GET', `/v1/customers/${'a'.repeat(8000)}`, { key: target.keys.server })
    if (long.status >= 500) found.push(`a long address answers ${long.status}`)
    if ((await send(target, 'GET', '/health/ready')).status !== 200)
      found.push('the server is not ready after the bombs')
    return found
  },
}

const injections = [
  `' or '1'='1`,
  `'; drop table events; --`,
  `known' --`,
  `" or ""="`,
  `known') or 1=1 --`,
  `\\'; select pg_sleep(5); --`,
  `1) union select hash from keys --`,
  `%`,
  `_____`,
  `known*`,
]

const sql: Attack = {
  name: 'SQL through filters, names and cursors',
  async run(target) {
    const found: string[] = []
    const key = target.keys.admin
    for (const text of injections) {
      const word = encodeURIComponent(text)
      const asks = [
        `/v1/customers?name=${word}`,
        `/v1/customers?identifier=${word}`,
        `/v1/customers?order=${word}`,
        `/v1/customers/${word}`,
        `/v1/customers/known?kind=${word}`,
        `/v1/customers/known/timeline?before=${word}`,
        `/v1/items?after=${word}`,
        `/v1/items/${word}`,
        `/v1/audit?actor=${word}&action=${word}`,
        `/v1/audit?customer=${word}`,
        `/v1/erasures/${word}`,
        `/v1/rules/${word}`,
        `/v1/imports/${word}`,
      ]
      for (const path of asks) {
        const { status, json, text: body } = await send(target, 'GET', path, { key })
        const [path0] = path.split('?')
        if (status >= 500) found.push(`GET ${path0} answers ${status} to ${text}`)
        const isOpen = /customers\?/.test(path)
          ? (json?.customers?.length ?? 0) > 0
          : /audit\?/.test(path) && json?.entries?.length > 0
        if (isOpen || /[0-9a-f]{64}/.test(body.replaceAll(/"hash":"[0-9a-f]{64}"/g, '')))
          found.push(`GET ${path0} gives rows for ${text}`)
      }
      const event = {
        type: 'track',
        event: text,
        userId: `sql ${text}`,
        messageId: text.slice(0, 90),
        properties: { product_id: text, order_id: text },
      }
      const { status } = await send(target, 'POST', '/v1/batch', { key, body: { batch: [event] } })
      if (status >= 500) found.push(`an event that says ${text} answers ${status}`)
    }
    if ((await send(target, 'GET', '/v1/customers/known', { key })).status !== 200) found.push('the customer is gone')
    return found
  },
}

const cards: Attack = {
  name: 'card numbers',
  async run(target) {
    const found: string[] = []
    const key = target.keys.server
    const numbers = ['4111111111111111', '5555 5555 5555 4444', '3782-822463-10005', 4111111111111111]
    for (const [i, number] of numbers.entries()) {
      const event = (properties: object) => ({
        type: 'track',
        event: 'Payment',
        userId: 'card',
        messageId: `card-${i}`,
        properties,
      })
      for (const properties of [{ card: number }, { deep: { list: [{ note: `paid with ${number}` }] } }]) {
        const body = { batch: [event(properties)] }
        await send(target, 'POST', '/v1/batch', { key, body })
        const { json } = await send(target, 'POST', '/v1/import', { key, body })
        if (json?.refused?.[0]?.code !== 'card_number')
          found.push(`the card number ${String(number).slice(0, 6)}... was taken`)
      }
    }
    const stored = await send(target, 'GET', '/v1/customers/card/export', { key })
    if (/4111|5555 5555|3782-8224/.test(stored.text)) found.push('a card number is stored')
    if (/4111 ?1111|5555 5555|3782-8224/.test(target.logged())) found.push('a card number is in the log')
    return found
  },
}

const malformed: Attack = {
  name: 'malformed requests',
  async run(target) {
    const found: string[] = []
    const key = target.keys.admin
    const raws = [
      '',
      'null',
      '0',
      '"text"',
      '{',
      '{"a":1e999}',
      '{"a":"\\ud800"}',
      '{"a":"\\u0000"}',
      '\u0000',
      '[[[]]]',
    ]
    for (const { method, path } of await bodies(target))
      for (const raw of raws) {
        const { status } = await send(target, method, path, { key, raw })
        if (status >= 500) found.push(`${method} ${path} answers ${status} to ${JSON.stringify(raw)}`)
      }
    for (const path of [
      '/v1/items/%00',
      '/v1/items/%ff%fe',
      '/v1/../../etc/passwd',
      '/docs/static/..%2f..%2fpackage.json',
      '/%2e%2e/%2e%2e/etc/passwd',
    ]) {
      const { status, text } = await send(target, 'GET', path, { key })
      if (status >= 500) found.push(`GET ${path} answers ${status}`)
      if (/root:|"devDependencies"/.test(text)) found.push(`GET ${path} gives a file`)
    }
    return found
  },
}

export const inputAttacks: readonly Attack[] = [pollution, bombs, sql, cards, malformed]
