/**
 * The shop generated in a thread of its own, handed out in batches: whoever imports it holds one batch, and the memory that
 * generating took is given back with the thread.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { DAY } from './calendar.ts'
import { type CatalogueItem, generateShop, type Shop, type ShopEvent, type ShopOptions } from './generate.ts'
import { type Reminder, reminderOf } from './reminder.ts'

/** First `opening`, then a `batch` for each message received, the last one empty. */
export type FromShop =
  | {
      readonly opening: {
        readonly catalogue: readonly CatalogueItem[]
        readonly events: number
        /** Customers whom it is interesting to meet. */
        readonly meet: readonly string[]
        /** Null = nobody gives presents. */
        readonly reminder: Reminder | null
      }
    }
  | { readonly batch: readonly ShopEvent[] }

const batchSize = 1000

if (parentPort) {
  const port = parentPort
  const { start, days, ...options } = workerData as ShopOptions & { readonly start: number; readonly days: number }
  const shop = generateShop({ ...options, start, days })
  const { catalogue, events } = shop
  const { meet, giver } = worthMeeting(shop)
  const reminder = giver === undefined ? null : reminderOf(shop, giver, start + days * DAY)
  const opening = { catalogue, events: events.length, meet, reminder }
  port.postMessage({ opening } satisfies FromShop)
  let next = 0
  port.on('message', () => {
    const batch = events.slice(next, next + batchSize)
    next += batch.length
    port.postMessage({ batch } satisfies FromShop)
    if (batch.length === 0) port.close()
  })
}

/** One with a habit that depends on the weather, one who buys for others, one of the best. */
function worthMeeting({ truth }: Shop) {
  const weatherly = truth.customers.find((id) => truth.habit(id)?.routine.exception)
  const giver = truth.customers.find(
    (id) => id !== weatherly && truth.recipients(id).length > 0 && truth.worth(id).orders > 4,
  )
  const best = truth.bestCustomers().find(({ customer }) => customer !== weatherly && customer !== giver)?.customer
  return { meet: [weatherly, giver, best].filter((id) => id !== undefined), giver }
}
