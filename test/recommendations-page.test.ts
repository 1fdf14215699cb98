/** The examples of docs/recommendations.md do what the page says. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { placementNames } from '../src/decisions/request.ts'
import { ruleKinds } from '../src/decisions/rules.ts'
import { forEachRunning } from './running.ts'

const page = readFileSync(new URL('../docs/recommendations.md', import.meta.url), 'utf8')
const examples = [...page.matchAll(/```http\n(\w+) (\S+)\n([\s\S]*?)```/g)].map(([, method, path, body]) => ({
  method: method as 'POST' | 'PUT',
  path,
  body: JSON.parse(body),
}))

forEachRunning(
  (_engine, run) => {
    it('are all accepted, and the rules hold', async () => {
      const habitue = await run()
      expect(examples.length).toBeGreaterThan(8)
      for (const { method, path, body } of examples) {
        const answer = await habitue.ask(method, path, body)
        expect(answer, `${method} ${path}`).toMatchObject({ status: 200 })
      }
      expect((await habitue.ask('GET', '/v1/rules')).body.rules).toHaveLength(5)
      const request = { placement: 'new', count: 1 }
      const { items } = (await habitue.ask('POST', '/v1/recommendations', request)).body.placements.new
      expect(items[0]).toMatchObject({ id: 'espresso', reason: { kind: 'rule', rule: 'dark-first' } })
    })

    it('name every placement and every kind of rule', () => {
      for (const name of [...placementNames, ...ruleKinds]) expect(page).toContain(`\`${name}\``)
    })
  },
  ['sqlite'],
)
