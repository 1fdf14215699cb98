/** Attacks by what is answered: pages, files, logs. */
import { type Attack, send } from './target.ts'

const scripts = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'><svg/onload=alert(1)>",
  '</style><script>alert(1)</script>',
  'javascript:alert(1)',
  '<!--<script>',
]

const stored: Attack = {
  name: 'scripts stored in titles, names and words of customers',
  async run(target) {
    const found: string[] = []
    const key = target.keys.admin
    for (const [i, text] of scripts.entries()) {
      await send(target, 'POST', '/v1/items', {
        key,
        body: [{ id: `xss-${i}`, title: text, categories: [text], price: 1 }],
      })
      const events = [
        { type: 'identify', userId: 'xss', messageId: `xi-${i}`, traits: { name: text, [text]: text } },
        {
          type: 'track',
          event: text,
          userId: 'xss',
          messageId: `xt-${i}`,
          properties: { product_id: `xss-${i}`, note: text },
        },
        {
          type: 'track',
          event: 'Product Viewed',
          userId: 'xss',
          messageId: `xv-${i}`,
          properties: { product_id: `xss-${i}` },
        },
        {
          type: 'track',
          event: 'Order Completed',
          userId: 'xss',
          messageId: `xo-${i}`,
          properties: { order_id: text, products: [{ product_id: `xss-${i}`, recipient: text }] },
        },
      ]
      await send(target, 'POST', '/v1/batch', { key, body: { batch: events } })
    }
    const page = await send(target, 'GET', '/v1/customers/xss/export?format=html', { key })
    if (page.status !== 200) found.push(`the page answers ${page.status}`)
    if (!page.text.includes('&lt;script&gt;'))
      found.push('the page does not show what was told (the attack did not arrive)')
    if (/<(script|img|svg|iframe|object)/i.test(page.text)) found.push('an element that a customer told is in the page')
    if (/<[^>]*\son\w+=/i.test(page.text)) found.push('an attribute that a customer told is in the page')
    return found
  },
}

const framing: Attack = {
  name: 'framing, sniffing, caching of pages',
  async run(target) {
    const found: string[] = []
    const page = await send(target, 'GET', '/v1/customers/known/export?format=html', { key: target.keys.server })
    const wanted: Record<string, RegExp> = {
      'content-security-policy': /default-src 'none'.*frame-ancestors 'none'/,
      'x-frame-options': /^DENY$/,
      'x-content-type-options': /^nosniff$/,
      'referrer-policy': /no-referrer/,
      'cache-control': /no-store/,
    }
    for (const [name, pattern] of Object.entries(wanted))
      if (!pattern.test(page.headers.get(name) ?? ''))
        found.push(`the export page has ${name}: ${page.headers.get(name)}`)
    const docs = await send(target, 'GET', '/docs/static/index.html')
    if (!/frame-ancestors/.test(docs.headers.get('content-security-policy') ?? '')) found.push('/docs may be framed')
    const json = await send(target, 'GET', '/v1/customers/known/export', { key: target.keys.server })
    if (!/no-store/.test(json.headers.get('cache-control') ?? '')) found.push('an export may be kept by a cache')
    if (!/nosniff/.test(json.headers.get('x-content-type-options') ?? '')) found.push('an export may be sniffed')
    return found
  },
}

const formulas: Attack = {
  name: 'formulas in CSV',
  async run(target) {
    const found: string[] = []
    const password = 'correct horse battery staple'
    const names = ['=1+1', '+cmd', '-2+3', '@SUM(A1)', '\t=1+1', '=HYPERLINK("http://evil.example";"x")', '＝1+1']
    for (const [i, name] of names.entries()) {
      const email = `csv${i}@shop.example`
      await send(target, 'POST', '/v1/people', {
        key: target.keys.admin,
        body: { name, email, role: 'auditor', password },
      })
      await send(target, 'POST', '/v1/session', { body: { email, password } })
    }
    const { text } = await send(target, 'GET', '/v1/audit?format=csv&limit=10000', { key: target.keys.admin })
    if (!text.includes('HYPERLINK')) found.push('(the names did not arrive in the audit log)')
    for (const cell of text.split(/[,\r\n]/))
      if (/^"?[\t ]*[=+@＝-](?!\d+$)/.test(cell)) found.push(`a cell begins with ${cell.slice(0, 12)}`)
    return found
  },
}

const leaks: Attack = {
  name: 'keys and people in errors and logs',
  async run(target) {
    const found: string[] = []
    const email = 'leak.test@example.org'
    const wrong = `hbs_0123456789ab_${'Z'.repeat(43)}`
    const refused = await send(target, 'GET', `/v1/customers/${email}?writeKey=${wrong}`)
    const fault = await send(target, 'GET', `/v1/customers/${email}/timeline?before=x`, { key: target.keys.server })
    for (const { text } of [refused, fault]) if (text.includes(wrong)) found.push('an error repeats the key')
    await send(target, 'POST', '/v1/batch', { key: target.keys.server, raw: `{"batch":[{"userId":"${email}",}]}` })
    const log = target.logged()
    for (const secret of [email, wrong, target.keys.server, target.keys.admin])
      if (log.includes(secret)) found.push('the log holds a key or an address')
    const headers = await send(target, 'GET', '/health/live', { headers: { 'x-request-id': 'a"b' } })
    if (headers.headers.get('x-request-id') === 'a"b') found.push('any text comes back as a request id')
    if (headers.headers.get('x-powered-by') ?? headers.headers.get('server'))
      found.push('the answer says what software it is')
    return found
  },
}

export const outputAttacks: readonly Attack[] = [stored, framing, formulas, leaks]
