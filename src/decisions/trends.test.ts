import { expect, it } from 'vitest'
import { type ItemDay, trendsOf } from './trends.ts'

const scale = { view: 1, cart: 2, buy: 5 }
const day = (item: number, at: number, views: number, bought = 0): ItemDay => ({
  item,
  day: at,
  views,
  carts: 0,
  bought,
})
const ids = (list: readonly { id: number }[]) => list.map(({ id }) => id)

it('counts what is old less, and a purchase more than a view', () => {
  const { popular } = trendsOf([day(1, 1000, 10), day(2, 700, 20), day(3, 1000, 0, 3)], scale)
  expect(ids(popular)).toEqual([3, 1, 2])
  // 300 days are five half-lives.
  expect(popular[2].score).toBeCloseTo(20 / 32)
})

it('sees what rises above what the weeks before promised, and no chance rise', () => {
  const before = Array.from({ length: 28 }, (_, i) => day(1, 966 + i, 10))
  const steady = Array.from({ length: 7 }, (_, i) => day(1, 994 + i, 10))
  const { trending } = trendsOf([...before, ...steady, day(2, 999, 30), day(3, 1000, 2)], scale)
  expect(ids(trending)).toEqual([2])
})

it('counts an item under all its names', () => {
  const days = [day(1, 1000, 4), day(2, 1000, 5), day(9, 1000, 2)]
  expect(trendsOf(days, scale, (id) => (id === 9 ? 1 : id)).popular).toEqual([
    { id: 1, score: 6 },
    { id: 2, score: 5 },
  ])
})

it('is empty where nothing happened', () => {
  expect(trendsOf([], scale)).toEqual({ popular: [], trending: [] })
})
