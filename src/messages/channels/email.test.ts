import { createHash, createVerify, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { defaultConfig } from '../../config.ts'
import { simulatedWorld } from '../../world.ts'
import { mailboxOf, mailChannel } from './email.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-mail-'))
afterAll(() => rmSync(folder, { recursive: true }))
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
const keyFile = join(folder, 'key.pem')
writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }))

const rendered = {
  template: 't',
  version: 1,
  language: 'en',
  subject: 'Grüße',
  html: '<p>Hi  there</p>',
  text: 'Hi  there\n\n\n',
  onSite: null,
  url: '',
  payload: '',
}
const request = { key: 'k', customer: 1, channel: 'email', purpose: 'marketing', template: 't', now: 0 } as const
const parcel = {
  request,
  token: 'abcdefghij',
  address: 'ada@x.example',
  rendered,
  mail: {
    from: { name: 'Shop', address: 'hello@shop.example' },
    to: { name: 'Ada', address: 'ada@x.example' },
    replyTo: 'reply+abcdefghij@reply.shop.example',
    bounceTo: 'bounce+abcdefghij@reply.shop.example',
    unsubscribe: { url: 'https://shop.example/u/1', mail: null },
  },
}

it('a signed mail is what was signed, by who checks as RFC 6376 says, one click to unsubscribe included', async () => {
  const dkim = { keyFile, selector: 'shop1', domain: null }
  const messages = { ...defaultConfig.messages, from: 'Shop <hello@shop.example>', dkim }
  // As it goes over the line: every line ends with CR and LF.
  const raw = Buffer.from(await mailChannel({ messages }, simulatedWorld(1)).compose(parcel))
    .toString('binary')
    .replace(/\r?\n/g, '\r\n')
  const end = raw.indexOf('\r\n\r\n')
  const headers = raw.slice(0, end).split(/\r\n(?![ \t])/)
  const signature = headers.find((line) => /^dkim-signature:/i.test(line)) ?? ''
  const tag = (name: string) => (new RegExp(`[;\\s]${name}=([^;]*)`).exec(signature)?.[1] ?? '').replace(/\s/g, '')
  expect([tag('d'), tag('s'), tag('c')]).toEqual(['shop.example', 'shop1', 'relaxed/relaxed'])
  const signed = tag('h').toLowerCase().split(':')
  for (const name of ['from', 'to', 'subject', 'list-unsubscribe', 'list-unsubscribe-post'])
    expect(signed).toContain(name)
  // Relaxed: white space is folded, and empty lines at the end are nothing.
  const body = raw
    .slice(end + 4)
    .replace(/[ \t]+(?=\r\n)/g, '')
    .replace(/[ \t]+/g, ' ')
    .replace(/(\r\n)*$/, '\r\n')
  expect(tag('bh')).toBe(createHash('sha256').update(body, 'binary').digest('base64'))
  const relaxed = (line: string) => {
    const colon = line.indexOf(':')
    const value = line
      .slice(colon + 1)
      .replace(/\r\n/g, '')
      .replace(/[ \t]+/g, ' ')
      .trim()
    return `${line.slice(0, colon).toLowerCase().trim()}:${value}`
  }
  const named = (name: string) => relaxed(headers.findLast((line) => line.toLowerCase().startsWith(`${name}:`)) ?? '')
  const own = relaxed(signature.replace(/([;\s]b=)[^;]*/, '$1'))
  const text = [...signed.map(named), own].join('\r\n')
  expect(createVerify('sha256').update(text, 'binary').verify(publicKey, tag('b'), 'base64')).toBe(true)
})

it('one sender, and nothing else, may be set', () => {
  expect(mailboxOf('hello@shop.example')).toEqual({ name: '', address: 'hello@shop.example' })
  for (const text of ['', 'Shop', 'a@b.example, c@d.example', 'Shop <a@b@c>'])
    expect(() => mailboxOf(text)).toThrow(/messages.from/)
})
