import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { defaultConfig } from '../config.ts'
import { checkSenders, organisation, type ResolveTxt } from './sender-dns.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-dkim-'))
afterAll(() => rmSync(folder, { recursive: true }))
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
const keyFile = join(folder, 'key.pem')
writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }))
const published = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')

const good: Readonly<Record<string, string[][]>> = {
  'reply.shop.example': [['v=spf1 include:mail.example -all'], ['something else']],
  // As it comes: in pieces of at most 255 characters.
  'habitue._domainkey.shop.example': [['v=DKIM1; k=rsa; p=', published.slice(0, 100), published.slice(100)]],
  '_dmarc.shop.example': [['v=DMARC1; p=quarantine']],
}
const from =
  (records: Readonly<Record<string, string[][]>>): ResolveTxt =>
  async (name) => {
    if (records[name]) return records[name]
    throw Object.assign(new Error('no'), { code: 'ENOTFOUND' })
  }
const config = (messages: object = {}) => ({
  messages: {
    ...defaultConfig.messages,
    smtpUrl: 'smtp://mail.example',
    from: 'Shop <hello@shop.example>',
    replyDomain: 'reply.shop.example',
    dkim: { keyFile, selector: 'habitue', domain: null },
    ...messages,
  },
})
const whats = async (records: Readonly<Record<string, string[][]>>, messages: object = {}, addresses: string[] = []) =>
  (await checkSenders(config(messages), addresses, from(records))).map(({ what }) => what)

describe('the names of senders', () => {
  it('are right, and where no mail is sent nobody asks', async () => {
    expect(await whats(good)).toEqual([])
    expect(await whats(good, { smtpUrl: null })).toEqual([])
  })

  it('each that is missing or wrong is told', async () => {
    expect(await whats({})).toEqual([
      'reply.shop.example has no SPF record: mail from it is easily taken for forged.',
      'There is no DKIM key at habitue._domainkey.shop.example.',
      'shop.example has no DMARC record; large providers want one of whoever sends much.',
    ])
    const other = { ...good, 'habitue._domainkey.shop.example': [['v=DKIM1; p=AAAA']] }
    expect((await whats(other))[0]).toContain('is not that of')
    const twice = { ...good, 'reply.shop.example': [['v=spf1 -all'], ['v=spf1 mx -all']] }
    expect((await whats(twice))[0]).toContain('2 SPF records')
    expect((await whats({ ...good, 'reply.shop.example': [['v=spf1 +all']] }))[0]).toContain('lets everybody send')
  })

  it('a person who writes from another domain is not aligned', async () => {
    const found = await whats(good, {}, ['nora@other.example'])
    expect(found.some((what) => what.startsWith('Mail from other.example'))).toBe(true)
    expect(await whats(good, {}, ['nora@team.shop.example'])).toEqual([])
  })

  it('without a network it says so, and nothing fails', async () => {
    const down: ResolveTxt = async () => {
      throw Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
    }
    const found = await checkSenders(config(), [], down)
    expect(found.length).toBeGreaterThan(0)
    expect(found.every(({ level }) => level === 'advice')).toBe(true)
  })
})

it('an organisation is two labels, or three where the country has its own second ones', () => {
  expect(organisation('a.b.shop.example')).toBe('shop.example')
  expect(organisation('mail.shop.co.uk')).toBe('shop.co.uk')
  expect(organisation('shop.co')).toBe('shop.co')
})
