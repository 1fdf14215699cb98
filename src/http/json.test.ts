import { describe, expect, it } from 'vitest'
import { seededRandom } from '../world.ts'
import { jsonText, malformedJson } from './json.ts'

describe('the position in malformed JSON', () => {
  it.each([
    ['{"a":1,}', 7],
    ['{"a" 1}', 5],
    ['{a:1}', 1],
    ["{'a':1}", 1],
    ['[1,2', 4],
    ['[1 2]', 3],
    ['[1,]', 3],
    ['{"a":tru}', 5],
    ['{"a":01}', 6],
    ['{"a":NaN}', 5],
    ['{"a":"x\ny"}', 5],
    ['{"a":"\\q"}', 5],
    ['{} {}', 3],
    ['}', 0],
    ['  ', 0],
    ['"abc', 0],
    ['[1}', 2],
    ['1.', 1],
  ])('%j is %i', (text, position) => {
    expect(malformedJson(text).details.position).toBe(position)
  })

  it('is told with line and column', () => {
    expect(malformedJson('{\n  "a": x\n}').message).toContain('unexpected "x" at position 9 (line 2, column 8)')
  })

  it('is found in long texts without running out of stack', () => {
    const text = `{"a":"${'x\\n'.repeat(1_000_000)}", ${'[['.repeat(100_000)}`
    expect(malformedJson(text).details.position).toBe(text.indexOf(', [') + 2)
  })

  it('never is where the text is still good: what comes before can be continued (seeded)', () => {
    const random = seededRandom(5)
    const good = JSON.stringify({ a: [1, -2.5e3, null, true, { b: 'x"\\ é' }], c: {}, d: [] })
    for (let round = 0; round < 500; round++) {
      const at = Math.floor(random() * good.length)
      const broken = good.slice(0, at) + String.fromCharCode(32 + Math.floor(random() * 95)) + good.slice(at + 1)
      let valid = true
      try {
        JSON.parse(broken)
      } catch {
        valid = false
      }
      if (valid) continue
      const { position } = malformedJson(broken).details as { position: number }
      // The first difference may still be grammatical; before the text in which it stands nothing can be wrong.
      expect(position).toBeGreaterThanOrEqual(Math.max(0, good.lastIndexOf('"', at - 1) - 12))
      expect(position).toBeLessThanOrEqual(broken.length)
    }
  })
})

describe('bytes of a body', () => {
  it('must be UTF-8; the first byte that is not is named', () => {
    const bytes = Buffer.from([0x22, 0xc3, 0xa9, 0xff, 0x22])
    expect(() => jsonText(bytes)).toThrow(/not valid UTF-8 at byte 3/)
    expect(() => jsonText(Buffer.from([0xed, 0xa0, 0x80]))).toThrow(/not valid UTF-8 at byte 0/)
  })

  it('may nest 64 deep, and brackets within texts do not count', () => {
    const nested = (depth: number) => Buffer.from('['.repeat(depth) + ']'.repeat(depth))
    expect(jsonText(nested(64))).toHaveLength(128)
    expect(() => jsonText(nested(65))).toThrow(/more than 64 levels/)
    expect(jsonText(Buffer.from(JSON.stringify(`${'['.repeat(1000)}\\"{{`)))).toContain('[[[')
  })
})
