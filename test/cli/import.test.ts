/** Imports as a user runs them: what is wrong is said, twice is once, and an end in the midst costs nothing. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { habitue, startCommand } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-import-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const place = (name: string) => ({ databaseUrl: null, dataFile: join(folder, `${name}.db`) })
const file = (name: string, text: string) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** All rows of memory and of the events, as one text, with internal numbers replaced by what they stand for. */
function contents(name: string): string {
  const database = new DatabaseSync(place(name).dataFile, { readOnly: true })
  const all = (table: string) => database.prepare(`select * from ${table}`).all() as Record<string, unknown>[]
  const items = new Map(all('items').map(({ id, item }) => [id, item]))
  const identifiers = new Map(all('identifiers').map(({ id, kind, value }) => [id, `${kind}:${value}`]))
  const plain = (row: Record<string, unknown>) => {
    // In which order batches came to be stored is chance, and so are numbers given in that order.
    const { seq: _seq, received: _received, parts: _parts, ...result } = row
    if (row.item !== undefined) result.item = items.get(row.item)
    if (row.identifier) result.identifier = identifiers.get(row.identifier)
    if (typeof row.body === 'string') {
      const { items: _items, ...body } = JSON.parse(row.body) as Record<string, unknown>
      result.body = body
    }
    return JSON.stringify(result)
  }
  const tables = ['events', 'interactions', 'orders', 'order_lines', 'item_days', 'traits']
  const text = tables.map((table) => `${table}\n${all(table).map(plain).sort().join('\n')}`).join('\n')
  database.close()
  return text
}

const good = Array.from({ length: 30 }, (_, n) => `u${n % 7},i${n % 11},${1 + (n % 5)},${1_500_000_000 + n}`)

it('reports each bad line with its number and reason, takes the rest, and takes it once', async () => {
  const lines = ['user,item,rating,time', ...good]
  lines[4] = 'u1,,4,1500000000'
  lines[9] = 'u1,i2,excellent,1500000000'
  lines[14] = 'null,i3,4,1500000000'
  lines[19] = 'u1,i4,4,yesterday'
  const path = file('ratings.csv', `${lines.join('\n')}\n`)
  const dry = await habitue(place('bad'), ['import', 'interactions', path, '--dry-run'])
  expect(dry).toMatchObject({ code: 0 })
  expect(dry.stdout).toMatch(/^rating +value +certain/m)
  expect(dry.stdout).toContain('Nothing was imported')

  const first = await habitue(place('bad'), ['--json', 'import', 'interactions', path])
  expect(first).toMatchObject({ code: 0, json: { refused: 4 } })
  const reported = first.json.bad as { line: number; code: string; message: string }[]
  expect(reported.map(({ line }) => line)).toEqual([5, 10, 15, 20])
  for (const { line, code, message } of reported)
    expect([line, code, message.length > 10]).toEqual([line, expect.any(String), true])
  expect(reported[2].code).toBe('invalid_identifier')
  const stored = contents('bad')
  expect(stored.match(/"type":"track"/g)).toHaveLength(26)
  const second = await habitue(place('bad'), ['--json', 'import', 'interactions', path])
  expect(second).toMatchObject({ code: 0, json: { already: true } })
  const again = await habitue(place('bad'), ['import', 'interactions', path, '--again'])
  expect(again.stdout).toContain('line 15  invalid_identifier')
  expect(contents('bad')).toBe(stored)
})

it('names the column that is missing, and the file that cannot be read, before anything is sent', async () => {
  const columns = file('columns.csv', 'one,two\n1,2\n3,4\n')
  const cases = [
    ['interactions', columns, 'missing_column'],
    ['orders', file('empty.csv', ''), 'invalid_file'],
    ['items', join(folder, 'nowhere.csv'), 'invalid_file'],
  ] as const
  const ends = await Promise.all(
    cases.map(([kind, path, code]) => habitue(place(`refused-${code}-${kind}`), ['--json', 'import', kind, path])),
  )
  for (const [i, end] of ends.entries()) expect(end).toMatchObject({ code: 1, json: { error: { code: cases[i][2] } } })
})

it('refused events of an archive are named by their lines', async () => {
  const message = (n: number, userId: string) =>
    JSON.stringify({
      type: 'track',
      event: 'Product Viewed',
      messageId: `own-${n}`,
      userId,
      timestamp: '2025-01-01T00:00:00Z',
      properties: { product_id: 'i1' },
    })
  const path = file('events.jsonl', [message(1, 'u1'), message(2, 'null'), '{"type":', message(4, 'u2')].join('\n'))
  const end = await habitue(place('archive'), ['--json', 'import', 'events', path])
  expect(end.json.bad).toEqual([
    { line: 2, code: 'invalid_identifier', message: expect.any(String) },
    { line: 3, code: 'invalid_line', message: expect.any(String) },
  ])
})

/** Invoices of four lines, some scattered, some returned, a fifth of them without a customer. */
function manyOrders(): string {
  const lines = ['invoice,item,title,quantity,time,price,customer,country']
  for (let n = 0; n < 24_000; n++) {
    const invoice = n % 40 === 39 ? `C${n >> 2}` : `${n >> 2}`
    const customer = (n >> 2) % 5 === 0 ? '' : `c${(n >> 2) % 500}`
    const time = new Date(Date.UTC(2025, 0, 1) + (n >> 2) * 600_000).toISOString()
    const item = `i${(n * 7919) % 900}`
    lines.push(
      `${invoice},${item},Thing ${item},${invoice.startsWith('C') ? -1 : 1 + (n % 3)},${time},2.50,${customer},UK`,
    )
  }
  return `${lines.join('\n')}\n`
}

it('cut off by Ctrl-C and by kill -9 and gone on with, it is the same as in one go', async () => {
  const path = file('orders.csv', manyOrders())
  const whole = await habitue(place('whole'), ['--json', 'import', 'orders', path])
  expect(whole).toMatchObject({ code: 0, json: { refused: 0 } })

  const cut = async (signal: NodeJS.Signals, wait: number) => {
    const command = startCommand(place('cut'), ['import', 'orders', path])
    await command.warning('%')
    await setTimeout(wait)
    command.process.kill(signal)
    return command.ended
  }
  const killed = await cut('SIGKILL', 100)
  const stopped = await cut('SIGINT', 0)
  const last = await habitue(place('cut'), ['import', 'orders', path])
  expect(last).toMatchObject({ code: 0 })
  expect(killed.code).toBe(null)
  // The rest of the file may be through before Ctrl-C is heard.
  const stoppedAt = stopped.stderr.includes('Stopped by Ctrl-C')
  if (stoppedAt) expect(stopped.code).toBe(130)
  expect(last.stdout).toContain(stoppedAt ? 'going on after line' : 'was imported before')
  expect(contents('cut')).toBe(contents('whole'))
  expect((await habitue(place('cut'), ['--json', 'rebuild'])).json.changed).toEqual([])
}, 180_000)

it('imports consents with proof, and a history on a basis that is stated; without one nothing personal is taken', async () => {
  const strict = { HABITUE_LEGAL_BASIS: '', HABITUE_POLICY: 'eu-strict' }
  const at = place('consents')
  const history = file('views.csv', 'user,item,time\nu1,i1,2024-05-01\nu2,i1,2024-05-01\n')
  const refused = await habitue(at, ['--json', 'import', 'interactions', history, '--as', 'view'], strict)
  expect(refused.json).toMatchObject({ refused: 2, bad: [{ code: 'consent_refused' }, { code: 'consent_refused' }] })

  const consents = file(
    'consents.csv',
    'user,status,time,purposes,proof\nu2,denied,2024-01-01,personalisation,form 2\n',
  )
  expect((await habitue(at, ['--json', 'import', 'consents', consents], strict)).json).toMatchObject({
    refused: 0,
    sent: 1,
  })
  const stated = [
    '--basis',
    'consent',
    '--source',
    'the shop’s old system',
    '--wording',
    'v1',
    '--again',
    '--as',
    'view',
  ]
  const taken = await habitue(at, ['--json', 'import', 'interactions', history, ...stated], strict)
  // Who refused before is not brought back by what a file states.
  expect(taken.json).toMatchObject({ refused: 1, bad: [{ line: 3, code: 'consent_refused' }] })
}, 60_000)
