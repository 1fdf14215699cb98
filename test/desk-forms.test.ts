/** The desk on both engines, by its forms alone: signing in, taking a task, recording a complaint, and what stays of it. */
import { expect, it } from 'vitest'
import { createApp } from '../src/http/app.ts'
import { forEachRunning } from './running.ts'

forEachRunning((_engine, run) => {
  it('takes a task from the queue and records a complaint in the name of who is signed in', async () => {
    const habitue = await run({ passwordCost: 10, timeZone: 'UTC' })
    const app = await createApp(habitue.engine)
    const post = (url: string, fields: Record<string, string>, cookie = '') =>
      app.inject({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/x-www-form-urlencoded', cookie },
        payload: new URLSearchParams(fields).toString(),
      })
    const email = 'ann@shop.example'
    const { body } = await habitue.ask('POST', '/v1/people', { name: 'Ann', email, role: 'agent' })
    const event = {
      type: 'track',
      event: 'Person Requested',
      userId: 'ada',
      messageId: 'm1',
      properties: { text: 'Hello?' },
    }
    await habitue.ask('POST', '/v1/batch', { batch: [event] })
    const signedIn = await post('/desk/sign-in', { email, password: body.password, next: '/desk' })
    expect([signedIn.statusCode, signedIn.headers.location]).toEqual([303, '/desk'])
    const cookie = String(signedIn.headers['set-cookie']).split(';')[0]
    const queue = await app.inject({ url: '/desk', headers: { cookie } })
    expect(queue.body).toContain('asks for a person')
    const form = /name="form" value="([\w-]+)"/.exec(queue.body)?.[1] ?? ''
    const action = /action="(\/desk\/tasks\/\d+)"/.exec(queue.body)?.[1] ?? ''
    const taken = await post(action, { form, do: 'claim' }, cookie)
    expect([taken.statusCode, taken.headers.location]).toEqual([303, '/desk/customers/ada?kind=user&done=claim'])
    const place = '/desk/customers/ada?kind=user'
    expect((await post(place, { form, do: 'complaint', text: 'It leaks.' }, cookie)).statusCode).toBe(303)
    const page = await app.inject({ url: place, headers: { cookie } })
    expect(page.body).toContain('It leaks.')
    expect(page.body).toContain('Nothing, until the complaint is settled.')
    const { tasks } = (await habitue.ask('GET', '/v1/customers/ada/tasks')).body
    expect(
      tasks.map(({ reason, state, ownerName }: Record<string, string>) => [reason, state, ownerName]).sort(),
    ).toEqual([
      ['asks for a person', 'claimed', 'Ann'],
      ['complaint', 'open', undefined],
    ])
    const refused = await post(place, { form, do: 'call', due: '2001-01-01T10:00' }, cookie)
    expect([refused.statusCode, refused.body.includes('That time is over')]).toEqual([400, true])
    // Who leaves the shop leaves his tasks to the others.
    await habitue.ask('DELETE', `/v1/people/${body.person.id}`)
    const after = (await habitue.ask('GET', '/v1/customers/ada/tasks')).body.tasks
    expect(after.map(({ state }: { state: string }) => state)).toEqual(['open', 'open'])
    expect((await app.inject({ url: '/desk', headers: { cookie } })).statusCode).toBe(303)
  })

  it('shows a marketer how many answered what, and not what they wrote', async () => {
    const habitue = await run({ passwordCost: 10 })
    const app = await createApp(habitue.engine)
    const doc = { title: 'T', pages: [{ questions: [{ id: 'words', kind: 'text', text: 'Why?' }] }] }
    await habitue.ask('PUT', '/v1/surveys/s', doc)
    const results = async (role: string, texts: boolean) => {
      const email = `${role}@shop.example`
      const { body } = await habitue.ask('POST', '/v1/people', { name: role, email, role })
      const payload = { email, password: body.password ?? '' }
      const signedIn = await app.inject({ method: 'POST', url: '/v1/session', payload })
      const cookie = String(signedIn.headers['set-cookie']).split(';')[0]
      return (await app.inject({ url: `/v1/surveys/s/results?texts=${texts}`, headers: { cookie } })).statusCode
    }
    expect([await results('marketer', false), await results('agent', true), await results('auditor', false)]).toEqual([
      200, 200, 403,
    ])
    const { body } = await habitue.ask('POST', '/v1/people', { name: 'M', email: 'm@shop.example', role: 'marketer' })
    const signedIn = await app.inject({
      method: 'POST',
      url: '/v1/session',
      payload: { email: 'm@shop.example', password: body.password },
    })
    const cookie = String(signedIn.headers['set-cookie']).split(';')[0]
    expect((await app.inject({ url: '/v1/surveys/s/results?texts=true', headers: { cookie } })).statusCode).toBe(403)
  })
})
