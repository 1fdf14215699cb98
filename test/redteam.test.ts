/** Every attack of the threat model, as a test (scripts/redteam/; `npm run redteam` plays them against a process of its own). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attacks } from '../scripts/redteam/attacks.ts'
import { prepare } from '../scripts/redteam/prepare.ts'
import type { Target } from '../scripts/redteam/target.ts'
import { redactingLog } from '../src/engine/log.ts'
import { createApp } from '../src/http/app.ts'
import { listen } from '../src/http/listen.ts'
import type { App } from '../src/http/typed-app.ts'
import { forEachRunning } from './running.ts'

/** PostgreSQL for what reaches the database only. */
const ofDatabase = /SQL|malformed|pollution|stored/

forEachRunning((engine, run) => {
  describe('the threat model', () => {
    let target: Target
    let app: App
    beforeAll(async () => {
      const lines: string[] = []
      const log = redactingLog('debug', { write: (line) => void lines.push(line) })
      const habitue = await run({ passwordCost: 10, logLevel: 'debug' }, { log })
      app = await createApp(habitue.engine)
      const url = await listen(app, { host: '127.0.0.1', port: 0 })
      const { key } = await habitue.engine.keys.create({ kind: 'admin', name: 'test', origins: null })
      target = await prepare(url, key, () => lines.join(''))
    })
    afterAll(() => app.close())

    const played = attacks.filter(({ name, timed }) => !timed && (engine === 'sqlite' || ofDatabase.test(name)))
    it.each(played)('$name', async (attack) => {
      expect(await attack.run(target)).toEqual([])
    })
  })
})
