import { describe, expect, it } from 'vitest'
import { seededRandom } from '../world.ts'
import { best, firstAllowed, onePerGroup, pageToken, shownBefore } from './rank.ts'

describe('best', () => {
  it('is the head of a plain sort, equal scores by lower id, of the allowed (property, seeded)', () => {
    const random = seededRandom(11)
    for (let round = 0; round < 300; round++) {
      // Of the longer lists the kernel's choice may be spent before enough are found.
      const n = Math.floor(random() * (round % 30 === 0 ? 3000 : 60))
      const count = 1 + Math.floor(random() * 20)
      // Few distinct scores, so that many are equal; some items are not in the running.
      const draw = () =>
        random() < 0.1 ? Number.NEGATIVE_INFINITY : random() < 0.05 ? Number.NaN : Math.floor(random() * 6) - 3
      const scores = Float32Array.from({ length: n }, draw)
      const ids = Int32Array.from({ length: n }, (_, i) => i * 2 + 1)
      const share = random()
      const fits = ids.map(() => (random() < share ? 1 : 0))
      const hidden = Int32Array.from(fits.keys()).filter((i) => fits[i] === 0 && random() < 0.5)
      const allows = (id: number) => fits[(id - 1) / 2] === 1
      const plain = Array.from(ids, (id, i) => ({ id, score: scores[i] }))
        .filter(({ id, score }) => score > Number.NEGATIVE_INFINITY && allows(id))
        .sort((a, b) => b.score - a.score || a.id - b.id)
        .slice(0, count)
      expect(best(scores, ids, count, { allows, hidden })).toEqual(plain)
    }
  })

  it('asks only about what would enter', () => {
    const asked: number[] = []
    const scores = Float32Array.from([5, 4, 3, 2, 1])
    best(scores, Int32Array.from([1, 2, 3, 4, 5]), 2, {
      allows: (id: number) => asked.push(id) > 0,
      hidden: Int32Array.from([1]),
    })
    expect(asked).toEqual([1, 3])
  })
})

it('takes the first that are allowed of a sorted list', () => {
  const sorted = [1, 2, 3, 4].map((id) => ({ id, score: -id }))
  expect(firstAllowed(sorted, 2, (id) => id !== 1).map(({ id }) => id)).toEqual([2, 3])
})

it('keeps the first of each group, and those without one', () => {
  const groups = [-1, 7, 7, -1, 8, 9]
  const list = groups.map((_, id) => ({ id, score: 0 }))
  expect(onePerGroup(list, (id) => groups[id], new Set([9])).map(({ id }) => id)).toEqual([0, 1, 3, 4])
})

describe('page tokens', () => {
  it('give back what was shown', () => {
    const shown = [1, 70_000, 3, 2 ** 31 - 1]
    expect(shownBefore(pageToken(shown))).toEqual(shown)
    expect(shownBefore(undefined)).toEqual([])
  })

  it.each(['', 'x', 'AQAAAA==', 'AQAAAAA', '%%%%%%', 'AQAA AA', '😀😀'])('refuse %j', (token) => {
    expect(() => shownBefore(token)).toThrowError(expect.objectContaining({ code: 'invalid_body' }))
  })
})
