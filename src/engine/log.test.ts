import { expect, it } from 'vitest'
import { redactingLog } from './log.ts'

it('leaves nothing of anybody in the log, and everything else', () => {
  const lines: string[] = []
  const log = redactingLog('info', { write: (line) => void lines.push(line) })
  const error = Object.assign(new Error('duplicate: zoe.f@example.org, card 4111 1111 1111 1111'), {
    code: '23505',
    detail: 'Key (kind, value)=(user, zoe-4711) already exists.',
    table: 'identifiers',
  })
  log.error(
    { err: error, requestId: 'r-1', route: 'POST /v1/batch', key: 'hbs_0123456789ab_secret' },
    'for Zoë@bücher.example',
  )
  log.warn(
    { list: ['Bearer hbs_0123456789ab_secretsecret', { token: 'eyJhbGciOi.eyJzdWIi.sig' }], order: 1234567890123 },
    'x',
  )
  const text = lines.join('')
  for (const secret of ['zoe', 'Zoë', '4111', 'secret', 'eyJ', '4711']) expect(text).not.toContain(secret)
  for (const kept of ['23505', 'identifiers', 'r-1', 'POST /v1/batch', '1234567890123', '[e-mail]', '[card]', '[key]'])
    expect(text).toContain(kept)
  for (const line of lines) expect(JSON.parse(line).time).toBeGreaterThan(1e12)
})
