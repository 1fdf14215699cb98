import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import PostalMime from 'postal-mime'
import { afterAll, expect, it } from 'vitest'
import { forEachRunning } from '../running.ts'

const place = mkdtempSync(join(tmpdir(), 'habitue-mail-'))
afterAll(() => rmSync(place, { recursive: true }))

const settings = (smtpUrl: string) => ({ messages: { smtpUrl, from: 'Corner Shop <hello@shop.example>' } })

forEachRunning(
  (_engine, run) => {
    it('mail goes into a folder where no mail server is wanted', async () => {
      const folder = join(place, 'mail')
      const habitue = await run(settings(`file:${folder}`))
      await habitue.ask('POST', '/v1/batch', {
        batch: [{ type: 'identify', userId: '42', messageId: 'm', traits: { email: 'ada@x.example' } }],
      })
      await habitue.ask('PUT', '/v1/templates/note', {
        channel: 'email',
        subject: 'Tea',
        html: '<p>Green or black?</p>',
      })
      const sent = { customer: '42', purpose: 'service', template: 'note' }
      expect((await habitue.ask('POST', '/v1/messages', sent)).body.outcome.kind).toBe('done')
      const [file, ...more] = readdirSync(folder)
      expect(more).toEqual([])
      const mail = await PostalMime.parse(readFileSync(join(folder, file)))
      expect([mail.subject, mail.to?.[0]?.address]).toEqual(['Tea', 'ada@x.example'])
    })

    it('a folder that cannot be made is told at start', async () => {
      writeFileSync(join(place, 'taken'), '')
      await expect(run(settings(`file:${join(place, 'taken', 'mail')}`))).rejects.toMatchObject({
        code: 'invalid_config',
      })
    })
  },
  ['sqlite'],
)
