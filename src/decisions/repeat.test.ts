import { expect, it } from 'vitest'
import type { Catalogue } from '../catalog/catalogue.ts'
import { repeatPolicies, repeatShares } from './repeat.ts'

const categories: Record<number, string[]> = { 1: ['Shop', 'Coffee'], 2: ['Shop', 'Books'], 3: ['Shop', 'Rare'], 4: [] }
const times = (n: number, item: number, orders: number) => Array.from({ length: n }, () => ({ item, orders }))
const pairs = [
  ...times(15, 1, 3),
  ...times(10, 1, 1),
  ...times(60, 2, 1),
  ...times(5, 3, 4),
  ...times(20, 4, 2),
  ...times(9, 4, 0),
]

it('learns how often each category is bought again, where enough is known', () => {
  expect(repeatShares(pairs, (item) => categories[item])).toEqual({
    Shop: { pairs: 90, share: 20 / 90 },
    Coffee: { pairs: 25, share: 0.6 },
    Books: { pairs: 60, share: 0 },
    '': { pairs: 20, share: 1 },
  })
})

it('believes the narrowest category that is known; a rule overrules it, and without a model nothing is repeated', () => {
  const names = ['Shop', 'Coffee', 'Books', 'Rare']
  const catalogue = {
    categoryIds: (id: number) => categories[id].map((name) => names.indexOf(name)),
    categoryName: (id: number) => names[id],
  } as unknown as Catalogue
  const serving = { repeatShares: repeatShares(pairs, (item) => categories[item]) }
  const { allows } = repeatPolicies(catalogue)
  // Of the rare ones too little is known, so the shop as a whole speaks for them.
  expect([1, 2, 3, 4].map((id) => allows(id, null, serving))).toEqual([true, false, true, true])
  expect([1, 2].map((id) => allows(id, 'learned', serving))).toEqual([true, false])
  expect(allows(1, 'never', serving)).toBe(false)
  expect(allows(2, 'always', null)).toBe(true)
  expect(allows(1, null, null)).toBe(false)
})
