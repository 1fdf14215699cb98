import { describe, expect, it } from 'vitest'
import { content } from '../models/content.ts'
import { matrixFromTriples } from '../models/matrix.ts'
import type { TrainingData } from '../models/model.ts'
import { neighbours } from '../models/neighbours.ts'
import { unwatched } from '../models/pace.ts'
import { seededRandom } from '../world.ts'
import { itemTrust, learnTrust, usualTrust } from './nearby-trust.ts'

const ITEMS = 120

/** Each chooses an item, and next one that goes with it as `next` says; items are described as one of 12 kinds. */
function shop(customers: number, next: (item: number, random: () => number, k: number) => number): TrainingData {
  const random = seededRandom(6)
  const users: number[] = []
  const items: number[] = []
  const times: number[] = []
  for (let c = 0; c < customers; c++) {
    let item = Math.floor(random() * ITEMS)
    for (let k = 0; k < 4; k++) {
      users.push(c)
      items.push(item)
      times.push(1000 * (k + 1))
      item = next(item, random, k)
    }
  }
  const triples = {
    users: Int32Array.from(users),
    items: Int32Array.from(items),
    times: Float64Array.from(times),
  }
  const described = Array.from({ length: ITEMS }, (_, i) => i)
  return {
    ...matrixFromTriples(triples, customers, ITEMS),
    content: {
      title: described.map((i) => `kind${i % 12} thing`),
      categories: described.map((i) => [`kind${i % 12}`]),
    },
    now: 0,
    seed: 3,
  }
}

async function learned(data: TrainingData) {
  const alike = await content.fit(data, content.defaults, unwatched())
  const counted = (held: TrainingData) => neighbours.fit(held, neighbours.defaults, unwatched())
  return learnTrust(data, alike, counted, unwatched())
}

describe('trust in counts against descriptions', () => {
  it('rises where customers follow what nobody described', async () => {
    // The item 7 further on is of another kind.
    const { trust, report } = await learned(
      shop(600, (item, random) => (random() < 0.9 ? item + 7 : item + 12) % ITEMS),
    )
    expect(trust.item).toBeLessThan(usualTrust.item)
    const [item] = report
    expect(item).toMatchObject({ placement: 'item', trust: trust.item, customers: 600 })
    expect(item.gain.low).toBeGreaterThan(0)
  })

  it('falls where they stay with its like, whatever others chose', async () => {
    const like = (item: number, random: () => number) => (item + 12 * (1 + Math.floor(random() * 9))) % ITEMS
    const { trust, report } = await learned(
      shop(400, (item, random, k) => (k === 2 ? like(item, random) : Math.floor(random() * ITEMS))),
    )
    expect([trust.item > usualTrust.item, trust.cart < usualTrust.cart]).toEqual([true, true])
    expect(report.map(({ gain }) => gain.low > 0)).toEqual([true, true])
  })

  it('stays as usual where chance would do as well, and where there are too few to tell', async () => {
    const anything = (_: number, random: () => number) => Math.floor(random() * ITEMS)
    expect((await learned(shop(400, anything))).trust).toEqual(usualTrust)
    expect(await learned(shop(30, anything))).toEqual({ trust: usualTrust, report: [] })
  })

  it('takes counts for nothing of what nobody chose', () => {
    expect([itemTrust(0, { item: 0, cart: 1 }), itemTrust(10, usualTrust), itemTrust(5, { item: 0, cart: 1 })]).toEqual(
      [0, 0.5, 1],
    )
  })
})
