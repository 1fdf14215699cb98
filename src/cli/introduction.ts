/** One customer for people: what is remembered most, and what would be offered and why. */
import type { Connection } from './connection.ts'
import { type RecommendationView, recommendationText } from './recommend.ts'

interface Interaction {
  readonly item: string
  readonly title: string | null
  readonly recipient: string
  readonly views: number
  readonly bought: number
  readonly orders: number
  readonly returned: number
  readonly rating: number | null
}

interface CustomerWire {
  readonly name: string | null
  readonly interactions: readonly Interaction[]
}

const shown = 5

export async function introduction(connection: Connection, id: string): Promise<string> {
  const path = `/v1/customers/${encodeURIComponent(id)}`
  const { name, interactions } = (await connection.request('GET', path)) as CustomerWire
  const { orders } = (await connection.request('GET', `${path}/orders`)) as { orders: unknown[] }
  const request = { customer: id, placement: 'home', count: shown }
  const answer = (await connection.request('POST', '/v1/recommendations', request)) as RecommendationView
  const own = interactions.filter((row) => row.recipient === '')
  const most = own.toSorted((a, b) => b.orders - a.orders || b.views - a.views).slice(0, shown)
  const others = Map.groupBy(
    interactions.filter((row) => row.recipient !== ''),
    (row) => row.recipient,
  )
  const lines = [
    `${name ?? id} (${id}): ${orders.length} orders; remembered most`,
    ...most.map((row) => `    ${row.title ?? row.item}: ${done(row)}`),
    ...[...others].map(
      ([who, rows]) =>
        `    for ${who}: ${rows
          .map((row) => row.title ?? row.item)
          .slice(0, 3)
          .join(', ')}`,
    ),
    '  would be offered',
    ...recommendationText(answer)
      .split('\n')
      .map((line) => `  ${line}`),
    '',
  ]
  return lines.join('\n')
}

function done({ bought, returned, views, rating }: Interaction): string {
  const parts = [
    bought > 0 ? `bought ${times(bought)}` : '',
    returned > 0 ? `returned ${times(returned)}` : '',
    bought === 0 && views > 0 ? `looked at ${times(views)}` : '',
    rating === null ? '' : `${rating} stars`,
  ]
  return parts.filter(Boolean).join(', ') || 'in the cart'
}

function times(n: number): string {
  return n === 1 ? 'once' : `${n} times`
}
