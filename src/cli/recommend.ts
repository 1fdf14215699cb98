import type { Command } from 'commander'
import { connected, optionsOf, several, wholeNumber } from './surroundings.ts'

interface Options {
  readonly customer?: string
  readonly anonymous?: string
  readonly recipient?: string
  readonly placement: string
  readonly item?: string
  readonly items?: string
  readonly category?: string[]
  readonly count: number
}

interface Listed {
  readonly id: string
  readonly title: string | null
  readonly price?: number | null
  readonly currency?: string | null
  readonly score: number
  readonly text: string
}

export interface RecommendationView {
  readonly personalised: boolean
  readonly model: { readonly version: number; readonly note?: string }
  readonly placements: Readonly<Record<string, { readonly items: readonly Listed[]; readonly note?: string }>>
}

/** `habitue recommend` */
export function recommendCommand(program: Command): void {
  program
    .command('recommend')
    .description('What would be shown now, and why.')
    .option('--customer <id>', "the shop's id of a customer")
    .option('--anonymous <id>', 'the anonymous id of a visitor')
    .option('--recipient <name>', 'for somebody for whom the customer buys, by what he told of that person')
    .option('--placement <name>', 'home, item, cart, unavailable, items, popular, trending, new, recent', 'home')
    .option('--item <id>', 'the item looked at (item), or out of stock (unavailable)')
    .option('--items <ids>', 'the items to rank, separated by commas (items)')
    .option('--category <name>', 'only of this category (repeatable)', several)
    .option('--count <n>', 'how many', wholeNumber, 10)
    .action((_: unknown, command: Command) => {
      const options = optionsOf<Options>(command)
      return connected(options, async (connection, out) => {
        const answer = (await connection.request(
          'POST',
          '/v1/recommendations',
          requestOf(options),
        )) as RecommendationView
        out.result(answer, () => recommendationText(answer))
      })
    })
}

function requestOf(options: Options): Record<string, unknown> {
  return {
    customer: options.customer,
    anonymousId: options.anonymous,
    recipient: options.recipient,
    placement: options.placement,
    item: options.item,
    items: options.items?.split(','),
    count: options.count,
    filters: options.category ? { categories: options.category } : undefined,
  }
}

export function recommendationText(answer: RecommendationView): string {
  const lists = Object.entries(answer.placements).map(([name, { items, note }]) => {
    const rows = items.map((item, i) => {
      const price = item.price == null ? '' : `  ${item.price.toFixed(2)} ${item.currency ?? ''}`
      return `${String(i + 1).padStart(3)}. ${item.title ?? item.id}${price}\n     ${item.text}`
    })
    return [`${name}${note ? ` (${note})` : ''}`, ...(rows.length > 0 ? rows : ['     nothing to show'])].join('\n')
  })
  const kind = answer.personalised ? 'personal' : 'not personal'
  const note = answer.model.note ? `; ${answer.model.note}` : ''
  return `${lists.join('\n\n')}\n\n(${kind}, model ${answer.model.version}${note})`
}
