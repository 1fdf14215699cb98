/**
 * The shop generated in a thread of its own, handed out in batches: whoever imports it holds one batch, and the memory that
 * generating took is given back with the thread.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { type CatalogueItem, generateShop, type Shop, type ShopEvent, type ShopOptions } from './generate.ts'

/** First `opening`, then a `batch` for each message received, the last one empty. */
export type FromShop =
  | {
      readonly opening: {
        readonly catalogue: readonly CatalogueItem[]
        readonly events: number
        /** Customers whom it is interesting to meet. */
        readonly meet: readonly string[]
      }
    }
  | { readonly batch: readonly ShopEvent[] }

const batchSize = 1000

if (parentPort) {
  const port = parentPort
  const shop = generateShop(workerData as ShopOptions)
  const { catalogue, events } = shop
  port.postMessage({ opening: { catalogue, events: events.length, meet: worthMeeting(shop) } } satisfies FromShop)
  let next = 0
  port.on('message', () => {
    const batch = events.slice(next, next + batchSize)
    next += batch.length
    port.postMessage({ batch } satisfies FromShop)
    if (batch.length === 0) port.close()
  })
}

/** One with a habit that depends on the weather, one who buys for others, one of the best. */
function worthMeeting({ truth }: Shop): string[] {
  const weatherly = truth.customers.find((id) => truth.habit(id)?.routine.exception)
  const giver = truth.customers.find(
    (id) => id !== weatherly && truth.recipients(id).length > 0 && truth.worth(id).orders > 4,
  )
  const best = truth.bestCustomers().find(({ customer }) => customer !== weatherly && customer !== giver)?.customer
  return [weatherly, giver, best].filter((id) => id !== undefined)
}
