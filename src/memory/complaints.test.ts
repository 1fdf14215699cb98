import { expect, it } from 'vitest'
import { forEachEngine } from '../db/testing.ts'
import { exampleNow, openIngest, statedPolicy, track } from '../events/testing.ts'
import { resolve } from '../identity/store.ts'
import { marketingSilencedBy, openComplaints } from './complaints.ts'
import { examplePermit } from './example-memory.ts'
import { memoryFolds } from './fold.ts'

forEachEngine((_engine, open) => {
  it('keeps marketing silent from the first open complaint until the last is resolved', async () => {
    const { db, send } = await openIngest(open, statedPolicy, memoryFolds)
    const at = (minutes: number) => ({
      userId: 'zoe',
      timestamp: new Date(exampleNow + minutes * 60_000).toISOString(),
    })
    const complain = (id: string, minutes: number) =>
      track('Complaint Received', at(minutes), { complaint_id: id, text: id })
    const solve = (id: string, minutes: number) => track('Complaint Resolved', at(minutes), { complaint_id: id })
    const silence = async () => {
      const { customer, identifiers } = (await resolve(db, { kind: 'user', value: 'zoe' }))!
      const permit = examplePermit(customer, identifiers)
      return {
        by: await marketingSilencedBy(db, permit, exampleNow),
        open: await openComplaints(db, permit, exampleNow),
      }
    }
    await send([track('Product Viewed', at(0), { product_id: 'a' })])
    expect(await silence()).toEqual({ by: null, open: [] })
    await send([complain('leak', 1), complain('crack', 2)])
    expect(await silence()).toMatchObject({
      by: { reason: 'open-complaint', since: exampleNow + 60_000 },
      open: [{ subject: 'crack' }, { subject: 'leak' }],
    })
    await send([solve('leak', 3)])
    expect(await silence()).toMatchObject({ by: { since: exampleNow + 120_000 }, open: [{ subject: 'crack' }] })
    await send([solve('crack', 4)])
    expect(await silence()).toEqual({ by: null, open: [] })
    // The order of arrival does not matter: this one was resolved before it was heard of.
    await send([solve('noise', 6)])
    await send([complain('noise', 5)])
    expect((await silence()).by).toBeNull()
  })
})
