import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readImport } from './read.ts'
import { withStatements } from './stated.ts'

const folder = mkdtempSync(join(tmpdir(), 'habitue-consents-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const now = Date.UTC(2026, 0, 1)

async function read(name: string, text: string, stated = {}) {
  const file = join(folder, name)
  writeFileSync(file, text)
  const messages: Record<string, unknown>[] = []
  const bad: string[] = []
  for await (const batch of readImport('consents', file, { now, stated })) {
    messages.push(...batch.messages.map((message) => ({ ...message })))
    bad.push(...batch.bad.map(({ message }) => message))
  }
  return { messages, bad }
}

const email = (address: string) => ({ context: { traits: { email: address } } })

describe('an import of consents', () => {
  it('reads a file of one’s own, with proof, and says which lines it does not understand', async () => {
    const { messages, bad } = await read(
      'own.csv',
      [
        'user,status,time,purposes,wording,proof',
        '7,granted,2024-03-01T10:00:00Z,personalisation;marketing:email,v2,form 12',
        '8,denied,2024-03-02T10:00:00Z,personalisation,,',
        '9,perhaps,2024-03-02T10:00:00Z,personalisation,,',
        '10,,2024-03-02T10:00:00Z,personalisation,,',
      ].join('\n'),
      { source: 'checkout' },
    )
    expect(messages).toMatchObject([
      {
        userId: '7',
        event: 'Consent Given',
        timestamp: Date.UTC(2024, 2, 1, 10),
        properties: {
          purposes: ['personalisation', 'marketing:email'],
          wording: 'v2',
          proof: 'form 12',
          source: 'checkout',
        },
      },
      { userId: '8', event: 'Consent Withdrawn', properties: { purposes: ['personalisation'] } },
    ])
    expect(bad).toEqual([expect.stringContaining('Line 4: the status is "perhaps"')])
  })

  it('reads what Mailchimp exports: subscribed, with double opt-in, and unsubscribed', async () => {
    const subscribed = await read(
      'subscribed_members.csv',
      'Email Address,First Name,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LEID\na@shop.example,Ann,2021-05-01 10:00:00,1.2.3.4,2021-05-01 10:05:00,1.2.3.4,77\n',
    )
    expect(subscribed.messages).toEqual([
      {
        type: 'track',
        event: 'Consent Given',
        messageId: expect.any(String),
        ...email('a@shop.example'),
        timestamp: Date.UTC(2021, 4, 1, 10, 5),
        properties: { source: 'import', proof: '77', purposes: ['marketing:email'] },
      },
    ])
    const left = await read(
      'unsubscribed_members.csv',
      'Email Address,OPTIN_TIME,UNSUB_TIME,UNSUB_REASON\nb@shop.example,2021-05-01 10:00:00,2022-06-01 08:00:00,NORMAL\n',
    )
    expect(left.messages).toMatchObject([
      { event: 'Consent Withdrawn', ...email('b@shop.example'), timestamp: Date.UTC(2022, 5, 1, 8) },
    ])
  })

  it('reads what Klaviyo exports: e-mail and text messages apart; never asked is no answer', async () => {
    const { messages } = await read(
      'klaviyo.csv',
      [
        'Email,Klaviyo ID,Email Marketing Consent,Email Marketing Consent Timestamp,SMS Marketing Consent,Phone Number',
        'c@shop.example,01A,SUBSCRIBED,2023-01-02 03:04:05,UNSUBSCRIBED,+491701234567',
        'd@shop.example,01B,NEVER_SUBSCRIBED,,NEVER_SUBSCRIBED,',
      ].join('\n'),
    )
    expect(messages).toMatchObject([
      {
        event: 'Consent Given',
        properties: { purposes: ['marketing:email'] },
        context: { traits: { email: 'c@shop.example' } },
      },
      { event: 'Consent Withdrawn', properties: { purposes: ['marketing:sms'] } },
    ])
  })

  it('states a basis before the first thing that each customer did', () => {
    const message = (messageId: string, userId: string, timestamp: number) => ({
      type: 'track',
      messageId,
      userId,
      timestamp,
    })
    const stated = withStatements([message('a', 'u', 20), message('b', 'v', 30), message('c', 'u', 10)], {
      basis: 'consent',
    })
    expect(stated.map(({ messageId, timestamp }) => [messageId, timestamp])).toEqual([
      ['c~basis', 10],
      ['b~basis', 30],
      ['a', 20],
      ['b', 30],
      ['c', 10],
    ])
  })
})
