/** The demo from beginning to end, on a shop of fewer customers. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { freePort } from '../sdk/shop.ts'
import { habitue } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-demo-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('makes its shop, learns, introduces three customers with reasons, and ends', async () => {
  const place = { databaseUrl: null, dataFile: join(folder, 'demo.db') }
  const ended = await habitue(place, ['demo', '--once', '--customers', '150', '--port', `${await freePort()}`])
  expect(ended.stderr).not.toContain('refused')
  expect(ended.code).toBe(0)
  expect(ended.stdout).toMatch(/events of a year, imported through the public API/)
  expect(ended.stdout.match(/would be offered/g)).toHaveLength(3)
  expect(ended.stdout).toMatch(/Because of /)
})
