/** What comes back by mail, read from a mailbox over IMAP. */
import { afterAll, describe, expect, it } from 'vitest'
import { HabitueError } from '../../src/errors.ts'
import { mailServerUrl } from '../../src/messages/mail-server-url.ts'
import { createMailbox } from '../../src/messages/mailbox.ts'
import { forEachRunning } from '../running.ts'
import { type MailShop, mailShop, minute } from './mail-shop.ts'
import { type MailboxServer, startMailboxServer } from './mailbox-server.ts'

const open: Pick<MailShop | MailboxServer, 'close'>[] = []
afterAll(async () => {
  for (const one of open) await one.close()
})

describe('a mailbox of replies', () => {
  it('keeps unseen what could not be stored, for the next look, and sets aside what nobody can read', async () => {
    const box = await startMailboxServer()
    const taken: string[] = []
    let isAway = true
    const server = mailServerUrl('messages.imapUrl', box.url, 'imap')
    const mailbox = createMailbox({
      ...{ server, caFile: null, log: { info() {}, warn() {} } },
      async take(mail) {
        const name = /Subject: (\w+)/.exec(Buffer.from(mail).toString())?.[1] ?? ''
        taken.push(name)
        if (name === 'torn') throw new HabitueError('invalid_body', 'The mail cannot be read.')
        if (isAway) throw new HabitueError('storage_unavailable', 'The database cannot be reached.')
        return { known: true }
      },
    })
    open.push({ close: () => mailbox.close() }, box)
    for (const name of ['torn', 'first', 'second']) box.deliver(`From: a@x.example\r\nSubject: ${name}\r\n\r\nHi\r\n`)
    expect(await mailbox.settle(minute)).toEqual({ done: 0, next: null })
    expect(box.flags()).toEqual([['\\Flagged', '\\Seen'], [], []])
    // Storage is away, so the second was not asked for.
    expect(taken).toEqual(['torn', 'first'])
    expect(mailbox.trouble()).toMatchObject({ since: minute, isRead: true })
    isAway = false
    await mailbox.settle(2 * minute)
    expect(taken).toEqual(['torn', 'first', 'first', 'second'])
    expect(box.flags()).toEqual([['\\Flagged', '\\Seen'], ['\\Seen'], ['\\Seen']])
    expect(mailbox.trouble()).toBe(null)
  })

  forEachRunning((_engine, run) => {
    it('is read: a reply is the customer’s, a stranger’s mail waits for a person, and nothing is taken twice', async () => {
      const box = await startMailboxServer()
      const shop = await mailShop(run, { imapUrl: box.url })
      open.push(shop, box)
      await shop.identify('42', { firstName: 'Ada', email: 'ada@x.example' })
      await shop.template('news', { channel: 'email', subject: 'Hello', text: 'words' })
      expect((await shop.send()).kind).toBe('done')
      const to = shop.last().mail.replyTo?.[0]?.address
      const reply = `From: Ada <ada@x.example>\r\nTo: ${to}\r\nSubject: Re: Hello\r\nMessage-ID: <r1@x.example>\r\n\r\nIs it still there?\r\n`
      box.deliver(reply)
      box.deliver(
        'From: Mallory <m@x.example>\r\nTo: reply+doesnotexist1@reply.shop.example\r\nSubject: Hi\r\n\r\nHi\r\n',
      )
      await shop.pass(minute)
      const contacts = async () => (await shop.events('42')).filter(({ name }) => name === 'Support Contacted')
      expect((await contacts()).map(({ body }) => body.properties)).toMatchObject([
        { channel: 'email', reply: true, text: 'Is it still there?' },
      ])
      expect(box.flags()).toEqual([['\\Seen'], ['\\Flagged', '\\Seen']])

      // The same mail again, as after a crash before the flag.
      box.deliver(reply)
      await shop.pass(minute)
      expect(await contacts()).toHaveLength(1)
      expect(box.flags()[2]).toEqual(['\\Seen'])
    })

    it('is waited for while its server is away, and the operator hears of it', async () => {
      const box = await startMailboxServer()
      const shop = await mailShop(run, { imapUrl: box.url, operator: 'op@shop.example' })
      open.push(shop, box)
      await shop.identify('42', { firstName: 'Ada', email: 'ada@x.example' })
      await shop.template('news', { channel: 'email', subject: 'Hello', text: 'words' })
      await shop.send()
      const to = shop.last().mail.replyTo?.[0]?.address
      await shop.pass(minute)
      await box.down()
      for (let minutes = 0; minutes < 10; minutes++) await shop.pass(minute)
      expect(shop.last()).toMatchObject({ to: 'op@shop.example' })
      expect(shop.last().mail.subject).toContain('The mailbox of replies cannot be read')
      expect(shop.last().raw).not.toContain('secret')
      await box.up()
      box.deliver(`From: Ada <ada@x.example>\r\nTo: ${to}\r\nSubject: Re: Hello\r\n\r\nHello?\r\n`)
      await shop.pass(5 * minute)
      expect((await shop.events('42')).filter(({ name }) => name === 'Support Contacted')).toHaveLength(1)
    })
  })
})
