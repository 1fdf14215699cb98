import { describe, expect, it } from 'vitest'
import { simulatedWorld } from '../world.ts'
import { checkOrigins, hashKey, newKeyId, newKeyText, originAllowed, sameDigest } from './key.ts'

describe('the text of a key', () => {
  it('names its kind and id, and holds 256 random bits', () => {
    const world = simulatedWorld(1)
    const id = newKeyId(world)
    const [kind, named, ...secret] = newKeyText(world, 'server', id).split('_')
    expect([kind, named]).toEqual(['hbs', id])
    expect(Buffer.from(secret.join('_'), 'base64url')).toHaveLength(32)
  })

  it('is another one each time, and so is its hash', () => {
    const world = simulatedWorld(1)
    const texts = Array.from({ length: 100 }, () => newKeyText(world, 'publishable', newKeyId(world)))
    expect(new Set(texts.map(hashKey)).size).toBe(100)
  })

  it('is compared by digests of equal length only', () => {
    expect(sameDigest(hashKey('a'), hashKey('a'))).toBe(true)
    expect(sameDigest(hashKey('a'), hashKey('b'))).toBe(false)
    expect(sameDigest(hashKey('a'), hashKey('a').slice(1))).toBe(false)
  })
})

describe('origins of a key', () => {
  it('are brought to one form', () => {
    const given = [
      'HTTPS://Shop.Example',
      'https://shop.example:443',
      'http://localhost:8080',
      'https://*.shop.example',
    ]
    expect(checkOrigins('publishable', given)).toEqual([
      'https://shop.example',
      'http://localhost:8080',
      'https://*.shop.example',
    ])
  })

  it.each([
    ['shop.example'],
    ['https://shop.example/path'],
    ['https://user@shop.example'],
    ['https://shop.example?x=1'],
    ['*'],
    ['https://*'],
    ['https://*.*.example'],
    ['file:///etc/passwd'],
    ['null'],
    [''],
  ])('refuse %j', (origin) => {
    expect(() => checkOrigins('publishable', [origin])).toThrow(/expected an origin/)
  })

  it('are needed by a publishable key, and by no other', () => {
    expect(() => checkOrigins('publishable', [])).toThrow(/needs at least one origin/)
    expect(() => checkOrigins('publishable', null)).toThrow(/needs at least one origin/)
    expect(() => checkOrigins('server', ['https://shop.example'])).toThrow(/Only a publishable key/)
    expect(checkOrigins('server', null)).toBeNull()
  })

  it('hold exactly, or below a domain', () => {
    const origins = ['https://shop.example', 'https://*.brand.example:8443']
    const allowed = (origin: string) => originAllowed(origins, origin)
    expect(allowed('https://shop.example')).toBe(true)
    expect(allowed('https://a.b.brand.example:8443')).toBe(true)
    for (const other of [
      'http://shop.example',
      'https://shop.example.evil.example',
      'https://evilshop.example',
      'https://brand.example:8443',
      'https://.brand.example:8443',
      'https://a.brand.example',
      'https://evilbrand.example:8443',
      'null',
      '',
    ]) {
      expect(allowed(other), other).toBe(false)
    }
  })
})
