import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { habitue } from './command.ts'

it('surveys are put and counted on the command line, and a task that is not there is not resolved', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'habitue-service-'))
  try {
    const place = { databaseUrl: null, dataFile: join(folder, 'shop.db') }
    const file = join(folder, 'cart.yaml')
    writeFileSync(file, 'title: T\npages:\n  - questions:\n      - { id: why, kind: singel, text: Why? }\n')
    const wrong = await habitue(place, ['surveys', 'put', file])
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toContain('pages[0].questions[0].kind')
    writeFileSync(file, 'title: T\npages:\n  - questions:\n      - { id: sure, kind: yesno, text: Sure? }\n')
    expect((await habitue(place, ['surveys', 'put', file])).stdout).toBe('cart is version 1.\n')
    expect((await habitue(place, ['surveys', 'results', 'cart'])).stdout).toContain('0 invited, 0 began, 0 finished')

    const unknown = await habitue(place, ['tasks', 'resolve', '7', '--outcome', 'done'])
    expect([unknown.code, unknown.stderr.trim()]).toEqual([1, 'not_found: There is no task 7.'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
