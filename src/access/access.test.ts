import { describe, expect, it } from 'vitest'
import type { Database } from '../db/database.ts'
import { forEachEngine, type Open } from '../db/testing.ts'
import { type SimulatedWorld, simulatedWorld } from '../world.ts'
import { type CustomerToken, signCustomerToken, verifyCustomerToken } from './customer-token.ts'
import { hashKey } from './key.ts'
import { createKeyRing, type KeyRing } from './key-ring.ts'
import { accessHandlers, createKey, listKeys, revokeKey, rotateKey } from './store.ts'

interface Bench {
  readonly db: Database
  readonly world: SimulatedWorld
  readonly ring: KeyRing
}

async function bench(open: Open, seed = 1): Promise<Bench> {
  const world = simulatedWorld(seed)
  const db = await open(accessHandlers, { world })
  return { db, world, ring: await createKeyRing(db, world) }
}

forEachEngine((_engine, open) => {
  describe('keys', () => {
    it('are known by their text from the moment they are made', async () => {
      const { db, world, ring } = await bench(open)
      const { key, info } = await createKey(db, world, { kind: 'server', name: 'checkout' })
      expect(await ring.verify(key)).toEqual({ id: info.id, kind: 'server', name: 'checkout', origins: null })
      expect(await ring.verify(`${key}x`)).toBeNull()
      expect(await ring.verify(hashKey(key))).toBeNull()
      expect(await ring.verify('')).toBeNull()
    })

    it('are stored as hashes only', async () => {
      const { db, world } = await bench(open)
      const { key } = await createKey(db, world, { kind: 'admin', name: 'me' })
      const rows = JSON.stringify(await db.k.selectFrom('keys').selectAll().execute())
      expect(rows).not.toContain(key)
      expect(rows).toContain(hashKey(key))
      expect(JSON.stringify(await listKeys(db))).not.toContain(hashKey(key))
    })

    it('keep id and origins over a rotation, and the old text for its grace', async () => {
      const { db, world, ring } = await bench(open)
      const origins = ['https://shop.example']
      const first = await createKey(db, world, { kind: 'publishable', name: 'web', origins })
      const second = await rotateKey(db, world, first.info.id, 60_000)
      expect(second.info).toMatchObject({ id: first.info.id, origins, kind: 'publishable' })
      expect(await ring.verify(first.key)).toMatchObject({ id: first.info.id })
      expect(await ring.verify(second.key)).toMatchObject({ id: first.info.id, origins })
      world.advance(60_000)
      expect(await ring.verify(first.key)).toBeNull()
      expect(await ring.verify(second.key)).not.toBeNull()
    })

    it('without grace end at the rotation', async () => {
      const { db, world, ring } = await bench(open)
      const first = await createKey(db, world, { kind: 'server', name: 'leaked' })
      await rotateKey(db, world, first.info.id, 0)
      expect(await ring.verify(first.key)).toBeNull()
    })

    it('once revoked are dead at once, with all their texts, and stay so', async () => {
      const { db, world, ring } = await bench(open)
      const first = await createKey(db, world, { kind: 'server', name: 'old' })
      const second = await rotateKey(db, world, first.info.id, 60_000)
      await revokeKey(db, world, first.info.id)
      expect(await ring.verify(first.key)).toBeNull()
      expect(await ring.verify(second.key)).toBeNull()
      await revokeKey(db, world, first.info.id)
      await expect(rotateKey(db, world, first.info.id, 0)).rejects.toMatchObject({ code: 'conflict' })
      expect(await listKeys(db)).toMatchObject([{ id: first.info.id, revoked: world.now() }])
    })

    it('that nobody has are reported', async () => {
      const { db, world } = await bench(open)
      await expect(revokeKey(db, world, 'nothing')).rejects.toMatchObject({ code: 'not_found' })
      await expect(rotateKey(db, world, 'nothing', 0)).rejects.toMatchObject({ code: 'not_found' })
    })

    it('note when they were last used', async () => {
      const { db, world, ring } = await bench(open)
      const { key, info } = await createKey(db, world, { kind: 'server', name: 'used' })
      await ring.verify(key)
      world.advance(5_000)
      await ring.noteUse()
      expect(await listKeys(db)).toMatchObject([{ id: info.id, lastUsed: world.now() }])
    })

    it('of one process alone are never stored', async () => {
      const { db, ring } = await bench(open)
      const key = ring.ephemeral('admin', 'command line')
      expect(await ring.verify(key)).toMatchObject({ kind: 'admin', local: true })
      await ring.noteUse()
      expect(await listKeys(db)).toEqual([])
    })
  })
})

describe('customer tokens', () => {
  forEachEngine((_engine, open) => {
    const inSeconds = (world: SimulatedWorld, seconds: number) => Math.floor(world.now() / 1000) + seconds
    async function signing() {
      const { db, world, ring } = await bench(open)
      const server = await createKey(db, world, { kind: 'server', name: 'shop' })
      const secret = hashKey(server.key)
      const sign = (token: Partial<CustomerToken> & { user: string }, id = server.info.id, by = secret) =>
        signCustomerToken({ expires: inSeconds(world, 900), ...token }, id, by)
      const verify = (token: string) => verifyCustomerToken(token, ring, world.now())
      return { db, world, ring, server, secret, sign, verify }
    }

    it('say who the customer is', async () => {
      const { sign, verify, world } = await signing()
      expect(await verify(sign({ user: 'Zoë 42', email: 'zoe@example.com' }))).toEqual({
        user: 'Zoë 42',
        email: 'zoe@example.com',
        scopes: ['track', 'read'],
        expires: inSeconds(world, 900),
      })
      expect((await verify(sign({ user: '42', scopes: ['read'] }))).scopes).toEqual(['read'])
    })

    it('end: by their time, and with their server key', async () => {
      const { sign, verify, world, db, server } = await signing()
      const token = sign({ user: '42' })
      world.advance(900_000 + 59_000)
      await expect(verify(token)).resolves.toMatchObject({ user: '42' })
      world.advance(2_000)
      await expect(verify(token)).rejects.toMatchObject({ code: 'customer_token_invalid', details: { expired: true } })
      const another = sign({ user: '42', expires: inSeconds(world, 60) })
      await revokeKey(db, world, server.info.id)
      await expect(verify(another)).rejects.toThrow(/does not exist or was revoked/)
    })

    it('live through a rotation for as long as the old key does', async () => {
      const { sign, verify, world, db, server } = await signing()
      const token = sign({ user: '42' })
      const { key } = await rotateKey(db, world, server.info.id, 60_000)
      await expect(verify(token)).resolves.toMatchObject({ user: '42' })
      await expect(verify(sign({ user: '43' }, server.info.id, hashKey(key)))).resolves.toMatchObject({ user: '43' })
      world.advance(60_000)
      await expect(verify(token)).rejects.toThrow(/wrong signature/)
    })

    it('are refused when forged, tampered with, or made with a page’s key', async () => {
      const { db, world, server, secret, sign, verify } = await signing()
      const origins = ['https://shop.example']
      const page = await createKey(db, world, { kind: 'publishable', name: 'web', origins })
      const good = sign({ user: '42' })
      const [header, payload, signature] = good.split('.')
      const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const other = encode({ sub: '43', exp: inSeconds(world, 900) })
      const bad: Record<string, string> = {
        'another customer under the same signature': `${header}.${other}.${signature}`,
        'no signature': `${header}.${payload}.`,
        'alg none': `${encode({ alg: 'none', typ: 'JWT', kid: server.info.id })}.${payload}.`,
        'alg HS512': `${encode({ alg: 'HS512', kid: server.info.id })}.${payload}.${signature}`,
        'no kid': `${encode({ alg: 'HS256' })}.${payload}.${signature}`,
        'signed with the text of the key': sign({ user: '42' }, server.info.id, server.key),
        'signed with a page’s key': sign({ user: '42' }, page.info.id, hashKey(page.key)),
        'a page’s secret under the server’s name': sign({ user: '42' }, server.info.id, hashKey(page.key)),
        'a shortened signature': good.slice(0, -2),
        'too far ahead': sign({ user: '42', expires: inSeconds(world, 25 * 60 * 60) }),
        'of nobody': sign({ user: '' }),
        'not a token': 'hello',
        'far too long': `${'a'.repeat(5000)}.b.c`,
        'an empty text': '',
        'JSON null': `${Buffer.from('null').toString('base64url')}.${payload}.${signature}`,
      }
      expect(secret).toHaveLength(64)
      for (const [name, token] of Object.entries(bad)) {
        await expect(verify(token), name).rejects.toMatchObject({ code: 'customer_token_invalid' })
      }
    })
  })
})
