/**
 * Traffic of a small shop, sent over several connections until it is cut off, and what became of it: whatever was
 * acknowledged must be stored once, and a batch that was not acknowledged is stored whole or not at all.
 */
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { expect } from 'vitest'
import type { StorageConfig } from '../../src/config.ts'
import { seededRandom } from '../../src/world.ts'
import type { Server } from '../cli/command.ts'

interface Batch {
  readonly messages: readonly { readonly messageId: string }[]
  acknowledged: boolean
  /** Answers that were neither 200 nor a broken connection, as `status code`. */
  readonly troubles: string[]
}

export interface Sending {
  /** No further batch is begun. Resolves when the last one has been answered or cut off. */
  stop(): Promise<void>
}

const lanes = 5
const largestBatch = 40

export class Traffic {
  readonly #random: () => number
  readonly #batches: Batch[] = []
  readonly #mark: string
  #n = 0
  #orders = 0

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    this.#mark = `traffic-${seed}`
  }

  get acknowledged(): number {
    return this.#batches.reduce((sum, { acknowledged, messages }) => sum + (acknowledged ? messages.length : 0), 0)
  }

  /** `status code` of all answers that were no success. */
  get troubles(): ReadonlySet<string> {
    return new Set(this.#batches.flatMap(({ troubles }) => troubles))
  }

  /** Sends batch after batch on each connection: first those that were not acknowledged before, as SDKs do. */
  send(server: Server): Sending {
    let stopped = false
    const open = this.#batches.filter(({ acknowledged }) => !acknowledged)
    const lane = async () => {
      while (!stopped) {
        const batch = open.shift() ?? this.#batch()
        if (!(await this.#offer(server, batch))) return
      }
    }
    const running = Promise.all(Array.from({ length: lanes }, lane))
    return {
      stop: async () => {
        stopped = true
        await running
      },
    }
  }

  /** Sends what is not acknowledged yet until it is. */
  async settle(server: Server): Promise<void> {
    for (const batch of this.#batches) if (!batch.acknowledged) await this.#offer(server, batch)
    expect(this.#batches.filter(({ acknowledged }) => !acknowledged)).toEqual([])
  }

  /** False = the connection is gone. */
  async #offer(server: Server, batch: Batch): Promise<boolean> {
    try {
      const { status, headers, body } = await server.ask('POST', '/v1/batch', { batch: batch.messages })
      if (status === 200) {
        expect(body).toEqual({ success: true })
        batch.acknowledged = true
      } else {
        batch.troubles.push(`${status} ${body?.error?.code}`)
        if (status === 503) expect(Number(headers.get('retry-after') ?? 1)).toBeGreaterThan(0)
      }
      return true
    } catch (error) {
      if (error instanceof TypeError) return false
      throw error
    }
  }

  /** @param stored how often each message is stored, by its id */
  verify(stored: ReadonlyMap<string, number>): void {
    const twice = [...stored].filter(([, times]) => times !== 1)
    expect(twice).toEqual([])
    const counts = this.#batches.map(({ messages, acknowledged }) => {
      const present = messages.filter(({ messageId }) => stored.has(messageId)).length
      return { acknowledged, present, of: messages.length }
    })
    const lost = counts.filter(({ acknowledged, present, of }) => acknowledged && present < of)
    expect(lost).toEqual([])
    const half = counts.filter(({ present, of }) => present > 0 && present < of)
    expect(half).toEqual([])
  }

  #batch(): Batch {
    const messages = Array.from({ length: 1 + Math.floor(this.#random() * largestBatch) }, () => this.#message())
    const batch = { messages, acknowledged: false, troubles: [] }
    this.#batches.push(batch)
    return batch
  }

  #one<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]
  }

  /** Of thirty customers, known and not, who look, buy, return, refuse, and log in. */
  #message(): { messageId: string } & Record<string, unknown> {
    const messageId = `${this.#mark}-${this.#n++}`
    const n = Math.floor(this.#random() * 30)
    const who = this.#random() < 0.6 ? { userId: `c${n}` } : { anonymousId: `a${n}` }
    const item = `item-${Math.floor(this.#random() * 200)}`
    const line = { product_id: item, price: 5 + n, quantity: 1 + (n % 3) }
    const order_id = `o${this.#random() < 0.6 ? this.#orders++ : Math.floor(this.#random() * (this.#orders + 1))}`
    const track = (event: string, properties: object) => ({ type: 'track', messageId, ...who, event, properties })
    const kinds = [
      () => track('Product Viewed', { product_id: item }),
      () => track('Product Viewed', { product_id: item }),
      () => track('Product Added', line),
      () =>
        track('Order Completed', { order_id, currency: 'EUR', products: [line, { ...line, product_id: 'item-0' }] }),
      () => track('Order Cancelled', { order_id }),
      () => track('Product Returned', { order_id, ...line, quantity: 1 }),
      () => track('Product Refused', { product_id: item }),
      () => ({ type: 'identify', messageId, userId: `c${n}`, anonymousId: `a${n}`, traits: { name: `Name ${n}`, n } }),
      () => ({ type: 'identify', messageId, userId: `c${n}`, traits: { email: `c${n % 25}@shop.example` } }),
    ]
    return this.#one(kinds)()
  }
}

/** How often each message is stored, by its id, as the database says. */
export async function storedMessages(place: StorageConfig): Promise<Map<string, number>> {
  const query = 'select message, count(*) as times from events group by message'
  type Row = { message: string; times: number | string }
  let rows: Row[]
  if (place.databaseUrl) {
    const client = new pg.Client({ connectionString: place.databaseUrl })
    await client.connect()
    rows = (await client.query<Row>(query)).rows
    await client.end()
  } else {
    const database = new DatabaseSync(place.dataFile, { readOnly: true })
    rows = database.prepare(query).all() as unknown as Row[]
    database.close()
  }
  return new Map(rows.map(({ message, times }) => [message, Number(times)]))
}

/** Memory is what a replay of the stored events gives. */
export async function verifyReplay(server: Server, events: number): Promise<void> {
  const { status, body } = await server.ask('POST', '/v1/rebuild', {})
  expect(status, JSON.stringify(body)).toBe(200)
  expect(body).toMatchObject({ events, changed: [] })
}
