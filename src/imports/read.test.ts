import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { parseEvents } from '../events/door.ts'
import { simulatedWorld } from '../world.ts'
import type { ImportKind } from './mapping.ts'
import { lineOfMessage, type TrackingMessage } from './messages.ts'
import { describeImport, type ImportBatch, type ImportOptions, readImport } from './read.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-imports-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const world = simulatedWorld(1)
const written = Date.UTC(2024, 5, 1) / 1000
let files = 0

function fileOf(content: string | Uint8Array): string {
  const file = join(folder, `${files++}.csv`)
  writeFileSync(file, content)
  utimesSync(file, written, written)
  return file
}

type Options = Partial<ImportOptions>

async function batchesOf(kind: ImportKind, file: string, options: Options = {}): Promise<ImportBatch[]> {
  const batches: ImportBatch[] = []
  for await (const batch of readImport(kind, file, { now: world.now(), ...options })) batches.push(batch)
  return batches
}

async function read(kind: ImportKind, content: string | Uint8Array, options: Options = {}) {
  const batches = await batchesOf(kind, fileOf(content), options)
  const skipped: Record<string, number> = {}
  for (const batch of batches) {
    for (const [reason, count] of Object.entries(batch.skipped)) skipped[reason] = (skipped[reason] ?? 0) + count
  }
  return {
    messages: batches.flatMap(({ messages }) => messages),
    items: batches.flatMap(({ items }) => items),
    bad: batches.flatMap(({ bad }) => bad.map(({ line, message }) => [line, message] as const)),
    skipped,
  }
}

/** Who did what, without ids and times. */
const gist = ({ userId, anonymousId, event, properties }: TrackingMessage) => [userId ?? anonymousId, event, properties]

const productsOf = (properties: TrackingMessage['properties']) =>
  (properties as { products: { product_id: string }[] }).products

describe('interactions', () => {
  it('with values that look like stars are ratings, with the time of the line', async () => {
    const { messages, bad } = await read(
      'interactions',
      'user,item,value,time\n1,1193,5,978300760\n2,661,3,978302109\n',
    )
    expect(bad).toEqual([])
    expect(messages.map(gist)).toEqual([
      ['1', 'Product Rated', { product_id: '1193', rating: 5 }],
      ['2', 'Product Rated', { product_id: '661', rating: 3 }],
    ])
    expect(messages.map(({ timestamp }) => timestamp)).toEqual([978300760000, 978302109000])
  })

  it('of another scale become stars from 1 to 5', async () => {
    const { messages, bad } = await read(
      'interactions',
      'user,item,rating\n1,a,1\n1,b,10\n1,c,5.5\n1,d,11\n'.replace(',11', ',9'),
    )
    expect(bad).toEqual([])
    expect(messages.map(({ properties }) => properties?.rating)).toEqual([1, 5, 3, 4.56])
  })

  it('are views or purchases where that is said', async () => {
    const content = 'user,item,value\n1,a,2\n'
    expect((await read('interactions', content, { as: 'view' })).messages.map(gist)).toEqual([
      ['1', 'Product Viewed', { product_id: 'a' }],
    ])
    expect((await read('interactions', content, { as: 'buy' })).messages.map(gist)).toEqual([
      ['1', 'Order Completed', { products: [{ product_id: 'a', quantity: 2 }] }],
    ])
  })

  it('are what a column of events says', async () => {
    const { messages, bad, skipped } = await read(
      'interactions',
      'timestamp,visitorid,event,itemid,transactionid\n1433221332117,257597,view,355908,\n1433224214164,992329,addtocart,248676,\n1433222276276,599528,transaction,356475,4000\n1433222276276,599528,dance,356475,\n1433222276276,599528,remove_from_cart,356475,\n',
    )
    expect(messages.map(gist)).toEqual([
      ['257597', 'Product Viewed', { product_id: '355908' }],
      ['992329', 'Product Added', { product_id: '248676' }],
      ['599528', 'Order Completed', { products: [{ product_id: '356475' }], order_id: '4000' }],
    ])
    expect(bad).toEqual([[5, expect.stringContaining('"dance"')]])
    expect(skipped).toEqual({ 'event of no interest': 1 })
  })

  it('marked 0 did not happen; sessions are anonymous; further columns stay with the event where asked', async () => {
    const { messages, skipped } = await read('interactions', 'label,session,item,weather\n0,1,a,rain\n1,2,b,sun\n', {
      map: { weather: 'properties.weather' },
    })
    expect(messages).toMatchObject([{ anonymousId: '2', properties: { product_id: 'b', weather: 'sun' } }])
    expect(skipped).toEqual({ 'value of 0: it did not happen': 1 })
  })

  it('without a time keep each customer’s order, on the day before the file was written', async () => {
    const { messages } = await read('interactions', 'user,item\n1,a\n2,b\n1,c\n1,a\n')
    const start = (written - 86_400) * 1000
    expect(messages.map(({ timestamp }) => timestamp)).toEqual([start, start, start + 1000, start + 2000])
  })

  it('in baskets are orders, numbered for each customer where the numbers count anew', async () => {
    const { messages } = await read('interactions', 'user,basket,item\n1,0,a\n1,0,b\n1,1,a\n2,0,a\n2,1,c\n')
    expect(
      messages.map(({ userId, properties }) => [userId, properties?.order_id, productsOf(properties).length]),
    ).toEqual([
      ['1', '1/0', 2],
      ['1', '1/1', 1],
      ['2', '2/0', 1],
      ['2', '2/1', 1],
    ])
  })

  it('report each bad line with its number and reason, and import the rest', async () => {
    const { messages, bad } = await read(
      'interactions',
      [
        'user,item,value,time',
        '1,a,5,978300760',
        ',a,5,978300760',
        '1,,5,978300760',
        '1,a,NaN,978300760',
        '1,a,-1,978300760',
        '1,a,5,yesterday',
        '1,a,5',
        '1,a,5,978300760,more',
        `${'x'.repeat(10_000)},a,5,978300760`,
        '1,"a,5,978300760',
        '2,b,4,978300761',
        '2,b,4,978300761',
      ].join('\n'),
    )
    expect(messages).toHaveLength(3)
    expect(bad.map(([line]) => line)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(bad.map(([, message]) => message)).toEqual([
      'Line 3: the user is empty.',
      'Line 4: the item is empty.',
      'Line 5: the value is "NaN"; expected a number.',
      'Line 6: the rating is -1; expected 0 to 5.',
      'Line 7: the time is "yesterday"; expected one like the others of its column.',
      'Line 8 has 3 columns; expected 4, as the header has.',
      'Line 9 has 5 columns; expected 4, as the header has.',
      'Line 10: the user is 10000 characters long; expected at most 512.',
      'Line 11 has a quote that is not closed.',
    ])
    const [, first, second] = messages
    expect(first.messageId).not.toBe(second.messageId)
  })
})

describe('orders', () => {
  const header = 'invoice,item,title,quantity,time,price,customer,country\n'

  it('are grouped from their lines, with totals; returns are events of their own', async () => {
    const { messages, bad } = await read(
      'orders',
      `${header}536365,85123A,"HEART, WHITE",6,2010-12-01T08:26:00Z,2.55,17850,United Kingdom
536365,71053,LANTERN,2,2010-12-01T08:27:00Z,3.39,17850,United Kingdom
C536379,85123A,"HEART, WHITE",-1,2010-12-02T09:41:00Z,2.55,17850,United Kingdom
536366,22633,WARMER,1,2010-12-03T08:28:00Z,1.85,,France
`,
    )
    expect(bad).toEqual([])
    expect(messages).toEqual([
      {
        type: 'track',
        messageId: expect.stringMatching(/^[0-9a-f]{16}:000000002$/),
        userId: '17850',
        timestamp: Date.UTC(2010, 11, 1, 8, 26),
        event: 'Order Completed',
        properties: {
          order_id: '536365',
          total: 22.08,
          country: 'United Kingdom',
          products: [
            { product_id: '85123A', name: 'HEART, WHITE', quantity: 6, price: 2.55 },
            { product_id: '71053', name: 'LANTERN', quantity: 2, price: 3.39 },
          ],
        },
      },
      expect.objectContaining({
        event: 'Product Returned',
        userId: '17850',
        properties: {
          return_id: 'C536379',
          product_id: '85123A',
          name: 'HEART, WHITE',
          quantity: 1,
          price: 2.55,
          country: 'United Kingdom',
        },
      }),
      {
        type: 'track',
        messageId: expect.any(String),
        timestamp: Date.UTC(2010, 11, 3, 8, 28),
        event: 'Order Completed',
        properties: expect.objectContaining({ order_id: '536366', total: 1.85 }),
      },
    ])
  })

  it('whose lines stand apart are one order, sent at the last of them', async () => {
    const { messages } = await read(
      'orders',
      'order,item,customer\nA,a,1\nA,b,1\nB,a,2\nA,c,1\nC,a,3\nB,d,2\n'.replaceAll('\n', '\r\n'),
    )
    expect(
      messages.map(({ properties }) => [properties?.order_id, productsOf(properties).map((p) => p.product_id)]),
    ).toEqual([
      ['A', ['a', 'b', 'c']],
      ['C', ['a']],
      ['B', ['a', 'd']],
    ])
  })

  it('a line of another customer within an order is contradictory: reported, and the order kept', async () => {
    const { messages, bad } = await read('orders', 'order,item,customer\nA,a,1\nA,b,2\nB,c,3\n')
    expect(bad).toEqual([[3, 'Line 3: the customer is "2"; the order A is "1"’s by line 2.']])
    expect(messages).toHaveLength(2)
  })

  it('postage, fees and stock adjustments are no goods, are counted, and can be kept', async () => {
    const lines = `${header}1,POST,POSTAGE,1,2010-12-01,18,7,France
1,a,LAMP,2,2010-12-01,10,7,France
1,M,Manual,1,2010-12-01,3,7,France
2,POST,,1,2010-12-01,18,8,France
3,b,damaged,-20,2010-12-01,0,,France
`
    const { messages, skipped } = await read('orders', lines)
    expect(messages.map(gist)).toEqual([
      [
        '7',
        'Order Completed',
        {
          order_id: '1',
          total: 38,
          shipping: 18,
          country: 'France',
          products: [{ product_id: 'a', name: 'LAMP', quantity: 2, price: 10 }],
        },
      ],
    ])
    expect(skipped).toEqual({
      'charge: POSTAGE': 1,
      'charge: Manual': 1,
      'charge: POST': 1,
      'stock adjustment: no customer and no price': 1,
    })
    const kept = await read('orders', lines, { charges: 'keep' })
    expect(kept.messages.map(({ properties }) => productsOf(properties).length)).toEqual([3, 1])
  })

  it('without numbers: lines of one customer and time are one purchase; amounts alone are orders too', async () => {
    const purchases = await read(
      'orders',
      'customer,time,quantity,amount\n00004,1997-01-01,2,29.33\n00004,1997-01-01,2,29.33\n',
    )
    expect(purchases.messages.map(gist)).toEqual([
      ['00004', 'Order Completed', { total: 29.33, products: [] }],
      ['00004', 'Order Completed', { total: 29.33, products: [] }],
    ])
    const lines = await read(
      'orders',
      'customer,time,item\n1,2020-01-01,a\n1,2020-01-01,b\n1,2020-01-02,a\n,2020-01-02,a\n',
    )
    expect(lines.messages.map(({ properties }) => productsOf(properties).length)).toEqual([2, 1, 1])
  })

  it('report impossible amounts, and take currencies, decimal commas and e-mail addresses', async () => {
    const { messages, bad } = await read(
      'orders',
      'order;item;quantity;price;email\n1;a;1;12,50;ann@example.com\n2;a;0;1,00;\n3;a;1;-5,00;x@example.com\n4;a;one;5,00;x@example.com\n',
      { currency: 'EUR' },
    )
    expect(messages).toMatchObject([
      { context: { traits: { email: 'ann@example.com' } }, properties: { total: 12.5, currency: 'EUR' } },
    ])
    expect(bad.map(([line]) => line)).toEqual([3, 4, 5])
  })
})

describe('users and events', () => {
  it('users’ columns become traits, numbers where they are numbers, codes as texts', async () => {
    const { messages, bad } = await read(
      'users',
      'user,gender,age,zip,vip\n1,F,24,01234,true\n2,,33,,false\n,M,1,2,true\n',
    )
    expect(messages).toMatchObject([
      {
        type: 'identify',
        userId: '1',
        timestamp: written * 1000,
        traits: { gender: 'F', age: 24, zip: '01234', vip: true },
      },
      { userId: '2', traits: { age: 33, vip: false } },
    ])
    expect(bad).toEqual([[4, 'Line 4: the user is empty.']])
  })

  it('archived events keep their id and the time that was corrected on arrival', async () => {
    const archived = {
      type: 'track',
      event: 'Product Viewed',
      messageId: 'm1',
      userId: '1',
      timestamp: '2024-01-01T10:00:00.000Z',
      originalTimestamp: '2024-01-01T11:00:00.000Z',
      sentAt: '2024-01-01T11:00:05.000Z',
      receivedAt: '2024-01-01T10:00:05.000Z',
      properties: { product_id: 'a' },
    }
    const { timestamp: _, ...uncorrected } = archived
    const lines = [archived, { ...uncorrected, messageId: '' }, { type: 'dance' }, 7].map((line) =>
      JSON.stringify(line),
    )
    const { messages, bad } = await read('events', [...lines, '{"type":', ''].join('\n'))
    expect(messages).toMatchObject([
      { messageId: 'm1', timestamp: '2024-01-01T10:00:00.000Z' },
      { messageId: expect.stringMatching(/:000000002$/), timestamp: Date.UTC(2024, 0, 1, 10) },
    ])
    expect(messages[0]).not.toHaveProperty('sentAt')
    expect(bad.map(([line]) => line)).toEqual([3, 4, 5])
  })

  it('every message that an import makes passes the door of the tracking API', async () => {
    const all = [
      await read('interactions', 'user,item,value,time\n1,1193,5,978300760\n2,661,3,978302109\n'),
      await read('orders', 'order,item,quantity,customer\nA,a,1,1\nB,b,1,\nB,c,-1,\n'),
      await read('users', 'email,age\nann@example.com,30\n'),
    ].flatMap(({ messages }) => messages)
    const { events, refused } = parseEvents(all, {
      received: Date.UTC(2025, 0, 1),
      world,
      currency: 'EUR',
      historical: true,
    })
    expect(refused).toEqual([])
    expect(events).toHaveLength(all.length)
  })
})

describe('a file', () => {
  const plain = 'user,item\n1,café\n2,"b, c"\n'
  const users = (messages: readonly TrackingMessage[]) =>
    messages.map(({ userId, properties }) => [userId, properties?.product_id])

  it.each<[string, string | Uint8Array, Options]>([
    ['with a byte order mark', `\ufeff${plain}`, {}],
    ['with CRLF', plain.replaceAll('\n', '\r\n'), {}],
    ['without an end of line', plain.trimEnd(), {}],
    ['in gzip, whatever it is called', gzipSync(plain), {}],
    ['in UTF-16', Buffer.from(`\ufeff${plain}`, 'utf16le'), {}],
    ['in another encoding, where that is said', Buffer.from(plain, 'latin1'), { encoding: 'windows-1252' }],
    ['with semicolons', plain.replaceAll(',', ';').replace('b; c', 'b, c'), {}],
    ['with tabs', 'user\titem\n1\tcafé\n2\tb, c\n', {}],
  ])('%s is read', async (_, content, options) => {
    const { messages, bad } = await read('interactions', content, options)
    expect(bad).toEqual([])
    expect(users(messages)).toEqual([
      ['1', 'café'],
      ['2', 'b, c'],
    ])
  })

  it('with bytes that are no UTF-8 loses those lines only', async () => {
    const { messages, bad } = await read('interactions', Buffer.from('user,item\n1,caf\xe9\n2,tea\n', 'latin1'))
    expect(users(messages)).toEqual([['2', 'tea']])
    expect(bad).toEqual([[2, 'Line 2 has bytes that are not valid in its encoding.']])
  })

  it.each<[string, string | Uint8Array, string]>([
    ['empty', '', 'invalid_file'],
    ['white space', ' \n\n', 'invalid_file'],
    ['an empty gzip', gzipSync(''), 'invalid_file'],
    ['a truncated gzip', gzipSync(plain.repeat(100)).subarray(0, 60), 'invalid_file'],
    ['a damaged gzip', Buffer.concat([gzipSync(plain).subarray(0, 12), Buffer.alloc(40, 7)]), 'invalid_file'],
    ['a table without the columns', 'who,what\n1,2\n', 'missing_column'],
  ])('that is %s is refused before anything is given', async (_, content, code) => {
    const given: ImportBatch[] = []
    const reading = async () => {
      for await (const batch of readImport('interactions', fileOf(content), { now: 0 })) given.push(batch)
    }
    await expect(reading()).rejects.toMatchObject({ code })
    expect(given).toEqual([])
  })

  it('that is absent, a folder, or of an unknown encoding is refused with its name', async () => {
    await expect(batchesOf('users', join(folder, 'none.csv'))).rejects.toMatchObject({
      code: 'invalid_file',
      message: expect.stringContaining('there is no such file'),
    })
    await expect(batchesOf('users', folder)).rejects.toMatchObject({ code: 'invalid_file' })
    await expect(batchesOf('users', fileOf('user\n1\n'), { encoding: 'klingon' })).rejects.toMatchObject({
      code: 'invalid_file',
    })
    await expect(batchesOf('events', fileOf('[{}]'))).rejects.toMatchObject({ code: 'invalid_file' })
  })

  it('with nothing but a header gives one last, empty batch', async () => {
    expect(await batchesOf('interactions', fileOf('user,item\n'))).toMatchObject([
      { line: 1, messages: [], bad: [], done: true },
    ])
  })

  it('has ids that depend on its content and lines alone, compressed or not', async () => {
    const ids = async (content: string | Uint8Array) =>
      (await read('interactions', content)).messages.map((m) => m.messageId)
    expect(await ids(gzipSync(plain))).toEqual(await ids(plain))
    expect((await ids(plain)).map(lineOfMessage)).toEqual([2, 3])
    expect(await ids(`${plain}3,d\n`)).not.toContain((await ids(plain))[0])
  })

  it('can be stopped, and tells how far it is', async () => {
    const content = `user,item\n${Array.from({ length: 30_000 }, (_, i) => `${i},item${i}\n`).join('')}`
    const file = fileOf(content)
    const stop = new AbortController()
    const seen: number[] = []
    const reading = async () => {
      for await (const batch of readImport('interactions', file, {
        now: 0,
        signal: stop.signal,
        batch: 100,
        progress: (n) => seen.push(n),
      })) {
        expect(batch.total).toBe(content.length)
        if (batch.line > 500) stop.abort(new Error('enough'))
      }
    }
    await expect(reading()).rejects.toThrow('enough')
    expect(seen.length).toBeGreaterThan(0)
  })
})

describe('whatever a file holds', () => {
  it('gives batches whose lines rise, or a coded refusal', async () => {
    const header = fc.constantFrom(
      'user,item,value,time',
      'order;item;quantity;price;customer',
      'id\ttitle\tlink\tprice',
      '{"id":',
      '<rss><channel><item>',
      '',
    )
    const cell = fc.constantFrom(
      'a',
      '1',
      '-1',
      '"',
      '"x',
      'y"',
      '',
      ',',
      ';',
      '\t',
      '1e999',
      '978300760',
      '&',
      '<g:id>',
      '</item>',
      '\0',
      '😀',
    )
    const text = fc
      .tuple(header, fc.array(cell, { maxLength: 40 }), fc.constantFrom('\n', '\r\n', ','))
      .map(([first, cells, glue]) => Buffer.from(`${first}\n${cells.join(glue)}`))
    const content = fc.oneof(
      { weight: 3, arbitrary: text },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
    )
    const kinds = fc.constantFrom<ImportKind>('interactions', 'orders', 'items', 'users', 'events')
    await fc.assert(
      fc.asyncProperty(kinds, content, async (kind, bytes) => {
        try {
          const batches = await batchesOf(kind, fileOf(bytes), { batch: 3 })
          const lines = batches.map(({ line }) => line)
          expect(lines).toEqual([...lines].sort((a, b) => a - b))
          expect(batches.filter(({ done }) => done)).toHaveLength(1)
          for (const { line } of batches.flatMap(({ bad }) => bad)) expect(line).toBeGreaterThan(0)
        } catch (error) {
          expect(error).toMatchObject({ name: 'HabitueError' })
        }
      }),
      { seed: 29, numRuns: 250 },
    )
  })
})

describe('an import that was cut off', () => {
  it('goes on after any batch with exactly what is missing', async () => {
    const line = fc.record({
      order: fc.constantFrom('A', 'B', 'C', 'D', ''),
      item: fc.constantFrom('a', 'b', ''),
      customer: fc.constantFrom('1', '2', ''),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1, maxLength: 30 }),
        fc.nat(),
        fc.constantFrom<ImportKind>('orders', 'interactions', 'items'),
        async (lines, n, kind) => {
          const names = kind === 'items' ? 'id,title,group' : 'order,item,user'
          const file = fileOf(`${names}\n${lines.map((l) => `${l.order},${l.item},${l.customer}\n`).join('')}`)
          const all = await batchesOf(kind, file, { batch: 2 })
          const at = n % all.length
          const rest = await batchesOf(kind, file, { batch: 2, after: all[at].line })
          const output = (batches: ImportBatch[]) =>
            batches.flatMap(({ messages, items, bad }) => [...messages, ...items, ...bad])
          const missing = output(all.slice(at + 1))
          const again = output(rest)
          if (!all[at].done) expect(again).toEqual(missing)
          const ids = output(all).flatMap((one) => ('messageId' in one ? [one.messageId] : []))
          expect(new Set(ids).size).toBe(ids.length)
        },
      ),
      { seed: 11, numRuns: 60 },
    )
  })
})

describe('a dry run', () => {
  it('shows the mapping, warnings and the first messages, and gives the same mapping to the import', async () => {
    const file = fileOf('who,item,when,colour\n1,a,1/2/2010,red\n1,,3/4/2010,blue\n')
    const plan = await describeImport('interactions', file, { now: 0, map: { who: 'user', when: 'time' } })
    expect(plan.mapping?.columns.map(({ column, field, confidence }) => [column, field, confidence])).toEqual([
      ['who', 'user', 'certain'],
      ['item', 'item', 'certain'],
      ['when', 'time', 'certain'],
      ['colour', null, 'guess'],
    ])
    expect(plan.mapping?.warnings.join(' ')).toMatch(/colour.*day-first/)
    expect(plan.messages).toMatchObject([{ userId: '1', timestamp: Date.UTC(2010, 0, 2) }])
    expect(plan.bad).toMatchObject([{ line: 3 }])
    const told = await read('interactions', 'user,item,when\n1,a,1/2/2010\n', {
      map: { when: 'time' },
      time: 'day-first',
    })
    expect(told.messages[0].timestamp).toBe(Date.UTC(2010, 1, 1))
  })

  it('recognises feeds', async () => {
    const describe = async (content: string) => {
      const { format, merchant, items } = await describeImport('items', fileOf(content), { now: 0 })
      return [format, merchant, items.length]
    }
    expect(await describe('id\ttitle\tlink\timage_link\na\tA\thttps://x\thttps://y\n')).toEqual(['tsv', true, 1])
    expect(await describe('id,title\na,A\nb,B\n')).toEqual(['csv', false, 2])
    expect(await describe('{"id":"a"}\n')).toEqual(['jsonl', false, 1])
    expect(await describe('<rss><channel><item><g:id>a</g:id></item></channel></rss>')).toEqual(['xml', true, 1])
  })
})

const data = join(import.meta.dirname, '../../../shared/data')
describe.skipIf(!existsSync(data))('the public data (skipped where ../shared/data is absent)', () => {
  it('order lines: orders, returns, lines of nobody, two bad lines', async () => {
    const counts: Record<string, number> = {}
    let nobody = 0
    const bad: number[] = []
    for (const { messages, bad: lines } of await batchesOf('orders', join(data, 'online-retail/lines.csv'))) {
      bad.push(...lines.map(({ line }) => line))
      for (const { event = '', userId } of messages) {
        counts[event] = (counts[event] ?? 0) + 1
        if (userId === undefined) nobody++
      }
    }
    expect(bad).toHaveLength(2)
    expect(counts['Order Completed']).toBeGreaterThan(19_000)
    expect(counts['Product Returned']).toBeGreaterThan(8000)
    expect(nobody).toBeGreaterThan(1000)
  })
})

describe('reviews', () => {
  it('become events, with stars of any scale as one to five, and votes that were brought along', async () => {
    const csv =
      'reviewerID,asin,overall,summary,reviewText,helpful,votes,reviewTime,verified\n' +
      'A1,B00,5,Five stars,"Works, and how",3,4,2024-01-02,true\n' +
      'A2,B00,9,,,,,2024-01-03,\n' +
      'A3,B00,7.5,Fine,It does,x,1,2024-01-04,\n' +
      'A4,B00,,,,,,2024-01-05,\n'
    const { messages, bad } = await read('reviews', csv.replace('A1,B00,5', 'A1,B00,10'))
    expect(messages.map(gist)).toEqual([
      [
        'A1',
        'Product Reviewed',
        {
          product_id: 'B00',
          rating: 5,
          review_title: 'Five stars',
          review_body: 'Works, and how',
          helpful_votes: 3,
          votes: 4,
        },
      ],
      ['A2', 'Product Reviewed', { product_id: 'B00', rating: 4.56 }],
    ])
    expect(bad.map(([line]) => line)).toEqual([4, 5])
  })
})
