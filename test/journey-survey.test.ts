/** A survey within a journey: the mail with its taps, the page, the answer that the journey waited for, the task for a person. */
import { expect, it } from 'vitest'
import { createApp } from '../src/http/app.ts'
import { simulatedWorld } from '../src/world.ts'
import { startMailServer } from './messages/mail-server.ts'
import { forEachRunning } from './running.ts'

const hour = 3_600_000

const survey = {
  title: { en: 'Was it put right?', de: 'Ist es wieder gut?' },
  purpose: 'service',
  pages: [
    {
      questions: [
        { id: 'ok', kind: 'yesno', required: true, text: { en: 'Was it put right?', de: 'Ist es wieder gut?' } },
        { id: 'words', kind: 'text', text: { en: 'What is missing?', de: 'Was fehlt?' } },
      ],
    },
  ],
}

const journey = `
title: After a complaint, one question
trigger: { event: Complaint Resolved }
purpose: service
steps:
  - wait: { for: 1 day }
  - survey: { survey: put-right, channel: email }
  - wait: { event: Survey Answered, when: "event.properties.survey_id == 'put-right' && event.properties.answer == 'no'", atMost: 14 days, late: fine }
  - task: { priority: 20, reason: not put right, note: "= 'invitation ' + string(event.properties.complaint_id)" }
  - end: handed over
  - name: fine
    end: fine
`

forEachRunning((_engine, run) => {
  it('asks once by mail, waits for the answer, and hands who is not content to a person', async () => {
    const mail = await startMailServer()
    const world = simulatedWorld(4, Date.UTC(2026, 2, 2, 8))
    const messages = {
      smtpUrl: mail.url,
      from: 'Shop <hello@shop.example>',
      legalName: 'Shop Ltd',
      postalAddress: 'Dublin 1',
    }
    const page = { frameAncestors: '', url: 'https://shop.example/habitue' }
    const habitue = await run({ messages, page, timeZone: 'UTC' }, { world })
    const app = await createApp(habitue.engine)
    expect((await habitue.ask('PUT', '/v1/surveys/put-right', survey)).status).toBe(200)
    const put = await habitue.ask('PUT', '/v1/journeys/after', { source: journey })
    expect(put.status, JSON.stringify(put.body)).toBe(200)
    await habitue.ask('POST', '/v1/journeys/after/start', {})
    const sent = async (...batch: object[]) => {
      expect((await habitue.ask('POST', '/v1/batch', { batch })).body.refused).toBeUndefined()
      await habitue.engine.settle()
    }
    const traits = { firstName: 'Ada', email: 'ada@x.example', language: 'de' }
    await sent({ type: 'identify', userId: 'ada', messageId: 'i', traits })
    const complaint = { complaint_id: 'c1', text: 'The cup came broken.' }
    await sent({ type: 'track', event: 'Complaint Received', userId: 'ada', messageId: 'm1', properties: complaint })
    // The person who has the task settles it; that begins the journey.
    const [task] = (await habitue.ask('GET', '/v1/tasks')).body.tasks
    await habitue.ask('POST', `/v1/tasks/${task.id}/resolve`, { outcome: 'put right', settles: true })
    await habitue.engine.settle()
    expect(mail.received).toHaveLength(0)
    world.advance(25 * hour)
    await habitue.engine.settle()
    await habitue.engine.settle()
    expect(mail.received).toHaveLength(1)
    const { html = '', subject } = mail.received[0].mail
    expect(subject).toBe('Ist es wieder gut?')
    const taps = [...html.matchAll(/href="(https:\/\/shop\.example\/habitue\/survey\/[^"]*q=ok[^"]*)"/g)].map(
      ([, url]) => url.replaceAll('&amp;', '&'),
    )
    expect(taps).toHaveLength(2)
    expect(html).toContain('>Nein</a>')
    // Whoever reads the database cannot answer for her.
    const stored = JSON.stringify((await habitue.ask('GET', '/v1/customers/ada/export')).body)
    expect(stored).not.toContain(new URL(taps[0]).pathname.split('/').at(-1))
    const [, no] = taps.map((url) => url.replace('https://shop.example/habitue', ''))
    const scanner = await app.inject({ url: no })
    expect([scanner.statusCode, scanner.body.includes('value="no" checked')]).toEqual([200, true])
    await habitue.engine.settle()
    const waiting = async () =>
      (await habitue.ask('GET', '/v1/tasks')).body.tasks.filter(
        ({ origin }: { origin: string }) => origin === 'journey:after',
      )
    expect(await waiting()).toEqual([])

    const payload = new URLSearchParams({ page: '0', ok: 'no', words: 'Die Tasse leckt.' }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const posted = await app.inject({ method: 'POST', url: no.split('?')[0], headers, payload })
    expect(posted.statusCode).toBe(303)
    await habitue.engine.settle()
    expect(await waiting()).toMatchObject([{ reason: 'not put right', priority: 20, customer: { id: 'ada' } }])
    const { instances } = (await habitue.ask('GET', '/v1/journeys/after/instances')).body
    expect(instances).toMatchObject([{ phase: 'ended', reason: 'handed over' }])
    expect(mail.received).toHaveLength(1)
    await mail.close()
  })
})
