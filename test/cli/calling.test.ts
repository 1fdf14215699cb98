/** How commands are called: help, wrong options, and what they say when something is wrong with the database. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, it } from 'vitest'
import { habitue, startServer } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string) => ({ databaseUrl: null, dataFile: join(folder, name) })

it('help teaches and ends with 0; a wrong call ends with 2 and says what was expected', async () => {
  const calls = [['--help'], ['import', '--help'], ['nonsense'], ['recommend', '--nope']]
  const wrong = [['start', '--port', 'high'], ['import', 'nonsense', 'x.csv'], ['backup']]
  const [general, importing, ...refused] = await Promise.all([...calls, ...wrong].map((args) => habitue(null, args)))
  expect(general).toMatchObject({ code: 0, stderr: '' })
  for (const word of [
    'start',
    'demo',
    'import',
    'train',
    'recommend',
    'eval',
    'key',
    'tail',
    'backup',
    'rebuild',
    'doctor',
  ])
    expect(general.stdout).toMatch(new RegExp(`^  ${word}\\b`, 'm'))
  expect(importing.stdout).toContain('user,item[,value][,time]')
  for (const one of refused) {
    expect(one).toMatchObject({ code: 2, stdout: '' })
    expect(one.stderr).toMatch(/^error: /)
    expect(one.stderr).toContain('--help')
  }
})

it('says by its code what is wrong with the place of the data, and how doctor would mend it', async () => {
  writeFileSync(file('corrupt.db').dataFile, 'this is no database at all, only a text that lies here')
  const newer = new DatabaseSync(file('newer.db').dataFile)
  newer.exec(
    "create table meta (key text primary key, value text not null); insert into meta values ('schema_version', '999')",
  )
  newer.close()
  const other = new DatabaseSync(file('other.db').dataFile)
  other.exec('create table invoices (id integer)')
  other.close()
  const cases = [
    ['corrupt.db', 'database_corrupt', 'backup'],
    ['newer.db', 'database_newer', 'newer'],
    ['other.db', 'invalid_config', '--data'],
    ['no/such/folder/a.db', 'invalid_config', 'folder'],
  ] as const
  const ends = await Promise.all(
    cases.map(async ([name, code, mend]) => ({
      code,
      mend,
      json: await habitue(file(name), ['--json', 'start', '--port', '0']),
      doctor: await habitue(file(name), ['--json', 'doctor']),
    })),
  )
  const plain = await habitue(file('corrupt.db'), ['key', 'list'])
  expect(plain).toMatchObject({ code: 1, stdout: '' })
  expect(plain.stderr).toMatch(/^database_corrupt: /)
  expect(plain.stderr).not.toContain('    at ')
  for (const { code, mend, json, doctor } of ends) {
    expect(json).toMatchObject({ code: 1, json: { error: { code } } })
    expect(json.stdout.trim().split('\n')).toHaveLength(1)
    expect(doctor).toMatchObject({ code: 1, json: { healthy: false, findings: [{ level: 'trouble' }] } })
    expect(doctor.json.findings[0].what).toContain(json.json.error.message)
    expect(doctor.json.findings[0].mend).toContain(mend)
  }
})

it('start shows the admin key at the first start only, even where the port is taken, and refuses a second owner', async () => {
  const place = file('start.db')
  const other = await startServer(file('other-start.db'))
  const port = new URL(other.url).port
  const taken = await habitue(place, ['--json', 'start', '--port', port])
  expect(taken).toMatchObject({ code: 1, json: { error: { code: 'port_in_use' } } })
  const { adminKey } = JSON.parse(taken.stdout.split('\n')[0]) as { adminKey: string }
  expect(adminKey).toMatch(/^hba_/)

  const server = await startServer(place, { adminKey })
  expect(server.started.said.stdout).not.toContain('adminKey')
  expect((await server.ask('GET', '/v1/keys')).status).toBe(200)
  const second = await habitue(place, ['start', '--port', '0'])
  expect(second.code).toBe(1)
  expect(second.stderr).toContain(`database_locked: `)
  expect(second.stderr).toContain(`process ${server.started.process.pid} at ${server.url}`)
  const wrongKey = await habitue(null, ['--url', server.url, '--key', 'hba_wrong', 'key', 'list'])
  expect(wrongKey).toMatchObject({ code: 1, stdout: '' })
  expect(wrongKey.stderr).toMatch(/^unauthorized: /)
  const [one, two] = await Promise.all([server.end('SIGTERM'), other.end('SIGINT')])
  expect([one.code, two.code]).toEqual([0, 0])
  const silent = await habitue(null, ['--url', server.url, '--key', adminKey, 'key', 'list'])
  expect(silent.stderr).toMatch(/^not_running: /)
})

it('commands on a file that nobody serves work, and leave the first admin key to the first start', async () => {
  const place = file('alone.db')
  expect(await habitue(place, ['key', 'create', 'server'])).toMatchObject({ code: 0 })
  // At rest the data is one file, which may be copied as it is.
  expect([existsSync(`${place.dataFile}-wal`), existsSync(`${place.dataFile}-owner`)]).toEqual([false, false])
  const listed = await habitue(place, ['--json', 'key', 'list'])
  expect(listed.json.map((key: { kind: string }) => key.kind)).toEqual(['server'])
  const tail = await habitue(place, ['tail'])
  expect(tail).toMatchObject({ code: 1 })
  expect(tail.stderr).toMatch(/^not_running: .*habitue start/)
  const server = await startServer(place)
  expect(server.adminKey).toMatch(/^hba_/)
  await server.end('SIGTERM')
})
