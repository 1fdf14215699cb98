/** A server with a history of the size of ML-1M: how soon it is ready, and how much memory it takes at rest and while it trains. */
import { setTimeout } from 'node:timers/promises'
import { type Bench, type Measure, median, rounded } from './bench.ts'
import { closedLoop, requestBytes } from './connections.ts'
import { readHistory } from './histories.ts'
import { trained } from './prepared.ts'
import { memoryOf, startServer } from './server.ts'

const goals = { readySeconds: 2, restMb: 400 } as const
/** After this long without a request a server is at rest. */
const restMs = 5000

export const start: Bench = {
  name: 'start',
  about: 'seconds until /health/ready with ML-1M trained; memory resident at rest, before and after work',
  async run(options) {
    const shop = await trained(options, readHistory(options))
    try {
      const ready: number[] = []
      const rest: number[] = []
      const worked: number[] = []
      for (let round = 0; round < options.rounds; round++) {
        const server = await startServer({ storage: { dataFile: shop.dataFile } })
        try {
          ready.push(server.readyMs / 1000)
          await setTimeout(restMs)
          rest.push(memoryOf(server.pid)?.residentMb ?? Number.NaN)
          const bodies = shop.users.map((customer) => JSON.stringify({ customer, placement: 'home' }))
          const requests = bodies.map((body) => requestBytes(server.url, '/v1/recommendations', server.key, body))
          let next = 0
          await closedLoop(server.url, 8, 120, () => requests[next++] ?? null)
          await setTimeout(restMs)
          worked.push(memoryOf(server.pid)?.residentMb ?? Number.NaN)
          options.say(`start: ready in ${ready.at(-1)?.toFixed(2)} s, ${rest.at(-1)} MB, later ${worked.at(-1)} MB`)
        } finally {
          await server.stop()
        }
      }
      const detail = { data: shop.name }
      const measures: Measure[] = [
        {
          what: 'until /health/ready',
          value: rounded(median(ready)),
          unit: 's',
          goal: { is: 'at most', value: goals.readySeconds },
          detail: { ...detail, rounds: ready.map((one) => rounded(one)) },
        },
        {
          what: 'resident at rest',
          value: median(rest),
          unit: 'MB',
          goal: { is: 'at most', value: goals.restMb },
          detail: { ...detail, rounds: rest },
        },
        {
          what: 'resident at rest, after a decision for each customer',
          value: median(worked),
          unit: 'MB',
          goal: { is: 'at most', value: goals.restMb },
          detail: { ...detail, rounds: worked },
        },
      ]
      return measures
    } finally {
      shop.remove()
    }
  },
}

export const memory: Bench = {
  name: 'memory',
  about: 'training through the API on ML-1M: seconds, reading included, and memory at its peak and after',
  async run(options) {
    const shop = await trained(options, readHistory(options), true)
    const { training } = shop
    shop.remove()
    if (!training) throw new Error('The training was not measured')
    const detail = { data: shop.name, modelMb: rounded(training.model.bytes / 2 ** 20), report: training.model.report }
    return [
      { what: 'training through the API', value: rounded(training.seconds), unit: 's', detail },
      { what: 'resident at the peak of training', value: training.peakMb ?? Number.NaN, unit: 'MB' },
    ]
  },
}
