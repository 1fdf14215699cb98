/**
 * The shop's own door for orders from Habitue's pages (`orders.webhook`): a stand-in for the server of a real shop, and what
 * such a server has to do. It lets in who signed with the shared secret, makes one order of one key however often it comes,
 * answers with the order's number, and tells `Order Completed` as it tells every order. It charges nobody.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Fields = Readonly<Record<string, unknown>>

/** What is posted: docs/messages.md, "Ordering again". */
export interface OrderRequest extends Fields {
  readonly request_id: string
  readonly customer: { readonly kind: string; readonly id: string } | null
  readonly recipient: string
  readonly products: readonly Fields[]
  /** Null = he took it back since: a real shop asks him. */
  readonly address: Fields | null
  readonly payment: { readonly token?: string } | null
}

/** An event for the tracking API. */
export type OrderTold = ReturnType<typeof completed>

export interface OrderDoorOptions {
  /** Shared with Habitue (`messages.webhookSecret`). */
  readonly secret: string
  /** Milliseconds. */
  readonly now: () => number
  /** Sends what the shop tells of an order to the tracking API; begins when the order was answered. */
  readonly tell: (order: OrderTold) => Promise<void>
}

export interface OrderDoor {
  /** `http://127.0.0.1:41234/orders` */
  readonly url: string
  /** `127.0.0.1:41234`, as an operator lists it in `messages.webhookHosts`. */
  readonly host: string
  close(): Promise<void>
}

/** Seconds by which a signature may be older or newer than the shop's clock: what was recorded is no use later. */
const tolerance = 300
/** Bytes of a body. */
const longest = 64 * 1024

export async function openOrderDoor(options: OrderDoorOptions): Promise<OrderDoor> {
  const numbers = new Map<string, string>()
  const server = createServer((request, response) => {
    take(request, response, numbers, options).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()).closeAllConnections())
  return { url: `http://${host}/orders`, host, close }
}

async function take(
  request: IncomingMessage,
  response: ServerResponse,
  numbers: Map<string, string>,
  { secret, now, tell }: OrderDoorOptions,
): Promise<void> {
  const answer = (status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  if (request.method !== 'POST' || request.url !== '/orders') return void answer(404, { error: 'nothing is here' })
  const body = await bodyOf(request)
  if (body === null) return void answer(413, { error: 'too long' })
  if (!isSigned(String(request.headers['habitue-signature']), body, secret, now()))
    return void answer(401, { error: 'the signature is not of this secret, or not of now' })
  // Whoever was told of a customer is told when he was erased; a real shop forgets the customer then.
  if (request.headers['habitue-event'] !== 'order') return void answer(200, {})
  const key = String(request.headers['idempotency-key'])
  const known = numbers.get(key)
  if (known !== undefined) return void answer(200, { order_id: known })
  const number = `again-${numbers.size + 1}`
  numbers.set(key, number)
  answer(200, { order_id: number })
  await tell(completed(number, JSON.parse(body) as OrderRequest, now()))
}

async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > longest) return null
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** `t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>", hex>` */
function isSigned(header: string, body: string, secret: string, now: number): boolean {
  const [, time, given] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header) ?? []
  if (given === undefined || Math.abs(now / 1000 - Number(time)) > tolerance) return false
  const expected = createHmac('sha256', secret).update(`${time}.${body}`).digest()
  return timingSafeEqual(Buffer.from(given, 'hex'), expected)
}

/** As the shop tells every order; with its number as message id, so that telling it twice tells it once. */
function completed(number: string, order: OrderRequest, now: number) {
  const { customer, recipient, products, address, payment, occasion, deliver_by, total, currency } = order
  return {
    type: 'track',
    event: 'Order Completed',
    messageId: `order-${number}`,
    userId: customer?.id ?? '',
    timestamp: new Date(now).toISOString(),
    properties: {
      order_id: number,
      affiliation: 'web',
      ...{ total, currency, recipient, occasion, occasion_date: deliver_by },
      products,
      ...(address === null ? {} : { shipping_address: address }),
      ...(payment?.token === undefined ? {} : { payment_token: payment.token }),
    },
  }
}
