/** What a customer may ask for, by the commands that a shop runs; and a backup that must not bring back who was erased. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { habitue, startServer } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-rights-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const place = { databaseUrl: null, dataFile: join(folder, 'shop.db') }
const seen = (userId: string, n: number) => ({
  type: 'track',
  messageId: `${userId}-${n}`,
  userId,
  context: { traits: { email: `${userId}@example.org` } },
  event: 'Product Viewed',
  properties: { product_id: 'cup', note: '<script>alert(1)</script>' },
})

it('exports, erases with a receipt, audits, and does not bring back by a restore who was erased', {
  timeout: 180_000,
}, async () => {
  const server = await startServer(place)
  await server.ask('POST', '/v1/batch', { batch: [seen('ann', 1), seen('bob', 1), seen('cid', 1)] })

  const json = await habitue(place, ['export', 'ann'])
  expect(json.code).toBe(0)
  const document = JSON.parse(json.stdout)
  expect(document.names).toContainEqual({ kind: 'user', value: 'ann' })
  expect(document.data.events).toHaveLength(1)
  expect(document.data.interactions[0]).toMatchObject({ item: 'cup', views: 1 })
  const file = join(folder, 'ann.html')
  const german = ['export', 'ann@example.org', '--kind', 'email', '--html', '--lang', 'de', '--out', file]
  expect(await habitue(place, german)).toMatchObject({ code: 0 })
  const page = readFileSync(file, 'utf8')
  expect(page).toContain('Alles, was über Sie gespeichert ist')
  expect(page).toContain('&lt;script&gt;')
  expect(page).not.toContain('<script')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const nobody = await habitue(place, ['export', 'nobody'])
  expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining('not_found')])

  // A backup from before, and one from after two of the erasures.
  const backups = [join(folder, 'before.db'), join(folder, 'after.db')]
  expect((await habitue(place, ['backup', backups[0]])).code).toBe(0)
  expect((await habitue(place, ['erase', 'ann'])).code).toBe(1)
  const erased = await habitue(place, ['--json', 'erase', 'ann', '--yes'])
  expect(erased).toMatchObject({ code: 0, json: { erased: { events: 1, interactions: 1 }, again: false } })
  expect((await habitue(place, ['--json', 'erase', 'cid', '--refuse', '--yes'])).code).toBe(0)
  expect((await habitue(place, ['backup', backups[1]])).code).toBe(0)
  expect((await habitue(place, ['--json', 'erase', 'bob', '--yes'])).code).toBe(0)

  const products = [{ product_id: 'cup', quantity: 1, recipient: 'Aunt Ada' }]
  const present = { ...seen('eve', 1), event: 'Order Completed', properties: { order_id: 'e1', products } }
  await server.ask('POST', '/v1/batch', { batch: [present] })
  const recipient = await habitue(place, ['--json', 'erase', 'eve', '--recipient', 'aunt ada', '--yes'])
  expect(recipient).toMatchObject({ code: 0, json: { erased: { events: 1, order_lines: 1 } } })
  expect((await server.ask('GET', '/v1/customers/eve')).status).toBe(200)

  const audit = await habitue(place, ['--json', 'audit', '--action', 'customers.erase'])
  expect(audit.stdout.trim().split('\n')).toHaveLength(3)
  expect(audit.stdout).not.toMatch(/ann|bob|cid/)
  expect(await habitue(place, ['--json', 'audit', 'verify'])).toMatchObject({ code: 0, json: { broken: null } })

  // While it runs nothing is restored over it.
  expect((await habitue(place, ['--json', 'restore', backups[0]])).json.error.code).toBe('database_locked')
  await server.end('SIGTERM')

  for (const [backup, erasedAgain] of [
    [backups[0], 4],
    [backups[1], 2],
  ] as const) {
    const restored = await habitue(place, ['--json', 'restore', backup])
    expect(restored).toMatchObject({ code: 0, json: { erasedAgain, journal: `${place.dataFile}-erasures` } })
    expect(existsSync(restored.json.replaced)).toBe(true)
    const bytes = readFileSync(place.dataFile)
    for (const text of ['ann@example.org', 'bob@example.org', 'cid@example.org', '"ann"', 'ann-1', 'bob-1'])
      expect(bytes.includes(text), `${text} in ${backup}`).toBe(false)
  }

  // Also where somebody copies the file by hand and simply starts; and who asked to be refused still is.
  rmSync(place.dataFile)
  copyFileSync(backups[0], place.dataFile)
  const again = await startServer(place, { adminKey: server.adminKey })
  for (const user of ['ann', 'bob', 'cid']) expect((await again.ask('GET', `/v1/customers/${user}`)).status).toBe(404)
  await again.ask('POST', '/v1/batch', { batch: [seen('ann', 2), seen('cid', 2)] })
  expect((await again.ask('GET', '/v1/customers/ann')).status).toBe(200)
  expect((await again.ask('GET', '/v1/customers/cid')).status).toBe(404)
  await again.end('SIGTERM')

  // A copied file is held by hand, a restored one by itself; either goes on when somebody says how.
  expect((await habitue(place, ['hold'])).code).toBe(0)
  expect((await habitue(place, ['doctor'])).stdout).toContain('habitue resume')
  expect((await habitue(place, ['resume'])).code).toBe(1)
  expect(await habitue(place, ['--json', 'resume', '--skip'])).toMatchObject({
    code: 0,
    json: { skipped: { messages: 0 } },
  })
  expect((await habitue(place, ['restore', backups[1]])).stdout).toContain('habitue resume --skip or --send')
  expect(await habitue(place, ['--json', 'resume', '--send'])).toMatchObject({ code: 0, json: { skipped: {} } })

  expect((await habitue(place, ['--json', 'restore', join(folder, 'ann.html')])).code).toBe(1)
  expect((await habitue(place, ['--json', 'restore', join(folder, 'absent.db')])).json.error.code).toBe('invalid_file')
  expect((await habitue(place, ['doctor'])).code).toBe(0)
})
