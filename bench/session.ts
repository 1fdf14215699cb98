/** A visitor nobody knows, in a shop of 40,000 items: after each click a whole decision from his session alone. */
import { setImmediate } from 'node:timers/promises'
import { defaultConfig } from '../src/config.ts'
import { createEngine, type RunningEngine } from '../src/engine.ts'
import { seededRandom } from '../src/world.ts'
import { type Bench, type BenchOptions, type Measure, percentile, rounded } from './bench.ts'
import { sessionHistory } from './histories.ts'
import { trained } from './prepared.ts'

const goals = { p99: 5 } as const
const clicks = 8
const sessions = 400

export const session: Bench = {
  name: 'session',
  about: "milliseconds of a decision from a visitor's session, 40,000 items",
  async run(options) {
    const shop = await trained(options, sessionHistory(options))
    try {
      const engine = await createEngine({
        ...defaultConfig,
        ...{ dataFile: shop.dataFile, legalBasis: 'contract' as const, logLevel: 'warn' as const },
        consent: { ...defaultConfig.consent, beforeLogin: 'session' as const },
        training: { ...defaultConfig.training, automatic: false },
      })
      try {
        await engine.start()
        return await measured(engine, options, shop.name)
      } finally {
        await engine.stop()
      }
    } finally {
      shop.remove()
    }
  },
}

async function measured(engine: RunningEngine, options: BenchOptions, data: string): Promise<Measure[]> {
  const random = seededRandom(options.seed)
  const elapsed: number[] = []
  const computed: number[] = []
  for (let visitor = 0; visitor < sessions; visitor++) {
    let item = Math.floor(random() * 40_000)
    for (let click = 0; click < clicks; click++) {
      await view(engine, visitor, click, item)
      const cpu = process.threadCpuUsage()
      const start = performance.now()
      const answer = await engine.recommend(
        {
          customer: { kind: 'anonymous', value: `visitor-${visitor}` },
          placements: [{ name: 'home', count: 10 }],
        },
        'anonymous',
      )
      const { user, system } = process.threadCpuUsage(cpu)
      // The first visitors compile the code.
      if (visitor >= sessions / 10) {
        elapsed.push(performance.now() - start)
        computed.push((user + system) / 1000)
      }
      if (!answer.personalised || answer.placements.home?.items.length !== 10)
        throw new Error(`A session did not decide: ${JSON.stringify(answer).slice(0, 400)}`)
      item = (item + 400 * (1 + Math.floor(3 * random()))) % 40_000
      await setImmediate()
    }
  }
  elapsed.sort((a, b) => a - b)
  computed.sort((a, b) => a - b)
  const [serving] = engine.training.serving()
  const of = (list: readonly number[]) => ({
    p50: rounded(percentile(list, 0.5)),
    p99: rounded(percentile(list, 0.99)),
  })
  const detail = {
    data,
    decisions: elapsed.length,
    elapsed: of(elapsed),
    processor: of(computed),
    report: serving?.report,
  }
  return [
    {
      what: 'decision of a session, p99',
      value: of(elapsed).p99,
      unit: 'ms',
      goal: { is: 'at most', value: goals.p99 },
      detail,
    },
    { what: 'processor time of its thread, p99', value: of(computed).p99, unit: 'ms' },
  ]
}

async function view(engine: RunningEngine, visitor: number, click: number, item: number): Promise<void> {
  const message = {
    ...{ type: 'track', event: 'Product Viewed', anonymousId: `visitor-${visitor}`, messageId: `${visitor}-${click}` },
    properties: { product_id: `sku-${item}`, price: 9.5, currency: 'EUR' },
  }
  const sender = { source: 'bench', trust: 'claimed', subject: null, historical: false, gpc: false } as const
  const { refused } = await engine.ingest({ batch: [message] }, sender)
  if (refused.length > 0) throw new Error(`A view was refused: ${JSON.stringify(refused)}`)
}
