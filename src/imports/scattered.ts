/**
 * The first pass over order lines: which orders' lines stand apart from each other, and whether order numbers count
 * anew for each customer (basket 0, 1, 2 ...).
 */
import { indexOfField } from './columns.ts'
import type { Mapping } from './mapping.ts'
import type { RowsChunk } from './rows.ts'

export interface OrderNumbers {
  /** Names the order of a row within the file. */
  keyOf(line: number, fields: readonly string[]): string
  /** Key -> in how many runs of lines it stands; only those with several. */
  readonly scattered: ReadonlyMap<string, number>
  readonly perCustomer: boolean
}

/** More than this share of orders under several customers means that each customer has numbers of his own. */
const OWN_NUMBERS = 0.05

export async function readOrderNumbers(mapping: Mapping, chunks: AsyncIterable<RowsChunk>): Promise<OrderNumbers> {
  const [order, user, anonymous, time] = ['order', 'user', 'anonymous', 'time'].map((f) => indexOfField(mapping, f))
  const customerOf = (fields: readonly string[]) => fields[user]?.trim() || fields[anonymous]?.trim() || ''
  if (order < 0) {
    // Without numbers, lines that follow each other of one customer and time are one purchase.
    const together = user >= 0 && time >= 0 && indexOfField(mapping, 'item') >= 0
    const keyOf = (line: number, fields: readonly string[]) =>
      together && customerOf(fields) !== '' ? `${customerOf(fields)}\n${fields[time]}` : `line ${line}`
    return { keyOf, scattered: new Map(), perCustomer: false }
  }
  const shop = new Runs()
  const own = new Runs()
  let header = true
  for await (const { rows } of chunks) {
    for (const { fields } of rows) {
      if (!header) {
        const number = fields[order].trim()
        const customer = customerOf(fields)
        shop.see(number, customer)
        own.see(`${number}\n${customer}`, customer)
      }
      header = false
    }
  }
  const perCustomer = shop.disputed > Math.max(1, shop.size * OWN_NUMBERS)
  const keyOf = (line: number, fields: readonly string[]) => {
    const number = fields[order].trim()
    if (number === '') return `line ${line}`
    return perCustomer ? `${number}\n${customerOf(fields)}` : number
  }
  return { keyOf, scattered: (perCustomer ? own : shop).scattered(), perCustomer }
}

/** Counts runs of equal keys. Keys are kept as hashes: a clash keeps an order back longer, and nothing else. */
class Runs {
  readonly #customers = new Map<number, number>()
  readonly #runs = new Map<string, number>()
  readonly #disputes = new Set<number>()
  #last: string | null = null
  #lastCustomer = ''

  get size(): number {
    return this.#customers.size
  }

  /** Keys that several customers have. */
  get disputed(): number {
    return this.#disputes.size
  }

  see(key: string, customer: string): void {
    if (key === this.#last && customer === this.#lastCustomer) return
    const again = key !== this.#last
    this.#last = key
    this.#lastCustomer = customer
    const hash = hash53(key)
    const before = this.#customers.get(hash)
    const now = customer === '' ? 0 : hash53(customer)
    if (before === undefined) this.#customers.set(hash, now)
    else {
      if (before === 0) this.#customers.set(hash, now)
      else if (now !== 0 && before !== now) this.#disputes.add(hash)
      if (again) this.#runs.set(key, (this.#runs.get(key) ?? 1) + 1)
    }
  }

  scattered(): Map<string, number> {
    return this.#runs
  }
}

/** cyrb53 (bryc, public domain): 53 bits of a text, for tables and not for secrets. */
function hash53(text: string): number {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 2654435761)
    b = Math.imul(b ^ code, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return 4294967296 * (2097151 & b) + (a >>> 0)
}
