import { describe, expect, it } from 'vitest'
import { type Customer, Links, type Member, mostIdentifiers, mostMerges } from './links.ts'

let ids = 0
const member = (kind: string, value: string, firstSeen = 0): Member => {
  return { id: ++ids, kind, value, customer: null, firstSeen, lastSeen: firstSeen, changed: false }
}
const customer = (...members: Member[]): Customer => {
  const one: Customer = { id: ++ids, created: 0, members: new Set(members), merges: 0, stamp: null }
  for (const each of members) each.customer = one
  return one
}
const crowd = (size: number) => Array.from({ length: size }, (_, i) => member('claim', `${i}`))

describe('links', () => {
  it('let the weakest go first', () => {
    const [user, email, visitor] = [member('user', 'u'), member('email', 'e'), member('anonymous', 'a')]
    const [first, other] = [customer(user), customer(member('user', 'other'), visitor)]
    const { strongest, demoted } = new Links([]).join([visitor, email, user], 0, 'test')
    expect(strongest).toBe(user)
    expect(demoted).toEqual([visitor])
    expect(email.customer).toBe(first)
    expect(visitor.customer).toBe(other)
  })

  it('keep the known customer of two, and the older of two unknown', () => {
    const [old, young, user] = [member('anonymous', 'old'), member('email', 'young'), member('user', 'u')]
    const [oldest] = [customer(old), customer(young)]
    const known = customer(user)
    const links = new Links([])
    links.join([young, old], 0, 'test')
    expect(young.customer).toBe(oldest)
    links.join([old, user], 0, 'test')
    expect([old.customer, young.customer]).toEqual([known, known])
    expect(links.merges.map(({ moved }) => moved.length)).toEqual([1, 2])
  })

  it('start a customer for a new identifier that may not join', () => {
    const known = customer(member('user', 'u'), ...crowd(mostIdentifiers - 1))
    const [visitor] = [member('anonymous', 'v')]
    const { demoted } = new Links([]).join([[...known.members][0], visitor], 0, 'test')
    expect(demoted).toEqual([visitor])
    expect(visitor.customer?.members).toEqual(new Set([visitor]))
  })

  it('bound what one customer is made of', () => {
    const user = member('user', 'u')
    const known = customer(user)
    known.merges = mostMerges
    const visitor = member('anonymous', 'v')
    customer(visitor)
    expect(new Links([]).join([user, visitor], 0, 'test').demoted).toEqual([visitor])
    known.merges = mostMerges - 1
    expect(new Links([]).join([user, visitor], 0, 'test').demoted).toEqual([])
  })

  it('do not join what a person parted, whoever names it', () => {
    const [user, email, visitor] = [member('user', 'u'), member('email', 'e'), member('anonymous', 'a')]
    customer(user)
    customer(email, visitor)
    const links = new Links([{ anchor: user.id, moved: [email.id] }])
    expect(links.join([visitor, user], 0, 'test').demoted).toEqual([visitor])
  })
})
