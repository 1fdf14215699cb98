import { expect, it } from 'vitest'
import { blend } from '../models/blend.ts'
import { unwatched } from '../models/pace.ts'
import { seededRandom, systemWorld } from '../world.ts'
import { evaluateGrowth, type GrowthPoint } from './growth.ts'
import { growthPlot } from './growth-plot.ts'

/** Customers of four tastes among forty items, ten choices each. */
function interactions(customers: number) {
  const random = seededRandom(3)
  const users: number[] = []
  const items: number[] = []
  for (let user = 0; user < customers; user++) {
    const own = new Set<number>()
    while (own.size < 10) own.add((user % 4) + 4 * Math.floor(random() * (random() < 0.9 ? 10 : 2)))
    for (const item of own) {
      users.push(user)
      items.push(item)
    }
  }
  const times = Float64Array.from(users, (_, e) => 1e12 + e * 60_000)
  return { users: Int32Array.from(users), items: Int32Array.from(items), times }
}

it('is popularity on a handful of events, and leaves it behind with more; the curve is a picture', async () => {
  const points: GrowthPoint[] = []
  const input = { interactions: interactions(250), users: 250, items: 40, most: 1_000 }
  const request = { kind: blend as never, set: {}, seed: 1, progress: unwatched(), world: systemWorld }
  for await (const point of evaluateGrowth(input, request)) points.push(point)
  expect(points.map(({ events }) => events)).toEqual([100, 300, 1_000])
  expect(points[0]).toMatchObject({ members: ['popularity'], low: 0, high: 0 })
  for (const { high } of points) expect(high).toBeGreaterThanOrEqual(0)
  expect(points[2].low).toBeGreaterThan(0)
  expect(points[2].blend).toBeGreaterThan(points[2].popularity)
  const svg = growthPlot(points, 'Quality')
  expect(svg).toContain('1000 events of')
  expect(svg).not.toContain('NaN')
}, 60_000)
