import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ownWords, readMail } from './inbound-mail.ts'

const token = 'abcDEF_123-456789012ab'
const mail = (headers: Record<string, string>, body: string) =>
  `${Object.entries({ From: 'Ada <Ada@x.example>', 'Message-ID': '<m1@x.example>', ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n${body.replace(/\n/g, '\r\n')}`

const report = (action: string, status: string, to = `bounce+${token}@reply.shop.example`) =>
  mail(
    { To: to, 'MIME-Version': '1.0', 'Content-Type': 'multipart/report; report-type=delivery-status; boundary=b' },
    `--b\nContent-Type: text/plain\n\nsorry\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n
Final-Recipient: rfc822; ada@x.example\nAction: ${action}\nStatus: ${status}\nDiagnostic-Code: smtp; 550 ${status}\n no such\n
--b\nContent-Type: message/rfc822\n\nMessage-ID: <${token}@shop.example>\nSubject: x\n\nhi\n--b--\n`,
  )

describe('mail that comes back', () => {
  it('a reply: of which message, and what he wrote himself', async () => {
    const raw = mail(
      { To: `Shop <reply+${token}@reply.shop.example>`, Subject: 'Re: News' },
      'Is the blue one back?\n\nAda\n\nOn Mon, 2 Mar 2026 at 12:00, Corner Shop <reply@shop.example> wrote:\n> Hello Ada,\n> news\n',
    )
    expect(await readMail(raw)).toMatchObject({
      kind: 'reply',
      token,
      from: 'ada@x.example',
      text: 'Is the blue one back?\n\nAda',
    })
  })

  it('a reply to another address is known by the message that it answers', async () => {
    const raw = mail({ To: 'hello@shop.example', 'In-Reply-To': `<${token}@shop.example>` }, 'hello')
    expect(await readMail(raw)).toMatchObject({ kind: 'reply', token })
  })

  it('a mailbox that does not exist, one that is full, one that is slow, and one that took it', async () => {
    expect(await readMail(report('failed', '5.1.1'))).toMatchObject({ kind: 'bounce', token, permanent: true })
    expect(await readMail(report('failed', '5.2.2'))).toMatchObject({ kind: 'bounce', permanent: false })
    expect(await readMail(report('failed', '5.7.1'))).toMatchObject({ kind: 'bounce', permanent: false })
    expect((await readMail(report('delayed', '4.4.1'))).kind).toBe('automatic')
    expect((await readMail(report('relayed', '2.0.0'))).kind).toBe('delivered')
    expect(await readMail(report('failed', '5.1.1', 'hello@shop.example'))).toMatchObject({ kind: 'bounce', token })
    expect((await readMail(report('failed', '5.1.1'))).reason).toContain('no such')
  })

  it('machines that answer are no customers who do', async () => {
    const to = `reply+${token}@reply.shop.example`
    const machines: Record<string, string>[] = [
      { 'Auto-Submitted': 'auto-replied' },
      { Precedence: 'auto_reply' },
      { 'X-Autoreply': 'yes' },
      { Subject: 'Automatic reply: away' },
      { Subject: 'Abwesenheitsnotiz' },
      { From: 'MAILER-DAEMON@mx.example' },
    ]
    for (const headers of machines)
      expect([headers, (await readMail(mail({ To: to, ...headers }, 'away'))).kind]).toEqual([headers, 'automatic'])
    expect((await readMail(mail({ To: to, 'Auto-Submitted': 'no' }, 'me'))).kind).toBe('reply')
  })

  it('who writes to the unsubscribe address, and who complains to his provider', async () => {
    const leave = mail({ To: `unsubscribe+${token}@reply.shop.example` }, '')
    expect(await readMail(leave)).toMatchObject({ kind: 'unsubscribe', token })
    const complaint = mail(
      {
        To: 'abuse@shop.example',
        'MIME-Version': '1.0',
        'Content-Type': 'multipart/report; report-type=feedback-report; boundary=b',
      },
      `--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <${token}@shop.example>\n\nhi\n--b--\n`,
    )
    expect(await readMail(complaint)).toMatchObject({ kind: 'complaint', token })
  })

  it('no bytes break it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ maxLength: 400 }), fc.uint8Array({ maxLength: 400 })), async (raw) => {
        expect(['reply', 'automatic', 'bounce', 'delivered', 'complaint', 'unsubscribe']).toContain(
          (await readMail(raw)).kind,
        )
      }),
      { seed: 5, numRuns: 200 },
    )
  })

  it('quoted lines in several tongues', () => {
    expect(ownWords('Ja bitte\n\nAm 2. März 2026 um 12:00 schrieb Laden <a@b.example>:\n> Hallo')).toBe('Ja bitte')
    expect(ownWords('Yes\n\n-- \nAda\nTel 1')).toBe('Yes')
    expect(ownWords('On my way home I thought: why not?')).toBe('On my way home I thought: why not?')
    expect(ownWords('Yes\n-----Original Message-----\nFrom: x')).toBe('Yes')
  })
})
