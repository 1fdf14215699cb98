/** The demo's florist: a customer who asked yesterday to be reminded, his mail, its page, and the shop that takes the order. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import PostalMime from 'postal-mime'
import type { OrderTold } from '../../examples/shop/order-door.ts'
import type { Reminder } from '../../examples/shop/reminder.ts'
import { HabitueError } from '../errors.ts'
import type { Connection } from './connection.ts'
import type { Output } from './output.ts'

/** How long the mail is waited for: looks, and milliseconds between two. */
const looks = 200
const lookMs = 100

/** Tells the engine the orders of the shop's door, as the shop does; and whoever looks at the demo. */
export function orderTeller(out: Output, habitue: string) {
  let shop: Connection | null = null
  return {
    connect(connection: Connection): void {
      shop = connection
    },
    async tell(order: OrderTold): Promise<void> {
      const { userId, properties } = order
      try {
        const answer = (await shop?.request('POST', '/v1/track', order)) as { refused?: { message: string }[] }
        if (answer.refused?.length) throw new Error(answer.refused[0].message)
        const what = properties.products.map(({ name }) => name).join(', ')
        out.say(`\nThe shop took order ${properties.order_id} of ${userId} (${what}) and told it back; what is remembered:
  ${habitue} export --html --out ${userId}.html ${userId}`)
      } catch (error) {
        out.say(`\nThe shop took order ${properties.order_id}, and could not tell it: ${(error as Error).message}`)
      }
    },
  }
}

/** He tells it, the engine reminds him. Null where no mail has come: `habitue doctor` says why. */
export async function remind(connection: Connection, reminder: Reminder, folder: string) {
  const answer = (await connection.request('POST', '/v1/track', reminder.told)) as { refused?: unknown[] }
  if (answer.refused?.length)
    throw new HabitueError('invalid_event', `The demo's reminder was refused: ${JSON.stringify(answer.refused[0])}`)
  const mail = await mailWithPage(folder)
  if (mail === null) return null
  const { name, customer, recipient, occasion } = reminder
  const text = `${name} (${customer}) asked to be reminded of a ${occasion.toLowerCase()}, that of ${recipient}, two weeks before. The mail that went out:
  ${mail.file}
and where it leads: last time's flowers, as they are to be had today, to be ordered with one press from the shop's own server:
  ${mail.page}
`
  return { text, page: mail.page }
}

/** The first mail that leads to a page on which something is ordered again. */
async function mailWithPage(folder: string): Promise<{ readonly file: string; readonly page: string } | null> {
  for (let look = 0; look < looks; look++) {
    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
      if (name.startsWith('.')) continue
      const file = join(folder, name)
      const { text = '', html = '' } = await PostalMime.parse(readFileSync(file))
      const page = /https?:\/\/[^\s"<>)]+\/reorder\/[\w.-]+/.exec(`${html} ${text}`)?.[0]
      if (page) return { file, page }
    }
    await sleep(lookMs)
  }
  return null
}
