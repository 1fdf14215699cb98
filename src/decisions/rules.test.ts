import { describe, expect, it } from 'vitest'
import { proposed } from './proposed.ts'
import type { Allowance } from './rank.ts'
import { admits, checkRule, compileRule, lay, pins, type Rule, repeatPolicyOf, rulesFor, weigh } from './rules.ts'

/** Item n is called `i${n}`; even items are of category `even`. */
const catalogue = {
  idOf: (name: string) => (/^i\d+$/.test(name) ? Number(name.slice(1)) : undefined),
  compileFilter: () => (id: number) => id % 2 === 0,
}
const compiled = (...rules: Omit<Rule, 'id'>[]) =>
  rules.map((rule, i) => compileRule(checkRule({ id: `r${i}`, ...rule }), catalogue))
const list = (...ids: number[]) => ids.map((id, i) => ({ id, score: ids.length - i }))
const ids = (candidates: readonly { id: number }[]) => candidates.map(({ id }) => id)
const all = () => true

describe('pin', () => {
  it('puts items in their places, those without one first, and never twice', () => {
    const rules = compiled({ kind: 'pin', items: ['i9'] }, { kind: 'pin', items: ['i4', 'i8'], position: 3 })
    const pinned = pins(rules, all)
    expect(ids(lay(list(1, 2, 3), pinned))).toEqual([9, 1, 4, 8, 2, 3])
    expect(ids(lay([], pinned))).toEqual([9, 4, 8])
    expect(
      ids(pins(compiled({ kind: 'pin', items: ['i4'] }, { kind: 'pin', items: ['i4'], position: 2 }), all)),
    ).toEqual([4])
  })

  it('gives a stated place before one that is free, and the next one where two want the same', () => {
    const rules = compiled(
      { kind: 'pin', items: ['i7'] },
      { kind: 'pin', items: ['i8'], position: 1 },
      { kind: 'pin', items: ['i9'], position: 1 },
    )
    expect(ids(lay(list(1, 2), pins(rules, all)))).toEqual([8, 9, 7, 1, 2])
  })

  it('counts places over pages, leaves out what may not be shown, and names the rule', () => {
    const pinned = pins(compiled({ kind: 'pin', items: ['i9', 'i7'], position: 12 }), (id) => id !== 7)
    expect(lay(list(1, 2, 3), pinned, 10)).toMatchObject([{ id: 1 }, { id: 9, rule: 'r0' }, { id: 2 }, { id: 3 }])
  })
})

describe('boost and bury', () => {
  it('change the order by factors over a common scale, and keep it without them', () => {
    const candidates = list(1, 2, 3, 5, 8)
    weigh(
      candidates,
      compiled({ kind: 'boost', items: ['i5'], factor: 3 }, { kind: 'bury', items: ['i1'], factor: 0.1 }),
    )
    expect(ids(candidates)).toEqual([5, 2, 3, 8, 1])
    expect(candidates[0]).toMatchObject({ rule: 'r0' })
    // What is shown although it was buried is shown for what speaks for it.
    expect(candidates[4]).not.toHaveProperty('rule')
  })

  it('lift what is not among the best without them', () => {
    const everything = list(...Array.from({ length: 1000 }, (_, i) => i + 1))
    const propose = (_: unknown, pool: number, { allows }: Allowance) => ({
      candidates: everything.filter(({ id }) => allows(id)).slice(0, pool),
      personalised: false,
      reasonOf: () => ({ kind: 'popular' as const }),
    })
    const order = (...rules: Omit<Rule, 'id'>[]) => {
      const { candidates } = proposed(
        propose,
        {} as never,
        20,
        { allows: all, hidden: new Int32Array(0) },
        compiled(...rules),
      )
      weigh(candidates, compiled(...rules))
      return ids(candidates)
    }
    expect(order({ kind: 'boost', items: ['i901'], factor: 100 })[0]).toBe(901)
    const odd = order({ kind: 'bury', filter: { categories: ['even'] }, factor: 0.001 })
    expect(odd.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, i) => 2 * i + 1))
  })
})

describe('which items and when', () => {
  it('exclude leaves out; each require must hold', () => {
    const rules = compiled(
      { kind: 'require', filter: { categories: ['even'] } },
      { kind: 'require', items: ['i2', 'i3', 'i4'] },
      { kind: 'exclude', items: ['i4', 'unknown'] },
    )
    expect([1, 2, 3, 4, 6].filter((id) => admits(rules, id))).toEqual([2])
  })

  it('holds from a time until just before another, in its placements', () => {
    const rules = compiled({ kind: 'exclude', items: ['i1'], from: 100, until: 200, placements: ['home'] })
    const held = (placement: 'home' | 'new', now: number) => rulesFor(rules, placement, now).length
    expect([99, 100, 199, 200].map((now) => held('home', now))).toEqual([0, 1, 1, 0])
    expect(held('new', 150)).toBe(0)
  })

  it('takes the last policy that is about an item', () => {
    const rules = compiled(
      { kind: 'repeat', policy: 'never', filter: { categories: ['even'] } },
      { kind: 'repeat', policy: 'always', items: ['i2'] },
    )
    expect([1, 2, 4].map((id) => repeatPolicyOf(rules, id))).toEqual([null, 'always', 'never'])
  })

  it.each([
    [{ kind: 'boost', items: ['i1'], factor: 0.5 }, 'factor'],
    [{ kind: 'bury', items: ['i1'], factor: 2 }, 'factor'],
    [{ kind: 'pin', filter: {} }, 'items'],
    [{ kind: 'pin', items: ['i1'], position: 0 }, 'position'],
    [{ kind: 'exclude' }, 'items'],
    [{ kind: 'exclude', filter: 'red' }, 'filter'],
    [{ kind: 'exclude', items: ['i1'], from: 5, until: 5 }, 'until'],
    [{ kind: 'exclude', items: ['i1'], placements: ['nowhere'] }, 'placements'],
    [{ kind: 'repeat', items: ['i1'], policy: 'perhaps' }, 'policy'],
    [{ kind: 'hide', items: ['i1'] }, 'kind'],
  ])('refuses %j and says which field', (rule, field) => {
    expect(() => checkRule({ id: 'x', ...rule })).toThrowError(
      expect.objectContaining({ code: 'invalid_rule', details: expect.objectContaining({ field }) }),
    )
  })
})
