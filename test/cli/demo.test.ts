/** The demo from beginning to end, on a shop of fewer customers, as somebody uses it who sees it for the first time. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { freePort } from '../sdk/shop.ts'
import { habitue, type Started, startCommand } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-demo-'))
let demo: Started | undefined
afterAll(() => {
  demo?.process.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

it('makes its shop, learns, introduces three customers with reasons, and sends last year’s flowers again at the press of a button', async () => {
  const place = { databaseUrl: null, dataFile: join(folder, 'demo.db') }
  demo = startCommand(place, ['demo', '--customers', '150', '--port', `${await freePort()}`])
  await demo.line((line) => line.startsWith('Ctrl-C'))
  const { stdout, stderr } = demo.said
  expect(stderr).not.toContain('refused')
  expect(stdout).toMatch(/events of a year, imported through the public API/)
  expect(stdout.match(/would be offered/g)).toHaveLength(3)
  expect(stdout).toMatch(/Because of /)

  // The reminder has gone out; its page orders nothing before the button is pressed, and once then.
  const [, customer] = /\((\w+)\) asked to be reminded/.exec(stdout) ?? []
  const [link] = /http\S+\/reorder\/\S+/.exec(stdout) ?? []
  const page = await (await fetch(`${link}?lang=en`)).text()
  expect(page).toContain('Arrives in time for')
  const [, name, value] = /name="(line-0)" value="([^"]+)"/.exec(page) ?? []
  const press = () => fetch(`${link}?lang=en`, { method: 'POST', body: new URLSearchParams([[name, value]]) })
  expect(await (await press()).text()).toContain('Thank you, it is ordered')
  await press()
  expect(await demo.line((line) => line.startsWith('The shop took order'))).toContain(`again-1 of ${customer} `)
  expect((await habitue(place, ['export', customer])).stdout).toContain('"number":"again-1"')

  // A second one takes nothing away from it.
  const second = await habitue(place, ['demo', '--once'])
  expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('database_locked')])
  expect((await fetch(`${link}?lang=en`)).status).toBe(200)

  demo.process.kill('SIGINT')
  expect(await demo.ended).toMatchObject({ code: 130 })
  expect(demo.said.stdout).not.toContain('again-2')
})
