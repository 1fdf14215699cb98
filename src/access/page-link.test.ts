import { describe, expect, it } from 'vitest'
import { forEachEngine } from '../db/testing.ts'
import { simulatedWorld } from '../world.ts'
import { codeLifeMs, pageCodeHandlers, waitingCodes } from './page-codes.ts'
import { linkDigest, type PageKeys, pageKeys, proofMs } from './page-link.ts'

const hour = 60 * 60_000
const who = { kind: 'user', value: 'Ada Lovelace' }

forEachEngine((_name, open) => {
  const world = simulatedWorld(5)
  const seal = (keys: PageKeys, value = who.value) =>
    keys.seal({ who: { kind: 'user', value }, expires: world.now() + hour }, world.bytes(12))

  describe('a link to a page', () => {
    it('opens for whom it was made until its end, and says nothing of either', async () => {
      const keys = await pageKeys(await open({}))
      const token = seal(keys)
      expect(keys.open(token, world.now())).toEqual({ who, expires: world.now() + hour })
      expect(Buffer.from(token, 'base64url').toString('latin1')).not.toMatch(/Ada|user/)
      expect(() => keys.open(token, world.now() + hour)).toThrow('expired')
      expect(() => seal(keys, 'x'.repeat(400))).toThrow('longer')
    })

    it('cannot be changed in any character, or spelled in another way', async () => {
      const keys = await pageKeys(await open({}))
      const token = seal(keys)
      for (let i = 0; i < token.length; i++) {
        const changed = `${token.slice(0, i)}${token[i] === 'A' ? 'B' : 'A'}${token.slice(i + 1)}`
        expect(() => keys.open(changed, world.now())).toThrow('not one of this shop')
      }
      for (const odd of ['', 'x', `${token}=`, `${token}.`, token.slice(0, -1), token.slice(0, 20)])
        expect(() => keys.open(odd, world.now())).toThrow('not one of this shop')
    })

    it('has words and proofs of its own, that do for no other link and are no link', async () => {
      const keys = await pageKeys(await open({}))
      const [token, other] = [seal(keys), seal(keys)]
      const until = world.now() + proofMs
      const proof = keys.proof(token, until)
      expect(keys.isFormWord(token, keys.formWord(token))).toBe(true)
      expect(keys.isProof(token, proof, world.now())).toBe(true)
      for (const word of ['', keys.formWord(other), proof, token]) expect(keys.isFormWord(token, word)).toBe(false)
      expect(keys.isProof(other, proof, world.now())).toBe(false)
      expect(keys.isProof(token, proof, until)).toBe(false)
      expect(keys.isProof(token, proof.replace(/^\d+/, String(until + hour)), world.now())).toBe(false)
      for (const odd of ['', '.', keys.formWord(token), `${until}.`])
        expect(keys.isProof(token, odd, world.now())).toBe(false)
    })
  })

  describe('a code', () => {
    const shop = async () => {
      const db = await open(pageCodeHandlers)
      let ids = 0
      const ask = (customer: number, link = 'link') =>
        db.write('access.askPageCode', { id: `c${ids++}`, customer, link: linkDigest(link), now: world.now() })
      const give = (code: string, link = 'link') =>
        db.write<boolean>('access.tryPageCode', { link: linkDigest(link), code, now: world.now() })
      const waiting = () => waitingCodes(db, world.now())
      return { db, ask, give, waiting }
    }

    it('is good once, for its link, within its time', async () => {
      const { ask, give, waiting } = await shop()
      await ask(1)
      const [{ code, customer }] = await waiting()
      expect([customer, code]).toEqual([1, expect.stringMatching(/^\d{6}$/)])
      expect(await give(code, 'another link')).toBe(false)
      expect(await give(code)).toBe(true)
      expect(await give(code)).toBe(false)
      expect(await waiting()).toEqual([])

      await ask(1)
      const [late] = await waiting()
      world.advance(codeLifeMs)
      expect(await waiting()).toEqual([])
      expect(await give(late.code)).toBe(false)
    })

    it('is dead after five wrong tries, and when a newer one was asked for', async () => {
      const { db, ask, give, waiting } = await shop()
      await ask(1)
      const [first] = await waiting()
      const wrong = first.code === '000000' ? '000001' : '000000'
      for (let i = 0; i < 5; i++) expect(await give(wrong)).toBe(false)
      expect(await give(first.code)).toBe(false)
      await ask(1)
      const [second] = await waiting()
      await ask(1)
      expect(await give(second.code)).toBe(false)
      const [third] = await waiting()
      expect(await db.write('access.sentPageCode', { id: third.id })).toBe(true)
      expect(await db.write('access.sentPageCode', { id: third.id })).toBe(false)
      expect(await waiting()).toEqual([])
      expect(await give(third.code)).toBe(true)
    })

    it('is asked for three times an hour at most, by each customer for himself, and stands nowhere', async () => {
      const { db, ask, waiting } = await shop()
      for (let i = 0; i < 3; i++) await ask(1)
      await expect(ask(1)).rejects.toMatchObject({ code: 'rate_limited' })
      await ask(2)
      const rows = JSON.stringify(await db.k.selectFrom('page_codes').selectAll().execute())
      for (const { code } of await waiting()) expect(rows).not.toContain(code)
      world.advance(hour)
      await ask(1)
      expect(await db.k.selectFrom('page_codes').select('customer').execute()).toEqual([{ customer: 1 }])
    })
  })
})
