import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { habitue, startCommand, startServer } from './command.ts'

it('a journey is checked, put, switched on and shown on the command line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'habitue-journeys-'))
  try {
    const place = { databaseUrl: null, dataFile: join(folder, 'shop.db') }
    const file = join(folder, 'after-a-return.yaml')
    writeFileSync(
      file,
      'title: After a return\ntrigger: { event: Product Returned }\nsteps:\n  - wait: { for: 2 dayz }\n',
    )
    const wrong = await habitue(place, ['journey', 'validate', file])
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toContain('line 4, column 13 (steps/0/wait/for): "2 dayz" is no span of time')
    writeFileSync(
      file,
      'title: After a return\ntrigger: { event: Product Returned }\nsteps:\n  - wait: { for: 2 days }\n  - task: { priority: 1, reason: ask why }\n',
    )
    expect((await habitue(place, ['journey', 'put', file])).stdout).toBe('after-a-return is stored as version 1.\n')
    expect((await habitue(place, ['journey', 'start', 'after-a-return'])).stdout).toBe('after-a-return is active.\n')
    const shown = await habitue(place, ['journey', 'show', 'after-a-return'])
    expect(shown.stdout).toContain('after-a-return, version 1: active.')
    const report = await habitue(place, ['journey', 'report'])
    expect(report.stdout).toMatch(/^All together: Nobody has entered yet\./)
    expect(report.stdout).toMatch(/after-a-return +active +0 +0/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

it('a simulation over a large past says how far it is, and Ctrl-C ends it, in the server and in the command itself', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'habitue-simulation-'))
  try {
    const place = { databaseUrl: null, dataFile: join(folder, 'shop.db') }
    const file = join(folder, 'again.yaml')
    writeFileSync(
      file,
      `trigger: { event: Go }
purpose: service
steps:
  - name: again
    wait: { for: 1 minute }
  - branch: [{ when: cart.total < 1000000, next: again }]
`,
    )
    const server = await startServer(place)
    const timestamp = new Date(Date.now() - 3_600_000).toISOString()
    const batch = Array.from({ length: 300 }, (_, n) => {
      return { type: 'track', event: 'Go', userId: `c${n}`, messageId: `go-${n}`, timestamp }
    })
    expect((await server.ask('POST', '/v1/batch', { batch })).status).toBe(200)
    const stopped = async () => {
      const command = startCommand(place, ['journey', 'simulate', file, '--from', '2020-01-01', '--to', '2060-01-01'])
      await command.warning('of 300 customers')
      command.process.kill('SIGINT')
      return command.ended
    }
    const wanted = { code: 130, stdout: '', stderr: expect.stringMatching(/^simulation: 0% .*\ninterrupted: .*\n$/) }
    expect(await stopped()).toMatchObject(wanted)
    expect(await server.end('SIGTERM')).toMatchObject({ code: 0 })
    expect(await stopped()).toMatchObject(wanted)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
