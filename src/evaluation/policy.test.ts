import { expect, it } from 'vitest'
import { generateShop } from '../../examples/shop/generate.ts'
import { seededRandom, simulatedWorld } from '../world.ts'
import { evaluatePolicy, type PolicyShop } from './policy.ts'
import { drawnShop } from './policy-shop.ts'

const request = {
  seed: 2,
  lists: 2000,
  repeats: 3,
  progress: { step: () => {}, signal: new AbortController().signal },
  world: simulatedWorld(1),
}
const names = ['no trials', 'twice the trials', 'trials at random']

/** The corner shop of the demo: how items suit its customers is drawn, and known. */
function cornerShop(): PolicyShop {
  const { catalogue, truth } = generateShop({ seed: 4, customers: 60, days: 20 })
  const random = seededRandom(9)
  const known = truth.customers.slice(0, 60)
  const items = catalogue.slice(0, 150)
  const affinities = known.map((customer) => items.map(({ id }) => truth.affinity(customer, id)))
  const errors = known.map(() => items.map(() => random() - 0.5))
  return {
    customers: known.length,
    items: items.length,
    appeal: (customer, item) => 1 / (1 + Math.exp(2.2 - 0.6 * affinities[customer][item])),
    score: (customer, item) =>
      item >= 135 ? Number.NEGATIVE_INFINITY : affinities[customer][item] + 2 * errors[customer][item],
  }
}

for (const [shop, open] of [['a drawn shop', () => drawnShop(1)] as const, ['the corner shop', cornerShop] as const]) {
  it(`finds from the log of ${shop} what other ways of choosing would have brought`, async () => {
    const { metrics } = await evaluatePolicy(open(), request)
    expect(metrics['truth/no trials']).not.toBeCloseTo(metrics['truth/twice the trials'], 2)
    for (const name of names) {
      const truth = metrics[`truth/${name}`]
      for (const estimator of ['ips', 'snips', 'dr']) {
        expect(metrics[`rmse ${estimator}/${name}`], `${estimator} ${name}`).toBeLessThan(0.08 * truth)
      }
    }
    const off = names.slice(0, 2).map((name) => metrics[`rmse dr/${name}`] < metrics[`rmse as logged/${name}`])
    expect(off).toEqual([true, true])
    expect(metrics['rmse places']).toBeLessThan(metrics['rmse places by click rate'])
  })
}
