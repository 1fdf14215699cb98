/** What a stranger with nothing but the key of a page can and cannot do. */
import { expect, it } from 'vitest'
import type { TestDatabase } from '../db/testing.ts'
import { forEachEngine } from '../db/testing.ts'
import { claimsOf } from '../identity/claims.ts'
import { identifiersOf, resolve, resolveAlone } from '../identity/store.ts'
import type { IngestAnswer } from './event.ts'
import { openIngest, type Sent, track } from './testing.ts'

const page = { trust: 'claimed' } as const
const tokenOf = (user: string, email: string | null = null): Sent => ({ trust: 'claimed', subject: { user, email } })
const ids = async (db: TestDatabase, kind: string, value: string) =>
  (await resolve(db, { kind, value }))?.identifiers ?? null
const customerOf = async (db: TestDatabase, kind: string, value: string) =>
  (await resolve(db, { kind, value }))?.customer ?? null
const codes = ({ refused }: IngestAnswer) => refused.map(({ code }) => code)

forEachEngine((_engine, open) => {
  it('keeps what a stranger sends under his own anonymous id, whomever he claims to be', async () => {
    const { send, db, folded } = await openIngest(open)
    await send([
      track('Order Completed', { userId: 'victim', anonymousId: 'victims-phone' }),
      { type: 'identify', userId: 'victim', traits: { email: 'victim@shop.example' } },
    ])
    const before = await ids(db, 'user', 'victim')
    await send(
      [
        track('Product Viewed', { userId: 'victim', anonymousId: 'strangers' }, { product_id: 'poison' }),
        { type: 'identify', userId: 'victim', anonymousId: 'strangers', traits: { email: 'victim@shop.example' } },
        {
          type: 'identify',
          anonymousId: 'strangers',
          traits: { email: 'victim@shop.example', phone: '+491701234567' },
        },
        { type: 'alias', userId: 'victim', previousId: 'strangers', anonymousId: 'strangers' },
        { type: 'alias', userId: 'strangers', previousId: 'victim', anonymousId: 'strangers' },
        { ...track('X', { anonymousId: 'strangers' }), context: { externalIds: [{ type: 'loyalty', id: '1' }] } },
      ],
      page,
    )
    expect(await ids(db, 'user', 'victim')).toEqual(before)
    expect(await customerOf(db, 'email', 'victim@shop.example')).toBe(await customerOf(db, 'user', 'victim'))
    expect(await ids(db, 'phone', '+491701234567')).toBeNull()
    expect(await ids(db, 'loyalty', '1')).toBeNull()
    const stranger = await resolve(db, { kind: 'anonymous', value: 'strangers' })
    expect(stranger?.identifiers).toHaveLength(1)
    const poison = folded.filter(({ anonymousId }) => anonymousId === 'strangers')
    expect(new Set(poison.map(({ identifier }) => identifier))).toEqual(new Set(stranger?.identifiers))
    expect(
      poison.every(({ userId, identifiers, previousId }) => !userId && !previousId && identifiers.length === 0),
    ).toBe(true)
    expect((await claimsOf(db, stranger!)).map(({ kind, value }) => `${kind}:${value}`).sort()).toEqual([
      'email:victim@shop.example',
      'loyalty:1',
      'phone:+491701234567',
      'user:strangers',
      'user:victim',
    ])
  })

  it('refuses a page that names a customer and no visitor', async () => {
    const { send } = await openIngest(open)
    const messages = [
      track('Product Viewed', { userId: 'victim' }),
      { type: 'identify', userId: 'victim', traits: {} },
      { type: 'alias', userId: 'victim', previousId: 'x' },
      { type: 'group', userId: 'victim', groupId: 'g' },
    ]
    expect(codes(await send(messages, page))).toEqual(Array(4).fill('customer_token_required'))
  })

  it('does not take an anonymous id for a user id of the same text', async () => {
    const { send, db } = await openIngest(open)
    await send([track('Order Completed', { userId: '42' })])
    await send([track('Product Viewed', { anonymousId: '42' }, { product_id: 'poison' })], page)
    expect(await customerOf(db, 'anonymous', '42')).not.toBe(await customerOf(db, 'user', '42'))
  })

  it('lets a page ask about its own visitor id alone, even when the visitor is known by now', async () => {
    const { send, db } = await openIngest(open)
    await send([track('Product Viewed', { anonymousId: 'v' })], page)
    await send([{ type: 'identify', userId: 'u', anonymousId: 'v', traits: { email: 'u@shop.example' } }])
    expect(await ids(db, 'anonymous', 'v')).toHaveLength(3)
    expect((await resolveAlone(db, { kind: 'anonymous', value: 'v' }))?.identifiers).toHaveLength(1)
  })

  it('confirms a claim when a server names the same pair, and joins what was kept aside', async () => {
    const { send, db, folded } = await openIngest(open)
    await send([track('Product Viewed', { anonymousId: 'v', userId: 'u' })], page)
    const visitor = await customerOf(db, 'anonymous', 'v')
    expect(await customerOf(db, 'user', 'u')).toBeNull()
    await send([track('Order Completed', { anonymousId: 'other', userId: 'u' })])
    expect(await customerOf(db, 'anonymous', 'v')).toBe(visitor)
    expect(await customerOf(db, 'user', 'u')).not.toBe(visitor)
    await send([track('Order Completed', { anonymousId: 'v', userId: 'u' })])
    expect(await customerOf(db, 'anonymous', 'v')).toBe(await customerOf(db, 'user', 'u'))
    expect(await claimsOf(db, (await resolve(db, { kind: 'user', value: 'u' }))!)).toEqual([])
    await send([track('Product Viewed', { anonymousId: 'v', userId: 'u' })], page)
    expect(folded.at(-1)?.identifier).toBe((await resolveAlone(db, { kind: 'anonymous', value: 'v' }))?.identifiers[0])
    expect(await db.k.selectFrom('claims').selectAll().where('confirmed', 'is', null).execute()).toEqual([])
  })

  it('keeps the claims of another person on a known device off the owner, until a server confirms the pair', async () => {
    const { send, db, folded } = await openIngest(open)
    await send([track('Order Completed', { userId: 'owner', anonymousId: 'tablet' })])
    await send([track('Product Viewed', { userId: 'second', anonymousId: 'tablet' }, { product_id: 'a' })], page)
    const apart = folded.at(-1)!
    const owner = (await resolve(db, { kind: 'user', value: 'owner' }))!
    expect(owner.identifiers).not.toContain(apart.identifier)
    await send([track('Order Completed', { userId: 'second', anonymousId: 'tablet' })])
    const second = (await resolve(db, { kind: 'user', value: 'second' }))!
    expect(second.customer).not.toBe(owner.customer)
    expect(second.identifiers).toContain(apart.identifier)
    await send([track('Product Viewed', { userId: 'second', anonymousId: 'tablet' }, { product_id: 'b' })], page)
    expect(folded.at(-1)).toMatchObject({ identifier: apart.identifier, customer: second.customer })
    expect(await customerOf(db, 'anonymous', 'tablet')).toBe(owner.customer)
  })

  it('confirms a pair before the page claims it, too', async () => {
    const { send, db, folded } = await openIngest(open)
    await send([
      track('A', { userId: 'owner', anonymousId: 'tablet' }),
      track('B', { userId: 'second', anonymousId: 'tablet' }),
    ])
    await send([track('C', { userId: 'second', anonymousId: 'tablet' })], page)
    expect(folded.at(-1)?.customer).toBe(await customerOf(db, 'user', 'second'))
  })

  it('believes a customer token for its own customer, and for nobody else', async () => {
    const { send, db, folded } = await openIngest(open)
    await send([track('Order Completed', { userId: 'victim', anonymousId: 'victims-phone' })])
    const token = tokenOf('u', 'u@shop.example')
    await send(
      [
        {
          type: 'identify',
          userId: 'u',
          anonymousId: 'v',
          traits: { email: 'U@shop.example', phone: '+491701234567' },
        },
      ],
      token,
    )
    const own = (await resolve(db, { kind: 'user', value: 'u' }))!
    expect((await identifiersOf(db, own)).map(({ kind }) => kind).sort()).toEqual(['anonymous', 'email', 'user'])
    expect((await claimsOf(db, own)).map(({ kind }) => kind)).toEqual(['phone'])
    const answer = await send(
      [
        track('X', { userId: 'victim' }),
        track('Y', { userId: 'victim', anonymousId: 'v' }),
        { type: 'alias', userId: 'u', previousId: 'victim', anonymousId: 'v' },
      ],
      token,
    )
    expect(codes(answer)).toEqual(['customer_token_required'])
    expect(folded.at(-2)?.customer).not.toBe(await customerOf(db, 'user', 'victim'))
    expect(await customerOf(db, 'user', 'victim')).not.toBe(own.customer)
  })

  it('listens to only so many claims of one visitor', async () => {
    const { send, db } = await openIngest(open)
    await send(
      Array.from({ length: 50 }, (_, i) => track('X', { anonymousId: 'v', userId: `u${i}` })),
      page,
    )
    expect(await db.k.selectFrom('claims').selectAll().execute()).toHaveLength(20)
  })
})
