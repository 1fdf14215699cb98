/** Decisions are written behind: who withdraws is named neither in what is written nor in what still waits. */
import { expect, it } from 'vitest'
import { forEachRunning } from './running.ts'

forEachRunning((_engine, run) => {
  it.each([
    ['still wait', 0],
    ['are written', 600],
  ])('who withdraws is in no decision of before, where they %s, also if he agrees again', async (_, pauseMs) => {
    const habitue = await run({ legalBasis: null })
    await habitue.ask('POST', '/v1/items', [{ id: 'tea', title: 'Tea' }])
    const customers = Array.from({ length: 40 }, (_, n) => `customer-${n}`)
    const answer = (event: string, userId: string) => ({
      type: 'track',
      event,
      userId,
      messageId: `${event} ${userId} ${count++}`,
      properties: { purposes: ['personalisation'] },
    })
    let count = 0
    const all = [...customers, 'faithful']
    await habitue.ask('POST', '/v1/batch', { batch: all.map((user) => answer('Consent Given', user)) })
    const decide = (customer: string) => habitue.ask('POST', '/v1/recommendations', { customer, placement: 'new' })
    const decided = await Promise.all(all.map(decide))
    expect(decided.every(({ status }) => status === 200)).toBe(true)
    const batch = customers.flatMap((user, n) => [
      answer('Consent Withdrawn', user),
      ...(n % 2 === 0 ? [] : [answer('Consent Given', user)]),
    ])
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    expect((await habitue.ask('POST', '/v1/batch', { batch })).body).toEqual({ success: true })
    const decisions = async (user: string) => {
      const { body } = await habitue.ask('GET', `/v1/customers/${user}/decisions`)
      return body.decisions.map(({ decisionId }: { decisionId: string }) => decisionId)
    }
    await expect.poll(() => decisions('faithful'), { timeout: 5000 }).toHaveLength(1)
    for (const user of customers) expect(await decisions(user), user).toEqual([])
    // What is decided afterwards is his again, where he agreed again.
    await decide('customer-1')
    await expect.poll(() => decisions('customer-1'), { timeout: 5000 }).toHaveLength(1)
  })
})
