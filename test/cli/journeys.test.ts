import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { habitue } from './command.ts'

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
